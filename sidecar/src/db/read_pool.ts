// Connections for compiled reads: as a role that may read the columns of plans and nothing else, and that can write nothing.
// The texts come from plans that Odoo has signed.

import pg from 'pg';
import type { Log } from '../log.ts';

export interface ReadStatement {
  /** The same for the same text. */
  readonly name: string;
  readonly text: string;
  /** Whether it comes often enough to be prepared. */
  readonly isFrequent: boolean;
}

export interface ReadResult {
  readonly names: readonly string[];
  /** As Postgres writes values. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The result is larger than an answer may be. */
export class TooLargeError extends Error {}

export interface ReadPoolOptions {
  readonly url: string;
  readonly role: string;
  readonly size: number;
  readonly statementTimeoutMs: number;
  readonly log: Log;
}

/** Each takes memory of Postgres's in each connection: some 50 to 200 kB. */
const mostPrepared = 200;
const asTexts = { getTypeParser: () => (text: string) => text };

export class ReadPool {
  readonly #pool: pg.Pool;
  /** For a server that does not even say that a statement timed out. */
  readonly #patienceMs: number;
  /** Names of what a connection has prepared. */
  readonly #prepared = new WeakMap<pg.PoolClient, Set<string>>();

  constructor({ url, role, size, statementTimeoutMs, log }: ReadPoolOptions) {
    const options = {
      role: role.replaceAll(/[\\ ]/g, '\\$&'),
      default_transaction_read_only: 'on',
      // Compiling to machine code takes longer than any page.
      jit: 'off',
      timezone: 'UTC',
      statement_timeout: String(statementTimeoutMs),
    };
    this.#pool = new pg.Pool({
      connectionString: url,
      max: size,
      application_name: 'api-gateway reads',
      connectionTimeoutMillis: 2_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: Object.entries(options)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    });
    this.#patienceMs = statementTimeoutMs + 1_000;
    this.#pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle connection for reads was lost'));
    this.#pool.on('connect', (client) => {
      client.on('error', (error) => log.warn({ reason: error.message }, 'a connection for reads was lost'));
    });
  }

  /** Reads that wait for a connection. */
  get waiting(): number {
    return this.#pool.waitingCount;
  }

  /** Rejects with TooLargeError, or with what Postgres or the connection said. */
  async run({ name, text, isFrequent }: ReadStatement, values: readonly unknown[], mostBytes: number): Promise<ReadResult> {
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
      // A connection that has prepared much gives its memory back by ending.
      client.release(!isSound);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** What Postgres itself said; undefined when the connection failed. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Row by row, so that what is too large is not all held before that shows. */
function gathered(client: pg.PoolClient, query: pg.Query, mostBytes: number, patienceMs: number): Promise<ReadResult> {
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
