// Holds in memory the rows that many requests change, and writes them together every few seconds, so that no request waits for a
// write.

import type { Database } from '../db/database.ts';
import type { Log } from '../log.ts';

interface Options<Row> {
  readonly log: Log;
  /** A name for the rows, used in the log. */
  readonly what: string;
  readonly flushEveryMs: number;
  /** While Postgres is down, no more rows than this are kept for a database. */
  readonly mostRows: number;
  readonly write: (database: Database, rows: readonly Row[]) => Promise<void>;
  /** Adds an older row, which could not be written, to one with the same key. */
  readonly add: (to: Row, older: Row) => void;
}

export class Coalesced<Row> {
  readonly #options: Options<Row>;
  readonly #rows = new Map<Database, Map<string, Row>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: Options<Row>) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), options.flushEveryMs);
    this.#timer.unref();
  }

  /** The row with this key, to be changed; undefined if there are too many. */
  at(database: Database, key: string, make: () => Row): Row | undefined {
    let rows = this.#rows.get(database);
    if (rows === undefined) {
      rows = new Map();
      this.#rows.set(database, rows);
    }
    const known = rows.get(key);
    if (known !== undefined || rows.size >= this.#options.mostRows) return known;
    const made = make();
    rows.set(key, made);
    return made;
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#rows].map(([database, rows]) => this.#write(database, rows)));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(database: Database, rows: Map<string, Row>): Promise<void> {
    if (rows.size === 0) return;
    const { log, what, write, add } = this.#options;
    this.#rows.delete(database);
    try {
      await write(database, [...rows.values()]);
    } catch (error) {
      log.debug({ err: error }, `${what} not written yet`);
      for (const [key, row] of rows) {
        const younger = this.at(database, key, () => row);
        if (younger !== undefined && younger !== row) add(younger, row);
      }
    }
  }
}
