// The addresses from which each credential is used (`gateway.used_address`). Only requests that succeeded count, so callers at
// addresses that are not allowed add no address.

import type { UsedAddress } from '../db/used.ts';
import { recordUsedAddresses } from '../db/used.ts';
import type { Log } from '../log.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { Coalesced } from './coalesced.ts';

export class UsedAddresses {
  readonly #uses: Coalesced<UsedAddress>;

  constructor(log: Log) {
    this.#uses = new Coalesced({
      log,
      what: 'addresses of callers',
      flushEveryMs: 5_000,
      mostRows: 20_000,
      write: recordUsedAddresses,
      add: (use, older) => {
        use.requests += older.requests;
      },
    });
  }

  /** The pipeline calls this at the end of each request. */
  readonly record = ({ known: { database, principal }, address, countedAs, status }: RequestContext): void => {
    if (database === undefined || principal === undefined || (countedAs.status ?? status) >= 400) return;
    const { consumer } = principal;
    const use = this.#uses.at(database, `${consumer} ${address}`, () => ({ consumer, address, requests: 0 }));
    if (use !== undefined) use.requests += 1;
  };

  stop(): Promise<void> {
    return this.#uses.stop();
  }
}
