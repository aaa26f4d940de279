// One served database: its connections, its identity and secrets, and the detection of changes.
//
// A poll twice a second finds all changes; a notification only makes the poll happen sooner. Caches are trusted for
// `staleAfterMs` after the last successful poll. After that, a request waits for the next poll, or is refused. This makes a
// revoked key stop working within a second on every sidecar, even on one that cannot reach Postgres.

import type { KeyObject } from 'node:crypto';
import { createSecretKey } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Wait } from '../wakeable_loop.ts';
import { WakeableLoop } from '../wakeable_loop.ts';
import type { Change, Signals } from './changes.ts';
import { pollChanges } from './changes.ts';
import { readIdentity } from './identity.ts';
import { Listener } from './listen.ts';
import type { Queryable, Statement } from './pool.ts';
import { ConnectionPool } from './pool.ts';
import { excessPrivileges } from './privileges.ts';
import type { Resources } from './resources.ts';
import { readResources } from './resources.ts';
import { schemaVersion } from './schema_version.ts';
import { readNewestSecret } from './secrets.ts';
import type { Settings } from './settings.ts';
import { parseSettings, readNeverExposed, readSettings } from './settings.ts';
import type { Heartbeat } from './sidecars.ts';
import { beat, forgetSidecar } from './sidecars.ts';

const pollEveryMs = 500;
const staleAfterMs = 1_000;
const startLimitMs = 10_000;
const trustedForMs = 60_000;
const longestRetryMs = 2_000;
const beatEveryMs = 2_000;

/** `away`: Postgres does not answer. `not_prepared`: it does, but the addon or the role's rights are missing. */
export type DatabaseState = 'starting' | 'ready' | 'away' | 'not_prepared';

/** Changed rows: ids of the entity's rows, or null when any may have changed. */
export type ChangeHandler = (ids: readonly number[] | null) => void;

export interface DatabaseOptions {
  readonly name: string;
  readonly url: string;
  readonly listenUrl: string;
  readonly poolSize: number;
  readonly heartbeat: () => Heartbeat;
  /** Called if addon and sidecar have different versions. The process must end. */
  readonly onMismatch: (sentence: string) => void;
  readonly log: Log;
}

/** The secret that signs the internal channel. */
export interface ChannelIdentity {
  readonly uuid: string;
  readonly secret: KeyObject;
}

export class Database implements Queryable {
  readonly name: string;
  readonly log: Log;
  readonly #options: DatabaseOptions;
  readonly #pool: ConnectionPool;
  readonly #listener: Listener;
  readonly #onChange = new Map<string, ChangeHandler[]>();
  readonly #onSignal = new Map<string, (() => void)[]>();
  readonly #onNotification = new Map<string, (() => void)[]>();
  readonly #onLive: ((payload: string) => void)[] = [];

  #state: DatabaseState = 'starting';
  #settings: Settings = parseSettings({});
  #neverExposed: readonly string[] = [];
  #resources: Resources = new Map();
  #channel: ChannelIdentity | undefined;

  #horizon: string | undefined;
  #seen: ReadonlySet<number> = new Set();
  #signals: Signals = {};
  #checkedAt = Number.NEGATIVE_INFINITY;
  #beatAt = Number.NEGATIVE_INFINITY;
  #beating: Promise<void> | undefined;
  readonly #loop = new WakeableLoop(() => this.#turn());
  #failures = 0;
  #waiting: (() => void)[] = [];

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.name = options.name;
    this.log = options.log.child({ database: options.name });
    this.#pool = new ConnectionPool(options.url, options.poolSize, this.log);
    this.#listener = new Listener(
      options.listenUrl,
      (payload) => this.#notify(payload),
      (payload) => {
        for (const handler of this.#onLive) handler(payload);
      },
      this.log,
    );
  }

  get state(): DatabaseState {
    return this.#state;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get neverExposed(): readonly string[] {
    return this.#neverExposed;
  }

  get resources(): Resources {
    return this.#resources;
  }

  get channel(): ChannelIdentity {
    if (this.#channel === undefined) throw this.#refusal();
    return this.#channel;
  }

  query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return this.#pool.query<Row>(statement, values);
  }

  /** Calls the listener after every committed change of a row of `entity`. */
  onChange(entity: string, handler: ChangeHandler): void {
    const handlers = this.#onChange.get(entity);
    if (handlers) handlers.push(handler);
    else this.#onChange.set(entity, [handler]);
  }

  /** Calls the listener when one of Odoo's cache signals changes: `registry`, `default`, `stable`, `groups`, `templates`. */
  onSignal(signal: string, handler: () => void): void {
    const handlers = this.#onSignal.get(signal);
    if (handlers) handlers.push(handler);
    else this.#onSignal.set(signal, [handler]);
  }

  /**
   * Calls the listener when `payload` is notified, and after an interruption of the connection, which may have hidden a
   * notification. This is only a hint: notifications can get lost.
   */
  onNotification(payload: string, handler: () => void): void {
    const handlers = this.#onNotification.get(payload);
    if (handlers) handlers.push(handler);
    else this.#onNotification.set(payload, [handler]);
  }

  /** Calls the listener with live messages of this database's sidecars (`db/live.ts`). Some may get lost. */
  onLive(handler: (payload: string) => void): void {
    this.#onLive.push(handler);
  }

  start(): void {
    this.#listener.start();
    this.#loop.start();
  }

  /** Ends heartbeats and polls, and removes the row from Odoo's list of sidecars; queries still work. */
  async leave(): Promise<void> {
    await this.#loop.stop();
    await this.#beating;
    if (this.#state === 'ready') await forgetSidecar(this, this.#options.heartbeat().instance);
  }

  async close(): Promise<void> {
    await this.#listener.stop();
    await this.#pool.end();
  }

  /**
   * If this returns or resolves, caches may be used. As long as polls succeed, it returns undefined, not a promise. Throws or
   * rejects with `database.unavailable` or `database.not_prepared`.
   */
  ensureFresh(): undefined | Promise<void> {
    if (this.#isFresh()) return undefined;
    if (this.#state === 'away' && this.trustsMemory) return undefined;
    if (this.#state === 'starting') return this.#waitUntilStarted();
    if (this.#state !== 'ready') throw this.#refusal();
    return this.#waitUntilFresh();
  }

  /** Whether caches may be used while Postgres does not answer: for a minute, if the settings allow it. */
  get trustsMemory(): boolean {
    return this.#settings['throttle.pass_without_database'] && performance.now() - this.#checkedAt < trustedForMs;
  }

  /** Reads the internal channel's secret again, after Odoo refused a signature. */
  async reloadChannel(): Promise<void> {
    await this.#loadChannel();
  }

  #isFresh(): boolean {
    return this.#state === 'ready' && performance.now() - this.#checkedAt < staleAfterMs;
  }

  /** Waits for the first check of the database, which shows whether it can be served. */
  async #waitUntilStarted(): Promise<void> {
    const looked = new Promise<void>((resolve) => this.#waiting.push(resolve));
    const late = new Promise<void>((resolve) => setTimeout(resolve, startLimitMs));
    await Promise.race([looked, late]);
    if (!this.#isFresh()) throw this.#refusal();
  }

  async #waitUntilFresh(): Promise<void> {
    const polled = new Promise<void>((resolve) => this.#waiting.push(resolve));
    const late = new Promise<void>((resolve) => setTimeout(resolve, staleAfterMs));
    this.#loop.wake();
    await Promise.race([polled, late]);
    if (!this.#isFresh() && !this.trustsMemory) throw this.#refusal();
  }

  #refusal(): GatewayError {
    return new GatewayError(this.#state === 'not_prepared' ? 'database.not_prepared' : 'database.unavailable');
  }

  #notify(payload: string | undefined): void {
    if (payload === undefined || payload === 'config') this.#loop.wake();
    for (const [wanted, handlers] of this.#onNotification) {
      if (payload === undefined || payload === wanted) for (const handler of handlers) handler();
    }
  }

  async #turn(): Promise<Wait> {
    try {
      if (this.#state === 'ready') await this.#poll();
      else await this.#prepare();
      this.#failures = 0;
      this.#beat();
    } catch (error) {
      this.#onFailure(error);
      this.#failures += 1;
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#failures === 0) return { ms: pollEveryMs, canBeWoken: true };
    // Requests must not wake this loop while Postgres is down, because it would then try without pause.
    return { ms: Math.min(100 * 2 ** this.#failures, longestRetryMs), canBeWoken: false };
  }

  /**
   * Reads the full state, at the start or after a gap in which anything may have changed. After that, polls keep it up to date.
   */
  async #prepare(): Promise<void> {
    const startedAt = performance.now();
    const identity = await readIdentity(this);
    if (identity.schemaVersion !== schemaVersion) {
      this.#options.onMismatch(mismatch(this.name, identity.schemaVersion));
      throw new GatewayError('database.not_prepared');
    }
    for (const privilege of await excessPrivileges(this)) {
      this.log.warn(`the gateway's role may ${privilege}, which it does not need: see "The role" in docs/configuration.md`);
    }
    const poll = await pollChanges(this);
    await Promise.all([this.#loadSettings(), this.#loadNeverExposed(), this.#loadResources(), this.#loadChannel()]);
    this.#horizon = poll.horizon;
    this.#seen = new Set();
    this.#signals = poll.signals;
    this.#checkedAt = startedAt;
    for (const handlers of this.#onChange.values()) for (const handler of handlers) handler(null);
    for (const handlers of this.#onSignal.values()) for (const handler of handlers) handler();
    this.#state = 'ready';
    this.log.info({ uuid: identity.uuid, schemaVersion }, 'database ready');
  }

  async #poll(): Promise<void> {
    const startedAt = performance.now();
    const { horizon, changes, signals } = await pollChanges(this, this.#horizon);
    const unseen = changes.filter((change) => !this.#seen.has(change.id));
    if (unseen.length > 0) await this.#take(unseen);
    for (const [signal, position] of Object.entries(signals)) {
      if (this.#signals[signal] !== position) for (const handler of this.#onSignal.get(signal) ?? []) handler();
    }
    this.#horizon = horizon;
    this.#seen = new Set(changes.map((change) => change.id));
    this.#signals = signals;
    this.#checkedAt = startedAt;
  }

  async #take(changes: readonly Change[]): Promise<void> {
    const byEntity = Map.groupBy(changes, (change) => change.entity);
    if (byEntity.has('setting')) await this.#loadSettings();
    if (byEntity.has('never_exposed')) await this.#loadNeverExposed();
    if (byEntity.has('resource')) await this.#loadResources();
    if (byEntity.has('secret')) await this.#loadChannel();
    for (const [entity, group] of byEntity) {
      const ids: number[] = [];
      for (const { entity_id } of group) if (entity_id !== null) ids.push(entity_id);
      const named = ids.length === group.length ? ids : null;
      for (const handler of this.#onChange.get(entity) ?? []) handler(named);
    }
  }

  #onFailure(error: unknown): void {
    const state = error instanceof GatewayError && error.reason === 'database.not_prepared' ? 'not_prepared' : 'away';
    if (state !== this.#state) {
      const cause = error instanceof GatewayError ? (error.cause ?? error) : error;
      this.log.error({ state, reason: cause instanceof Error ? cause.message : String(cause) }, 'database not usable');
    }
    this.#state = state;
    if (state === 'away') this.#pool.renew();
  }

  #beat(): void {
    const now = performance.now();
    if (now - this.#beatAt < beatEveryMs) return;
    this.#beatAt = now;
    // The heartbeat is not awaited, so that it does not delay polls.
    this.#beating = beat(this, this.#options.heartbeat()).catch((error: unknown) => {
      this.log.warn({ err: error }, 'heartbeat failed');
    });
  }

  async #loadSettings(): Promise<void> {
    this.#settings = await readSettings(this);
  }

  async #loadNeverExposed(): Promise<void> {
    this.#neverExposed = await readNeverExposed(this);
  }

  async #loadResources(): Promise<void> {
    this.#resources = await readResources(this);
  }

  async #loadChannel(): Promise<void> {
    const [{ uuid }, secret] = await Promise.all([readIdentity(this), readNewestSecret(this, 'channel')]);
    // A KeyObject, because signing with plain bytes takes six times as long.
    this.#channel = { uuid, secret: createSecretKey(secret.value) };
  }
}

/**
 * State that belongs to a served database, created on first use and kept as long as the database is served: caches of
 * `credentials/` and `executor/`, which this folder must not import.
 */
export function perDatabase<Part>(create: (database: Database) => Part): (database: Database) => Part {
  const parts = new WeakMap<Database, Part>();
  return (database) => {
    let part = parts.get(database);
    if (part === undefined) {
      part = create(database);
      parts.set(database, part);
    }
    return part;
  };
}

function mismatch(database: string, found: number): string {
  const halves = `The database "${database}" has version ${found} of the gateway schema, this sidecar needs version ${schemaVersion}:`;
  return found < schemaVersion
    ? `${halves} upgrade the addon (odoo -d ${database} -u api_gateway), then start the sidecar again.`
    : `${halves} upgrade the sidecar to the release that the addon came with.`;
}
