// How many of Odoo's slots a caller may hold. If it is alone, all of them. While others are active, a caller whose calls take
// long leaves a worker to them, and so does one that has not shown yet that its calls do not: taking turns would not help
// those who wait for a slot that ends in half a minute. Callers that took long over and over leave it together, however many
// they are.

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
/** A call that takes longer is counted against its caller in full. What is counted wears off at a tenth of the time's pace. */
const countedFromMs = 500;
/** With more than this a caller is slow: a report now and then is nothing. */
const bearableMs = 5_000;
const mostCountedMs = bearableMs + longestMs / times;

interface Pace {
  good: number;
  /** Time counted against it, at that moment on the monotonic clock. */
  countedMs: number;
  countedAt: number;
  /** Of its slowest call lately. */
  ms: number;
  /** On the monotonic clock. */
  until: number;
}

export class CallerPaces {
  readonly #slots: number;
  readonly #paces = new LRUCache<string, Pace>({ max: 10_000, ttl: longestMs });
  /** The caller that came last, when it came, and when another one last came. */
  #latest = '';
  #latestAt = Number.NEGATIVE_INFINITY;
  #otherAt = Number.NEGATIVE_INFINITY;
  /** When the last one came that is not slow. */
  #ordinaryAt = Number.NEGATIVE_INFINITY;

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
    if (!this.isSlow(caller)) this.#ordinaryAt = this.#latestAt;
  }

  /** @param ms that a call took in Odoo */
  record(caller: string, ms: number): void {
    const now = performance.now();
    const pace = this.#paces.get(caller) ?? { good: 0, countedMs: 0, countedAt: now, ms: 0, until: 0 };
    if (ms >= pace.ms || pace.until <= now) {
      pace.ms = ms;
      pace.until = now + Math.min(Math.max(rememberedMs, times * ms), longestMs);
    }
    if (ms <= longMs) pace.good += 1;
    pace.countedMs = Math.min(countedOf(pace) + (ms > countedFromMs ? ms : 0), mostCountedMs);
    pace.countedAt = now;
    this.#paces.set(caller, pace);
  }

  /** Of those that it holds itself. */
  mostSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    const expectedMs = Math.max(slowestOf(pace), isKnown(pace) ? 0 : unknownMs);
    if (expectedMs <= slowMs) return this.#slots;
    return this.#areOthersAbout(caller, expectedMs) ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** Of those that hold calls which take long, its own or others': with so many, it waits. */
  mostSlowSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    if (!this.isSlow(caller)) {
      const isInTheWay = !isKnown(pace) && this.#areOthersAbout(caller, unknownMs);
      return isInTheWay ? Math.max(1, this.#slots - 1) : this.#slots;
    }
    const areOrdinaryAbout = performance.now() - this.#ordinaryAt <= Math.min(times * slowestOf(pace), longestMs);
    return areOrdinaryAbout ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** Whether its calls took long over and over. */
  isSlow(caller: string): boolean {
    const pace = this.#paces.get(caller);
    return pace !== undefined && countedOf(pace) > bearableMs;
  }

  #areOthersAbout(caller: string, expectedMs: number): boolean {
    const othersAt = caller === this.#latest ? this.#otherAt : this.#latestAt;
    return performance.now() - othersAt <= Math.min(times * expectedMs, longestMs);
  }

  /** Whether its calls may keep those waiting that travel with them. */
  isLong(caller: string): boolean {
    return slowestOf(this.#paces.get(caller)) > longMs;
  }
}

function isKnown(pace: Pace | undefined): boolean {
  return pace !== undefined && pace.good >= goodCalls;
}

function countedOf({ countedMs, countedAt }: Pace): number {
  return Math.max(0, countedMs - (performance.now() - countedAt) / times);
}

function slowestOf(pace: Pace | undefined): number {
  return pace === undefined || pace.until <= performance.now() ? 0 : pace.ms;
}
