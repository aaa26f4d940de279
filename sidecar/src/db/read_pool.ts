// Connections for compiled reads. Their role may read only the columns that plans use, and cannot write. The SQL comes from
// plans that Odoo has signed.

import pg from 'pg';
import { FairQueue } from '../fair_queue.ts';
import type { Log } from '../log.ts';
import type { Prepared, ReadResult, ReadStatement } from './read_query.ts';
import { runOn } from './read_query.ts';

/** So many callers are waiting that a new caller would not be served soon. */
export class BusyError extends Error {}

export interface ReadPoolOptions {
  readonly url: string;
  readonly role: string;
  readonly size: number;
  readonly statementTimeoutMs: number;
  readonly log: Log;
}

/** The most prepared statements per connection. Each takes 50 to 200 kB of Postgres' memory. */
const mostPrepared = 200;
const mostWaiting = 10_000;
const lookEveryMs = 10_000;

interface Waiting {
  readonly caller: string;
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;
}

/** Waiting callers take turns. No caller may hold all connections, so a slow one cannot block the others. */
export class ReadPool {
  readonly #pool: pg.Pool;
  /** How long to wait for a result, in case the server does not even report a statement's timeout. */
  readonly #patienceMs: number;
  readonly #queue = new FairQueue<Waiting>(mostWaiting);
  readonly #held = new Map<string, number>();
  readonly #mostHeld: number;
  #free: number;
  readonly #prepared = new WeakMap<pg.PoolClient, Prepared>();
  /**
   * Connections for the next statements. Giving a connection back to the pool after each statement would cost as much as
   * sending the statement.
   */
  readonly #idle: pg.PoolClient[] = [];
  /** How many of these connections have not been needed since the last check. */
  #unneeded = 0;
  readonly #looking: NodeJS.Timeout;
  #ended = false;

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
      client.on('error', (error) => {
        log.warn({ reason: error.message }, 'a connection for reads was lost');
        const place = this.#idle.indexOf(client);
        if (place !== -1) this.#idle.splice(place, 1)[0]?.release(true);
      });
    });
    this.#looking = setInterval(() => this.#giveBack(this.#unneeded), lookEveryMs).unref();
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

  async #run(statement: ReadStatement, values: readonly unknown[], mostBytes: number): Promise<ReadResult> {
    const client = this.#idle.pop() ?? (await this.#pool.connect());
    this.#unneeded = Math.min(this.#unneeded, this.#idle.length);
    const prepared = this.#prepared.get(client) ?? new Map();
    this.#prepared.set(client, prepared);
    let isSound = false;
    try {
      const result = await runOn(client, prepared, { statement, values, mostBytes, patienceMs: this.#patienceMs });
      isSound = prepared.size <= mostPrepared;
      return result;
    } catch (error) {
      isSound = error instanceof pg.DatabaseError;
      throw error;
    } finally {
      // A connection with many prepared statements is closed to free their memory.
      if (isSound && !this.#ended) this.#idle.push(client);
      else client.release(true);
    }
  }

  /** Gives idle connections back to the pool, which closes them after a while. */
  #giveBack(connections: number): void {
    for (const client of this.#idle.splice(0, connections)) client.release();
    this.#unneeded = this.#idle.length;
  }

  /** Closes the connections: those in use when their statement has ended. */
  end(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#looking);
    this.#giveBack(this.#idle.length);
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
    // Plans write dates as text.
    datestyle: 'ISO',
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
