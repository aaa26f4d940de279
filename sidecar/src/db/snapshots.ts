// Connections that each keep one snapshot of the database while a long list is read page by page, so later commits are not
// visible. A snapshot prevents Postgres from removing old rows, so the number and the duration of exports are limited
// (exports/pages.ts).

import pg from 'pg';
import type { ReadPoolOptions } from './read_pool.ts';
import { asReader } from './read_pool.ts';
import type { Prepared, ReadResult, ReadStatement } from './read_query.ts';
import { runOn } from './read_query.ts';

const longestPauseMs = 60_000;

export class Snapshots {
  readonly #options: Omit<ReadPoolOptions, 'size'>;
  readonly #open = new Set<Snapshot>();

  constructor(options: Omit<ReadPoolOptions, 'size'>) {
    this.#options = options;
  }

  /** Opens a snapshot, which the caller must close. Rejects with the error of Postgres or the connection. */
  async open(): Promise<Snapshot> {
    const { url, role, statementTimeoutMs, log } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: 'api-gateway export',
      connectionTimeoutMillis: 2_000,
      options: asReader(role, statementTimeoutMs, {
        // Postgres ends transactions that a crashed sidecar has left open.
        client_connection_check_interval: '2000',
        idle_in_transaction_session_timeout: String(longestPauseMs),
      }),
    });
    client.on('error', (error) => log.warn({ reason: error.message }, 'the connection of an export was lost'));
    const snapshot = new Snapshot(client, statementTimeoutMs + 1_000, () => this.#open.delete(snapshot));
    this.#open.add(snapshot);
    try {
      await client.connect();
      await client.query('begin isolation level repeatable read, read only');
      return snapshot;
    } catch (error) {
      snapshot.close();
      throw error;
    }
  }

  closeAll(): void {
    for (const snapshot of this.#open) snapshot.close();
  }
}

export class Snapshot {
  readonly #client: pg.Client;
  readonly #patienceMs: number;
  readonly #prepared: Prepared = new Map();
  readonly #onClose: () => void;

  constructor(client: pg.Client, patienceMs: number, onClose: () => void) {
    this.#client = client;
    this.#patienceMs = patienceMs;
    this.#onClose = onClose;
  }

  /** Runs a statement, like the method of ReadPool. */
  run({ name, text }: ReadStatement, values: readonly unknown[], mostBytes: number): Promise<ReadResult> {
    const statement = { name, text, isFrequent: true };
    return runOn(this.#client, this.#prepared, { statement, values, mostBytes, patienceMs: this.#patienceMs });
  }

  /** Closes the snapshot, even while a statement is running. */
  close(): void {
    this.#onClose();
    this.#client.end().catch(() => undefined);
  }
}
