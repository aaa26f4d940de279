// The connections for a database's compiled reads. They are opened once Postgres is known to have the role for these reads.

import { readReader } from '../db/compiled.ts';
import type { Database } from '../db/database.ts';
import { ReadPool } from '../db/read_pool.ts';
import { Snapshots } from '../db/snapshots.ts';
import { Replica } from './replica.ts';

export interface ConnectionOptions {
  readonly url: string;
  /** Whether this is the address of a replica. */
  readonly isReplica: boolean;
  /** The number of connections. 0 means that there are no compiled reads. */
  readonly size: number;
  readonly statementTimeoutMs: number;
}

const askAgainAfterMs = 30_000;
/** After a connection failed, reads go through Odoo for this long. */
const pauseMs = 5_000;

export class Connection {
  readonly #database: Database;
  readonly #options: ConnectionOptions;
  /** The replica on which reads run; undefined if they run on the primary itself. */
  readonly replica: Replica | undefined;
  #pool: ReadPool | undefined;
  #snapshots: Snapshots | undefined;
  #opening: Promise<void> | undefined;
  #askAt = 0;
  #usableFrom = 0;

  constructor(database: Database, options: ConnectionOptions) {
    this.#database = database;
    this.#options = options;
    this.replica = options.isReplica ? new Replica(database) : undefined;
  }

  get name(): string {
    return this.#database.name;
  }

  /** The connections; undefined while there is no role, or while Postgres does not answer. */
  get pool(): ReadPool | undefined {
    const now = performance.now();
    if (this.#pool === undefined && this.#options.size > 0 && now >= this.#askAt) {
      this.#askAt = now + askAgainAfterMs;
      this.#opening = this.#open();
    }
    return now < this.#usableFrom ? undefined : this.#pool;
  }

  /** The snapshots for lists that are read as a whole. Unlike `pool`, this waits until the connections are open. */
  async snapshots(): Promise<Snapshots | undefined> {
    if (this.pool === undefined) await this.#opening;
    return this.pool && this.#snapshots;
  }

  /** Call this when a connection could not be made, or was lost. */
  failed(error: unknown): void {
    this.#usableFrom = performance.now() + pauseMs;
    this.#database.log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'compiled reads pause');
  }

  async close(): Promise<void> {
    this.#snapshots?.closeAll();
    await this.#pool?.end();
  }

  async #open(): Promise<void> {
    try {
      const role = await readReader(this.#database);
      if (role === null) {
        this.#database.log.warn('reads are not compiled: the role for them is missing, see "Compiled reads" in docs/admin.md');
        return;
      }
      const { log } = this.#database;
      this.#snapshots = new Snapshots({ ...this.#options, role, log });
      this.#pool = new ReadPool({ ...this.#options, role, log });
    } catch (error) {
      this.#database.log.warn({ err: error }, 'compiled reads are not ready');
    }
  }
}
