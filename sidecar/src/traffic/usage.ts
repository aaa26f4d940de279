// The last use of each credential, with its address and the number of uses. They are kept in memory and written together every
// few seconds, so that no request waits for it or touches a row of Odoo.

import type { Use } from '../db/credentials.ts';
import { recordUsage } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import type { Log } from '../log.ts';
import type { RequestContext } from '../pipeline/context.ts';

const flushEveryMs = 5_000;
/** One row per credential in use. While Postgres is down, no more than this are recorded. */
const mostCredentials = 100_000;

export class Usage {
  readonly #uses = new Map<Database, Map<string, Use>>();
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;

  constructor(log: Log) {
    this.#log = log;
    this.#timer = setInterval(() => void this.flush(), flushEveryMs);
    this.#timer.unref();
  }

  /** A recorder of the pipeline. */
  readonly record = (context: RequestContext): void => {
    const { database, principal } = context.known;
    if (database === undefined || principal === undefined) return;
    let uses = this.#uses.get(database);
    if (uses === undefined) {
      uses = new Map();
      this.#uses.set(database, uses);
    }
    const known = uses.get(principal.consumer);
    if (known !== undefined) {
      known.count += 1;
      known.at = new Date();
      known.address = context.address;
    } else if (uses.size < mostCredentials) {
      const { kind, credentialId: id } = principal;
      uses.set(principal.consumer, { kind, id, count: 1, at: new Date(), address: context.address });
    }
  };

  async flush(): Promise<void> {
    await Promise.all([...this.#uses].map(([database, uses]) => this.#write(database, uses)));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(database: Database, uses: Map<string, Use>): Promise<void> {
    if (uses.size === 0) return;
    this.#uses.delete(database);
    try {
      await recordUsage(database, [...uses.values()]);
    } catch (error) {
      this.#log.debug({ err: error }, 'last uses not written yet');
      this.#putBack(database, uses);
    }
  }

  /** Uses counted meanwhile are newer. */
  #putBack(database: Database, unwritten: Map<string, Use>): void {
    const younger = this.#uses.get(database) ?? new Map<string, Use>();
    for (const [consumer, use] of unwritten) {
      const since = younger.get(consumer);
      if (since !== undefined) since.count += use.count;
      else if (younger.size < mostCredentials) younger.set(consumer, use);
    }
    this.#uses.set(database, younger);
  }
}
