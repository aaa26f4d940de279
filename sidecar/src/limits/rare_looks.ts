// From a blocked address a credential that nobody has verified yet is looked at now and then: a sidecar that has just
// started knows no caller, and those behind the address that hold a valid one must get in.

import { LRUCache } from 'lru-cache';

/** Of one network; each costs an indexed read, and at most one hash. */
const mostPerSecond = 4;
const mostNetworks = 10_000;

export class RareLooks {
  readonly #looked = new LRUCache<string, number>({ max: mostNetworks, ttl: 1_000, noUpdateTTL: true });

  /** Whether the network may have another look now; takes it. */
  take(network: string): boolean {
    const looked = this.#looked.get(network) ?? 0;
    if (looked >= mostPerSecond) return false;
    this.#looked.set(network, looked + 1);
    return true;
  }
}
