// Connections for compiled reads. Their role may read only the columns that plans use, and cannot write. The SQL comes from
// plans that Odoo has signed.

import pg from 'pg';
import { FairQueue } from '../fair_queue.ts';
import type { Log } from '../log.ts';

export interface ReadStatement {
  /** A name for the statement; equal strings have equal names. */
  readonly name: string;
  readonly text: string;
  /** Whether the statement runs often enough to be prepared. */
  readonly isFrequent: boolean;
}

export interface ReadResult {
  readonly names: readonly string[];
  /** Values in Postgres' text format. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Too many callers are waiting to be served soon. */
export class BusyError extends Error {}

/** The result exceeds the maximum size of an answer. */
export class TooLargeError extends Error {}

export interface ReadPoolOptions {
  readonly url: string;
  readonly role: string;
  readonly size: number;
  readonly statementTimeoutMs: number;
  readonly log: Log;
}

/** Each takes 50 to 200 kB of Postgres' memory per connection. */
const mostPrepared = 200;
const mostWaiting = 10_000;
export const asTexts = { getTypeParser: () => (text: string) => text };

interface Waiting {
  readonly caller: string;
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;
}

/** Waiting callers take turns, and none may use the last connection, however long its statements take. */
export class ReadPool {
  readonly #pool: pg.Pool;
  /** In case the server does not even report a statement's timeout. */
  readonly #patienceMs: number;
  readonly #queue = new FairQueue<Waiting>(mostWaiting);
  readonly #held = new Map<string, number>();
  readonly #mostHeld: number;
  #free: number;
  /** The names of a connection's prepared statements. */
  readonly #prepared = new WeakMap<pg.PoolClient, Set<string>>();

  constructor({ url, role, size, statementTimeoutMs, log }: ReadPoolOptions) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: size,
      application_name: 'api-gateway reads',
      connectionTimeoutMillis: 2_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: asReader(role, statementTimeoutMs),
    });
    this.#free = size;
    this.#mostHeld = Math.max(1, size - 1);
    this.#patienceMs = statementTimeoutMs + 1_000;
    this.#pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle connection for reads was lost'));
    this.#pool.on('connect', (client) => {
      client.on('error', (error) => log.warn({ reason: error.message }, 'a connection for reads was lost'));
    });
  }

  /**
   * Rejects with TooLargeError, BusyError, or the error of Postgres or the connection.
   * @param caller identifies the caller, for taking turns
   */
  async run(statement: ReadStatement, values: readonly unknown[], mostBytes: number, caller = ''): Promise<ReadResult> {
    await this.#enter(caller);
    try {
      return await this.#run(statement, values, mostBytes);
    } finally {
      this.#leave(caller);
    }
  }

  #enter(caller: string): undefined | Promise<void> {
    if (this.#free > 0 && this.#queue.size === 0 && this.#mayEnter(caller)) {
      this.#take(caller);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#queue.push([caller], { caller, enter: resolve, refuse: reject })?.refuse(new BusyError());
      this.#next();
    });
  }

  #leave(caller: string): void {
    const held = (this.#held.get(caller) ?? 1) - 1;
    if (held === 0) this.#held.delete(caller);
    else this.#held.set(caller, held);
    this.#free += 1;
    this.#next();
  }

  #next(): void {
    while (this.#free > 0) {
      const waiting = this.#queue.take(({ caller }) => this.#mayEnter(caller));
      if (waiting === undefined) return;
      this.#take(waiting.caller);
      waiting.enter();
    }
  }

  #mayEnter(caller: string): boolean {
    return (this.#held.get(caller) ?? 0) < this.#mostHeld;
  }

  #take(caller: string): void {
    this.#free -= 1;
    this.#held.set(caller, (this.#held.get(caller) ?? 0) + 1);
  }

  async #run({ name, text, isFrequent }: ReadStatement, values: readonly unknown[], mostBytes: number): Promise<ReadResult> {
    const client = await this.#pool.connect();
    const prepared = this.#prepared.get(client) ?? new Set();
    this.#prepared.set(client, prepared);
    if (isFrequent) prepared.add(name);
    const named = prepared.has(name) && { name };
    let isSound = false;
    try {
      const config = { ...named, text, values: values as unknown[], rowMode: 'array' as const, types: asTexts };
      const result = await gathered(client, new pg.Query(config), mostBytes, this.#patienceMs);
      isSound = prepared.size <= mostPrepared;
      return result;
    } catch (error) {
      isSound = error instanceof pg.DatabaseError;
      throw error;
    } finally {
      // A connection with many prepared statements is closed to free their memory.
      client.release(!isSound);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** Connection options for reading as a given role. */
export function asReader(role: string, statementTimeoutMs: number, more: Readonly<Record<string, string>> = {}): string {
  const options = {
    role: role.replaceAll(/[\\ ]/g, '\\$&'),
    default_transaction_read_only: 'on',
    // Postgres' JIT compilation takes longer than reading any page.
    jit: 'off',
    timezone: 'UTC',
    statement_timeout: String(statementTimeoutMs),
    ...more,
  };
  return Object.entries(options)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}

/** Postgres' own error; undefined if the connection failed. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Reads row by row, so that a result that is too large is never in memory completely. */
export function gathered(client: pg.ClientBase, query: pg.Query, mostBytes: number, patienceMs: number): Promise<ReadResult> {
  let timer: NodeJS.Timeout | undefined;
  const gathering = new Promise<ReadResult>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    const rows: (string | null)[][] = [];
    let bytes = 0;
    query.on('row', (row) => {
      const texts = row as unknown as (string | null)[];
      for (const text of texts) bytes += text?.length ?? 0;
      if (bytes > mostBytes) reject(new TooLargeError());
      else rows.push(texts);
    });
    query.on('error', reject);
    query.on('end', ({ fields }) => resolve({ names: fields.map(({ name }) => name), rows }));
    client.query(query);
  });
  return gathering.finally(() => clearTimeout(timer));
}
