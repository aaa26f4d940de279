// The last use of each credential, with its address and the number of uses, for the pages of credentials.

import type { Use } from '../db/credentials.ts';
import { recordUsage } from '../db/credentials.ts';
import type { Log } from '../log.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { Coalesced } from './coalesced.ts';

export class Usage {
  readonly #uses: Coalesced<Use>;

  constructor(log: Log) {
    this.#uses = new Coalesced({
      log,
      what: 'last uses',
      flushEveryMs: 5_000,
      mostRows: 100_000, // one for each credential in use
      write: recordUsage,
      add: (use, older) => {
        use.count += older.count;
      },
    });
  }

  /** The pipeline calls this at the end of each request. */
  readonly record = (context: RequestContext): void => {
    const { database, principal } = context.known;
    if (database === undefined || principal === undefined) return;
    const { kind, credentialId: id } = principal;
    const make = () => ({ kind, id, count: 0, at: new Date(), address: context.address });
    const use = this.#uses.at(database, principal.consumer, make);
    if (use === undefined) return;
    use.count += 1;
    use.at = new Date();
    use.address = context.address;
  };

  stop(): Promise<void> {
    return this.#uses.stop();
  }
}
