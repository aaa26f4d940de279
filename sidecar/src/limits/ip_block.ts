// Addresses that are refused before anything else is asked: those that broke limits or guessed credentials too often,
// and those that a manager blocked. All in memory; a change in Postgres brings it here within a second.

import { LRUCache } from 'lru-cache';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { countViolations, readIpBlocks } from '../db/ip_blocks.ts';
import type { Reason } from '../errors.ts';
import { GatewayError } from '../errors.ts';
import type { Address, Range } from '../ip.ts';
import { inRange, parseAddress, parseRange, subscriberNetwork } from '../ip.ts';
import type { Policy, Recorder, RequestContext } from '../pipeline/context.ts';

/** What counts against an address, for any credential. */
const violations: ReadonlySet<Reason> = new Set(['throttle.exceeded', 'throttle.failed', 'auth.invalid']);

const reportEveryMs = 500;
/** Networks with violations between two reports; what comes on top in half a second is not counted. */
const mostReported = 10_000;
const retryMs = 1_000;
const mostRemembered = 20_000;

export interface IpBlocking {
  readonly policy: Policy;
  /** The policy's check for connections that are not requests: throws or rejects when the address is blocked. */
  readonly admit: (database: Database, address: string) => undefined | Promise<void>;
  /** Counts violations after the answer, so that no request waits for it. */
  readonly recorder: Recorder;
}

/** Loopback and the proxies are never blocked: behind a proxy that names no client, everybody has its address. */
export function ipBlocking(proxies: readonly Range[]): IpBlocking {
  const blocksOf = perDatabase((database) => new IpBlocks(database, proxies));
  function admit(database: Database, address: string): undefined | Promise<void> {
    const blocks = blocksOf(database);
    if (!blocks.isLoaded) return blocks.loaded().then(() => refuse(blocks.secondsLeft(address)));
    refuse(blocks.secondsLeft(address));
    return undefined;
  }
  return {
    admit,
    policy: {
      appliesTo: ['anonymous', 'authenticated'],
      check: ({ database, address }: RequestContext) => admit(database, address),
    },
    recorder({ error, known, address, presented }: RequestContext): void {
      if (known.database === undefined || !(error instanceof GatewayError) || !violations.has(error.reason)) return;
      // A known caller has a limit of its own, and others behind its address have nothing to do with it.
      if (error.reason === 'throttle.exceeded' && known.principal !== undefined) return;
      blocksOf(known.database).countViolation(address, presented);
    },
  };
}

function refuse(secondsLeft: number | undefined): void {
  if (secondsLeft === undefined) return;
  throw new GatewayError('address.blocked', secondsLeft === Infinity ? {} : { retryAfterMs: secondsLeft * 1_000 });
}

interface Block {
  readonly network: Range;
  /** On the monotonic clock. */
  readonly until: number;
}

class IpBlocks {
  readonly #database: Database;
  readonly #proxies: readonly Range[];
  readonly #byId = new Map<number, Block>();
  /** Those that the gateway made itself, by network: thousands cost no more than one. */
  readonly #single = new Map<string, Block>();
  /** Those of a manager may be of any size; they are few. */
  #wide: Block[] = [];
  #loading: Promise<void> = Promise.resolve();
  isLoaded = false;
  #counts = new Map<string, number>();
  #reporting: NodeJS.Timeout | undefined;
  /** Credentials that have counted already: showing the same one again is not another guess. */
  readonly #counted = new LRUCache<string, true>({ max: mostRemembered });
  #never: { readonly text: string; readonly ranges: readonly Range[] } = { text: '', ranges: [] };

  constructor(database: Database, proxies: readonly Range[]) {
    this.#database = database;
    this.#proxies = proxies;
    database.onChange('ip_block', (ids) => this.#reload(ids));
    this.#reload(null);
  }

  /** Until the blocked addresses are loaded, nobody passes. */
  async loaded(): Promise<void> {
    await this.#loading;
    if (!this.isLoaded) throw new GatewayError('database.unavailable');
  }

  /** Undefined: not blocked; Infinity: for good. */
  secondsLeft(address: string): number | undefined {
    if (this.#byId.size === 0) return undefined;
    const parsed = parseAddress(address);
    if (parsed === undefined) return undefined;
    const now = performance.now();
    const block = [this.#single.get(subscriberNetwork(parsed)), ...this.#wide].find(
      (candidate) => candidate !== undefined && candidate.until > now && inRange(parsed, candidate.network),
    );
    return block === undefined || this.#isExcepted(parsed) ? undefined : (block.until - now) / 1_000;
  }

  /** @param presented the name of the credential that was refused, if one was */
  countViolation(address: string, presented: string | undefined): void {
    if (!this.#database.settings['ip_block.enabled']) return;
    if (presented !== undefined) {
      if (this.#counted.has(presented)) return;
      this.#counted.set(presented, true);
    }
    const parsed = parseAddress(address);
    if (parsed === undefined || this.#isExcepted(parsed)) return;
    const network = subscriberNetwork(parsed);
    if (this.#counts.size >= mostReported && !this.#counts.has(network)) return;
    this.#counts.set(network, (this.#counts.get(network) ?? 0) + 1);
    this.#reporting ??= setTimeout(() => void this.#report(), reportEveryMs).unref();
  }

  async #report(): Promise<void> {
    const counts = this.#counts;
    this.#counts = new Map();
    this.#reporting = undefined;
    try {
      await countViolations(this.#database, counts);
    } catch (error) {
      // Not kept: Postgres is away, and a block could not be stored either.
      this.#database.log.warn({ err: error, networks: counts.size }, 'violations could not be counted');
    }
  }

  #isExcepted(address: Address): boolean {
    const text = this.#database.settings['ip_block.never'];
    if (text !== this.#never.text) {
      this.#never = { text, ranges: text.split(/[\s,]+/).flatMap((entry) => parseRange(entry) ?? []) };
    }
    return address.range() === 'loopback' || [...this.#never.ranges, ...this.#proxies].some((range) => inRange(address, range));
  }

  /** One after the other: an older answer must not overwrite a newer one. */
  #reload(ids: readonly number[] | null): void {
    this.#loading = this.#loading
      .then(() => this.#load(ids))
      .catch((error: unknown) => {
        this.#database.log.warn({ err: error }, 'blocked addresses could not be read');
        setTimeout(() => this.#reload(null), retryMs).unref();
      });
  }

  async #load(ids: readonly number[] | null): Promise<void> {
    const rows = await readIpBlocks(this.#database, ids);
    const now = performance.now();
    for (const id of ids ?? [...this.#byId.keys()]) this.#byId.delete(id);
    for (const { id, network, secondsLeft } of rows) {
      const range = parseRange(network);
      if (range !== undefined) this.#byId.set(id, { network: range, until: now + (secondsLeft ?? Infinity) * 1_000 });
    }
    this.#single.clear();
    this.#wide = [];
    for (const [id, block] of this.#byId) {
      if (block.until <= now) this.#byId.delete(id);
      else if (isSingle(block.network)) this.#single.set(subscriberNetwork(block.network.network), block);
      else this.#wide.push(block);
    }
    this.isLoaded = true;
  }
}

function isSingle({ network, bits }: Range): boolean {
  return bits === (network.kind() === 'ipv4' ? 32 : 64);
}
