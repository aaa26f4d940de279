// Allows occasional checks of unverified credentials from a blocked address. A sidecar that has just started knows no callers,
// and callers at that address with a valid credential must be able to get in.

import { LRUCache } from 'lru-cache';

/** Checks per second for one network. Each costs an indexed read and at most one hash. */
const mostPerSecond = 4;
const mostNetworks = 10_000;

export class RareLooks {
  readonly #looked = new LRUCache<string, number>({ max: mostNetworks, ttl: 1_000, noUpdateTTL: true });

  /** Whether the network may have another check now. If so, that check is used up. */
  take(network: string): boolean {
    const looked = this.#looked.get(network) ?? 0;
    if (looked >= mostPerSecond) return false;
    this.#looked.set(network, looked + 1);
    return true;
  }
}
