// Decides how a read is answered: with the statement that Odoo has compiled for this caller, or by Odoo itself. When there is any
// doubt about a statement's answer, the read goes to Odoo, whose answers and refusals are authoritative.

import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { ReadPool } from '../db/read_pool.ts';
import { sqlStateOf } from '../db/read_pool.ts';
import { contextOf } from '../executor/caller.ts';
import type { OdooChannel } from '../executor/channel.ts';
import type { PageReader, Search } from '../executor/execute.ts';
import { noteTarget, Odoo } from '../executor/execute.ts';
import { isExposed } from '../executor/exposure.ts';
import type { Operation } from '../executor/operations.ts';
import { sharedUses } from '../executor/uses.ts';
import type { Grant, RequestContext } from '../pipeline/context.ts';
import { Compiler } from './compiler.ts';
import type { ConnectionOptions } from './connection.ts';
import { Connection } from './connection.ts';
import { Doubt } from './doubt.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './plan.ts';
import type { PlanEntry } from './plan_cache.ts';
import { PlanCache, planKey } from './plan_cache.ts';
import type { Replica } from './replica.ts';
import { OutdatedError, runPlan } from './runner.ts';
import type { Shape } from './shape_key.ts';
import { idsOfCall, shapeOf } from './shape_key.ts';
import type { PlannedPage } from './snapshot_pages.ts';
import { SnapshotPages } from './snapshot_pages.ts';

/** The signals of Odoo after which plans may be out of date. The triggers in 017_compiled_reads.sql change `default`. */
const signals = ['registry', 'default', 'stable', 'groups'];
const cancelled = '57014';
/** Errors that are not the statement's fault: connection, conflict with a replica's recovery, resources, shutdown. */
const passing = /^(?:08|40|53|57|58)/;

type RecordsRead = Extract<Operation, { op: 'search' | 'read' | 'call' }>;

/** A read whose shape may have a plan. */
interface Candidate {
  readonly operation: RecordsRead;
  readonly grant: Grant;
  readonly shape: Shape;
  readonly key: string;
}

export interface CompilingOptions {
  readonly channel: OdooChannel;
  readonly requestTimeoutMs: number;
  /** The options for the connections to a database. */
  readonly connectionOf: (database: Database) => ConnectionOptions;
}

/** Implements `Odoo` for all code that reads and writes. Reads of records run as compiled statements where possible. */
export class CompilingOdoo extends Odoo {
  readonly #compiler: Compiler;
  readonly #plansOf = perDatabase((database) => {
    const plans = new PlanCache();
    // Running a plan shows whether it is out of date. A stored refusal has no such check.
    for (const signal of signals) database.onSignal(signal, () => plans.clear());
    return plans;
  });
  readonly #connectionOf: (database: Database) => Connection;
  readonly #connections = new Set<Connection>();

  constructor({ channel, requestTimeoutMs, connectionOf }: CompilingOptions) {
    super(channel, requestTimeoutMs);
    this.#compiler = new Compiler(() => channel.load.queued > 0);
    this.#connectionOf = perDatabase((database) => {
      const connection = new Connection(database, connectionOf(database));
      this.#connections.add(connection);
      return connection;
    });
  }

  override async read(
    context: RequestContext,
    operations: readonly Operation[],
    grant = context.principal.grant,
  ): Promise<readonly unknown[]> {
    const [operation] = operations;
    if (operations.length > 1 || !(operation?.op === 'search' || operation?.op === 'read' || operation?.op === 'call')) {
      return super.read(context, operations, grant);
    }
    const candidate = this.#candidate(context, operation, grant);
    const answer = candidate && (await this.#answer(context, candidate));
    if (answer !== undefined) return [answer];
    const results = await super.read(context, operations, grant);
    if (candidate !== undefined) this.#considerCompiling(context, candidate);
    return results;
  }

  override async execute(
    context: RequestContext,
    operations: readonly Operation[],
    grant = context.principal.grant,
  ): Promise<readonly unknown[]> {
    const [operation] = operations;
    const isSimple = operations.length === 1 && context.dryRun === undefined;
    if (operation?.op === 'call' && isSimple && context.request.headers['idempotency-key'] === undefined) {
      return this.#call(context, operation, grant);
    }
    return this.#executed(context, operations, grant);
  }

  /** A call of a method. Only some of the ORM's methods have a shape. */
  async #call(context: RequestContext, operation: RecordsRead, grant: Grant): Promise<readonly unknown[]> {
    const candidate = this.#candidate(context, operation, grant);
    if (candidate === undefined) {
      context.way = undefined;
      return this.#executed(context, [operation], grant);
    }
    const answer = await this.#answer(context, candidate);
    if (answer !== undefined) return [answer];
    const results = await super.execute(context, [operation], grant);
    this.#considerCompiling(context, candidate);
    return results;
  }

  override refresh({ database, principal }: RequestContext): void {
    this.#connectionOf(database).replica?.wrote(principal.consumer);
  }

  /** Opens a reader that uses one snapshot for all pages that a statement can read. */
  override async pages(context: RequestContext, first: Search, grant = context.principal.grant): Promise<PageReader> {
    const odoo = await super.pages(context, first, grant);
    const connection = this.#connectionOf(context.database);
    const snapshots = await connection.snapshots();
    for (let tries = 0; snapshots !== undefined && tries < 2; tries += 1) {
      const kept = new Map<string, PlanEntry>();
      const plan = (search: Search) => this.#planned(context, search, grant, kept);
      let pages: SnapshotPages | undefined;
      try {
        const planned = await plan(first);
        if (planned === undefined || (await this.#isReplicaBehind(context, connection, planned))) return odoo;
        pages = new SnapshotPages({ context, snapshot: await snapshots.open(), plan, odoo });
        await pages.begin(first);
        return pages;
      } catch (error) {
        pages?.close();
        this.#setAside(context.database, this.#candidate(context, first, grant)?.key ?? '', error);
        if (!(error instanceof OutdatedError)) break;
      }
    }
    return odoo;
  }

  /**
   * The plan for a page, which is compiled first if necessary. Undefined if Odoo has to be asked; the context then contains the
   * reason. @param kept the snapshot's plans. A plan that is valid for the snapshot stays valid for all of its pages, whatever has
   * changed since.
   */
  async #planned(
    context: RequestContext,
    search: Search,
    grant: Grant,
    kept: Map<string, PlanEntry>,
  ): Promise<PlannedPage | undefined> {
    const candidate = this.#candidate(context, search, grant);
    if (candidate === undefined) return undefined;
    const plans = this.#plansOf(context.database);
    if (!kept.has(candidate.key) && plans.get(candidate.key) === undefined) await this.#compile(context, candidate);
    const entry = kept.get(candidate.key) ?? plans.get(candidate.key);
    if (entry !== undefined && 'plan' in entry) {
      kept.set(candidate.key, entry);
      noteTarget(context, [search]);
      return { entry, asked: this.#asked(context, candidate) };
    }
    context.way = `odoo:${entry?.refused.why ?? 'new'}`;
    context.wayDetail = entry?.refused.what ?? '';
    return undefined;
  }

  async #isReplicaBehind({ principal }: RequestContext, { pool, replica }: Connection, { entry }: PlannedPage): Promise<boolean> {
    if (pool === undefined || replica === undefined) return false;
    if (!(await replica.hasWritesOf(principal.consumer, pool))) return true;
    return (await replica.primaryVersions()) !== entry.plan.versions;
  }

  #executed(context: RequestContext, operations: readonly Operation[], grant: Grant): Promise<readonly unknown[]> {
    const { replica } = this.#connectionOf(context.database);
    if (replica === undefined) return super.execute(context, operations, grant);
    // A call that failed may still have written: perhaps only its answer was lost.
    return super.execute(context, operations, grant).finally(() => replica.wrote(context.principal.consumer));
  }

  /** How far each replica is behind, for databases with compiled reads on a replica. */
  async replicaLags(): Promise<{ database: string; seconds: number }[]> {
    const lags = [...this.#connections].map(async ({ name, pool, replica }) => {
      if (pool === undefined || replica === undefined) return [];
      return replica.lag(pool).then(
        (seconds) => [{ database: name, seconds }],
        () => [],
      );
    });
    return (await Promise.all(lags)).flat();
  }

  async closeReads(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** The candidate for a read; undefined if it must not be compiled. The context then contains the reason. */
  #candidate(context: RequestContext, operation: RecordsRead, grant: Grant): Candidate | undefined {
    const { settings } = context.database;
    context.way = 'odoo:off';
    if (!settings['compiled.enabled'] || !isExposed(operation.model, settings['compiled.except'])) return undefined;
    const shape = shapeOf(operation);
    context.way = 'odoo:shape';
    if (shape === undefined) return undefined;
    const key = planKey(context.principal.userId, grant, contextOf(context), shape.key);
    return { operation, grant, shape, key };
  }

  /** The answer of a compiled statement; undefined if Odoo must be asked. The context then contains the reason. */
  async #answer(context: RequestContext, candidate: Candidate): Promise<unknown> {
    const { database } = context;
    const connection = this.#connectionOf(database);
    const { pool } = connection;
    const plans = this.#plansOf(database);
    const known = plans.get(candidate.key);
    if (pool === undefined || known === undefined || 'refused' in known) {
      const refused = known !== undefined && 'refused' in known ? known.refused : undefined;
      context.way = `odoo:${pool === undefined ? 'no_reader' : (refused?.why ?? 'new')}`;
      context.wayDetail = refused?.what ?? '';
      return undefined;
    }
    const startedAt = performance.now();
    try {
      const answer = await this.#run(context, candidate, known, pool, connection.replica);
      if (known.usesOf === undefined && !hasTexts(candidate.shape)) known.usesOf = sharedUses(candidate.operation);
      noteTarget(context, [candidate.operation], known.usesOf);
      context.languages = known.plan.languages;
      context.sqlCount += 1;
      context.way = 'compiled';
      return answer;
    } catch (error) {
      context.way = `odoo:${this.#setAside(database, candidate.key, error)}`;
      return undefined;
    } finally {
      context.timings.sql += performance.now() - startedAt;
    }
  }

  async #run(context: RequestContext, candidate: Candidate, known: PlanEntry, pool: ReadPool, replica: Replica | undefined) {
    const asked = this.#asked(context, candidate);
    if (replica === undefined) return runPlan(pool, known, asked);
    if (!(await replica.hasWritesOf(context.principal.consumer, pool))) throw new Doubt('behind');
    const [ran, versions] = await Promise.all([
      runPlan(pool, known, asked).catch((error: unknown) => (error instanceof OutdatedError ? undefined : Promise.reject(error))),
      replica.primaryVersions(),
    ]);
    if (versions !== known.plan.versions) throw new OutdatedError(versions);
    // The replica is still older than the plan.
    if (ran === undefined) throw new Doubt('behind');
    return ran;
  }

  #asked({ database, principal }: RequestContext, { operation, grant, shape }: Candidate) {
    return {
      ids: idsOf(operation),
      limit: operation.op === 'search' ? operation.limit : 0,
      values: shape.values,
      mostBytes: database.settings['answer.max_bytes'],
      isNarrowed: grant.scopes !== null || grant.models !== null,
      caller: String(principal.userId),
    };
  }

  /** Decides what a failure means for the plan. Returns the reason for the log. */
  #setAside(database: Database, key: string, error: unknown): string {
    const plans = this.#plansOf(database);
    if (error instanceof OutdatedError) {
      plans.outdated(error.versions);
      return 'moved';
    }
    if (error instanceof Doubt) {
      if (error.why === 'plan') plans.refuse(key, { why: 'error', what: '' });
      return error.why;
    }
    const state = sqlStateOf(error);
    if (state === cancelled) {
      plans.refuse(key, { why: 'slow', what: '' });
      return 'slow';
    }
    if (state === undefined) {
      this.#connectionOf(database).failed(error);
      return 'failed';
    }
    if (passing.test(state)) return 'failed';
    // A column was dropped, or a right was revoked: Odoo compiles the read again, but only a few times.
    plans.refuse(key, { why: 'error', what: state });
    database.log.warn({ reason: error instanceof Error ? error.message : String(error), state }, 'a compiled read failed');
    return 'failed';
  }

  #considerCompiling(context: RequestContext, candidate: Candidate): void {
    const { database } = context;
    const plans = this.#plansOf(database);
    if (this.#connectionOf(database).pool === undefined || plans.get(candidate.key) !== undefined) return;
    this.#compiler.consider(candidate.key, () => this.#compile(context, candidate));
  }

  async #compile(context: RequestContext, { grant, shape, key }: Candidate): Promise<void> {
    const { database, principal } = context;
    const keep = this.#plansOf(database).begin(key);
    const wanted = { uid: principal.userId, database: database.channel.uuid, secret: database.channel.secret };
    try {
      const made = readPlan(await this.compile(context, shape.operation, grant), wanted);
      if (!('why' in made)) keep(this.#isAllowed(database, made) ? made : { why: 'off', what: '' });
      // `moving` means that Odoo's worker itself was not up to date.
      else if (made.why !== 'moving') keep(made);
    } catch (error) {
      database.log.debug({ err: error }, 'a read was not compiled');
      keep({ why: 'error', what: '' });
    }
  }

  #isAllowed({ settings }: Database, { levels }: Plan): boolean {
    return levels.every(({ model }) => isExposed(model, settings['compiled.except']));
  }
}

/** Whether the values contain strings, which may be choices of a selection field. */
function hasTexts({ values }: Shape): boolean {
  return values.some((value) => typeof (Array.isArray(value) ? value[0] : value) === 'string');
}

function idsOf(operation: RecordsRead): readonly number[] {
  if (operation.op === 'read') return operation.ids;
  return operation.op === 'call' ? idsOfCall(operation) : [];
}
