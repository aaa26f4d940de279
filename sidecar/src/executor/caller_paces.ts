// How many of Odoo's slots one caller may hold. Alone, all of them. While others are about, a caller whose calls take long
// leaves a worker to them, and so does one that has not shown yet that its calls do not: turns alone would not help who waits
// for a slot that ends in half a minute.

import { LRUCache } from 'lru-cache';

/** In the ORM, of one call; a usual one takes 1 to 20. Who takes no longer is in nobody's way. */
const slowMs = 100;
/** So long that it travels with no other caller's. */
const longMs = 1_000;
/** What is expected of a caller that has not had so many calls yet that were not long. */
const unknownMs = 500;
const goodCalls = 20;
/**
 * Others are about when they came within so many times as long as the caller's calls take; so long, too, its slowest
 * call is remembered. Within these bounds.
 */
const times = 10;
const rememberedMs = 10_000;
const longestMs = 60_000;

interface Pace {
  good: number;
  /** Of its slowest call lately. */
  ms: number;
  /** On the monotonic clock. */
  until: number;
}

export class CallerPaces {
  readonly #slots: number;
  readonly #paces = new LRUCache<string, Pace>({ max: 10_000, ttl: longestMs });
  /** Who came last, when, and when the last one came that was another. */
  #latest = '';
  #latestAt = Number.NEGATIVE_INFINITY;
  #otherAt = Number.NEGATIVE_INFINITY;

  /** @param slots one more than Odoo has workers for us */
  constructor(slots: number) {
    this.#slots = slots;
  }

  /** A call of the caller arrives. */
  sees(caller: string): void {
    if (caller !== this.#latest) {
      this.#otherAt = this.#latestAt;
      this.#latest = caller;
    }
    this.#latestAt = performance.now();
  }

  /** @param ms that a call took in Odoo */
  record(caller: string, ms: number): void {
    const now = performance.now();
    const pace = this.#paces.get(caller) ?? { good: 0, ms: 0, until: 0 };
    if (ms >= pace.ms || pace.until <= now) {
      pace.ms = ms;
      pace.until = now + Math.min(Math.max(rememberedMs, times * ms), longestMs);
    }
    if (ms <= longMs) pace.good += 1;
    this.#paces.set(caller, pace);
  }

  mostSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    const isKnown = pace !== undefined && pace.good >= goodCalls;
    const expectedMs = Math.max(slowestOf(pace), isKnown ? 0 : unknownMs);
    if (expectedMs <= slowMs) return this.#slots;
    const othersAt = caller === this.#latest ? this.#otherAt : this.#latestAt;
    const areOthersAbout = performance.now() - othersAt <= Math.min(times * expectedMs, longestMs);
    return areOthersAbout ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** Whether its calls may keep those waiting that travel with them. */
  isLong(caller: string): boolean {
    return slowestOf(this.#paces.get(caller)) > longMs;
  }
}

function slowestOf(pace: Pace | undefined): number {
  return pace === undefined || pace.until <= performance.now() ? 0 : pace.ms;
}
