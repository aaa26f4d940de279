// Controls reads on a replica. A read waits until the replica has the consumer's own writes, and uses the primary's current
// rights.

import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Queryable } from '../db/pool.ts';
import type { ReadPool } from '../db/read_pool.ts';
import { lagStatement, readPrimaryVersions, readWrittenLsn, replayedStatement } from '../db/replica.ts';

/**
 * Consumers whose last write the replica may not have yet. If there are more consumers than this, those that wrote first are
 * dropped.
 */
const mostWriters = 50_000;
/** How long to wait before each check of the replica. Most replicas catch up within a few milliseconds. */
const waitsMs = [0, 2, 4, 8];
const mostBytes = 1_000;

/** A write's position in the WAL; undefined until the primary has answered, or if it did not answer. */
interface Write {
  lsn: string | undefined;
}

export class Replica {
  readonly #primary: Queryable;
  readonly #writes = new LRUCache<string, Write>({ max: mostWriters });
  #asked: Promise<string> | undefined;
  #asking: Promise<unknown> = Promise.resolve();

  constructor(primary: Queryable) {
    this.#primary = primary;
  }

  /** Call this when a consumer has written, or may have written. */
  wrote(consumer: string): void {
    const write: Write = { lsn: undefined };
    this.#writes.set(consumer, write);
    readWrittenLsn(this.#primary).then(
      (lsn) => {
        write.lsn = lsn;
      },
      () => {}, // the consumer's reads go through Odoo until it writes again
    );
  }

  /** Whether the replica has this consumer's writes. Waits a moment for them. */
  async hasWritesOf(consumer: string, pool: ReadPool): Promise<boolean> {
    const write = this.#writes.get(consumer);
    if (write === undefined) return true;
    for (const ms of waitsMs) {
      if (ms > 0) await delay(ms);
      if (write.lsn === undefined) continue;
      const { rows } = await pool.run(replayedStatement, [write.lsn], mostBytes);
      if (rows[0]?.[0] !== 't') continue;
      // unless the consumer has written again meanwhile
      if (this.#writes.get(consumer) === write) this.#writes.delete(consumer);
      return true;
    }
    return false;
  }

  /** The primary's versions, read after this call. Calls that arrive while a statement is running share the next statement. */
  primaryVersions(): Promise<string> {
    if (this.#asked === undefined) {
      const asked = this.#asking.then(() => {
        this.#asked = undefined;
        return readPrimaryVersions(this.#primary);
      });
      this.#asked = asked;
      this.#asking = asked.catch(() => {});
    }
    return this.#asked;
  }

  /** How many seconds the replica is behind. */
  async lag(pool: ReadPool): Promise<number> {
    const { rows } = await pool.run(lagStatement, [], mostBytes);
    return Number(rows[0]?.[0] ?? 0);
  }
}
