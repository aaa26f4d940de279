// Connections that each keep one snapshot of the database while a long list is read page by page, so that later commits do not
// show. A snapshot keeps Postgres from removing old rows, so there are few, with a time limit.

import pg from 'pg';
import { GatewayError } from '../errors.ts';
import type { ReadPoolOptions, ReadResult, ReadStatement } from './read_pool.ts';
import { asReader, asTexts, gathered } from './read_pool.ts';

const most = 4;
const mostOfOneCaller = 2;
/** The longest time that a slow client may keep its snapshot. */
const longestMs = 15 * 60_000;
const longestPauseMs = 60_000;

export class Snapshots {
  readonly #options: Omit<ReadPoolOptions, 'size'>;
  readonly #open = new Map<Snapshot, string>();

  constructor(options: Omit<ReadPoolOptions, 'size'>) {
    this.#options = options;
  }

  /** Rejects with `export.busy`, or with the error of Postgres or the connection. The caller closes it. */
  async open(caller: string): Promise<Snapshot> {
    const own = [...this.#open.values()].filter((other) => other === caller).length;
    if (this.#open.size >= most || own >= mostOfOneCaller) throw new GatewayError('export.busy');
    const { url, role, statementTimeoutMs, log } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: 'api-gateway export',
      connectionTimeoutMillis: 2_000,
      options: asReader(role, statementTimeoutMs, {
        // Postgres itself ends transactions that a dead sidecar has left open.
        client_connection_check_interval: '2000',
        idle_in_transaction_session_timeout: String(longestPauseMs),
      }),
    });
    client.on('error', (error) => log.warn({ reason: error.message }, 'the connection of an export was lost'));
    const snapshot = new Snapshot(client, statementTimeoutMs + 1_000, () => this.#open.delete(snapshot));
    this.#open.set(snapshot, caller);
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
    for (const snapshot of this.#open.keys()) snapshot.close();
  }
}

export class Snapshot {
  readonly #client: pg.Client;
  readonly #patienceMs: number;
  readonly #onClose: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(client: pg.Client, patienceMs: number, onClose: () => void) {
    this.#client = client;
    this.#patienceMs = patienceMs;
    this.#onClose = onClose;
    this.#timer = setTimeout(() => this.close(), longestMs);
  }

  /** The same as in ReadPool. */
  run({ name, text }: ReadStatement, values: readonly unknown[], mostBytes: number): Promise<ReadResult> {
    const config = { name, text, values: values as unknown[], rowMode: 'array' as const, types: asTexts };
    return gathered(this.#client, new pg.Query(config), mostBytes, this.#patienceMs);
  }

  /** Also ends a running statement. */
  close(): void {
    clearTimeout(this.#timer);
    this.#onClose();
    this.#client.end().catch(() => undefined);
  }
}
