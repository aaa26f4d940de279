// Decides how many of Odoo's slots a caller may hold. If no other caller is active, it may hold all. Otherwise a caller with slow
// calls may not use the last worker, and neither may a new caller, because its calls may be slow. Taking turns would not be enough:
// others could wait half a minute for a slot. Callers that are repeatedly slow share this restriction: all of them together may not
// use the last worker.

import { LRUCache } from 'lru-cache';

/**
 * Milliseconds of one call in the ORM; a typical call takes 1 to 20. Callers whose calls are shorter than this do not delay others.
 */
const slowMs = 100;
/** Calls longer than this are not sent together with other callers' calls. */
const longMs = 1_000;
/** The calls of a new caller are assumed to take `unknownMs`, until `goodCalls` of its calls have taken at most `longMs`. */
const unknownMs = 500;
const goodCalls = 20;
/**
 * A multiple of the duration of a caller's calls. Others that called within this time count as active, and the caller's slowest
 * call is remembered for this time. Neither time exceeds `longestMs`, and a call is remembered for at least `rememberedMs`.
 */
const times = 10;
const rememberedMs = 10_000;
const longestMs = 60_000;
/** If a call takes longer than this, its duration is added to its caller's count, which decreases by 0.1 s per second. */
const countedFromMs = 500;
/** A caller with a higher count is slow. Running an occasional report does not lead to such a count. */
const bearableMs = 5_000;
const mostCountedMs = bearableMs + longestMs / times;

interface Pace {
  good: number;
  /** The count at the time `countedAt`, on the monotonic clock. */
  countedMs: number;
  countedAt: number;
  /** The duration of the caller's slowest recent call. */
  ms: number;
  /** On the monotonic clock. */
  until: number;
}

export class CallerPaces {
  readonly #slots: number;
  readonly #paces = new LRUCache<string, Pace>({ max: 10_000, ttl: longestMs });
  /** The caller of the latest call, the time of that call, and the time of the latest call by any other caller. */
  #latest = '';
  #latestAt = Number.NEGATIVE_INFINITY;
  #otherAt = Number.NEGATIVE_INFINITY;
  /** The time of the latest call by a caller that is not slow. */
  #ordinaryAt = Number.NEGATIVE_INFINITY;

  /** @param slots one more than the number of Odoo's workers */
  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Call this when a call of the caller arrives. */
  sees(caller: string): void {
    if (caller !== this.#latest) {
      this.#otherAt = this.#latestAt;
      this.#latest = caller;
    }
    this.#latestAt = performance.now();
    if (!this.isSlow(caller)) this.#ordinaryAt = this.#latestAt;
  }

  /** @param ms the duration of a call in Odoo */
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

  /** The most slots that the caller may hold. */
  mostSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    const expectedMs = Math.max(slowestOf(pace), isKnown(pace) ? 0 : unknownMs);
    if (expectedMs <= slowMs) return this.#slots;
    return this.#areOthersAbout(caller, expectedMs) ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** The caller waits while slow calls, of any caller, occupy this many slots. */
  mostSlowSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    if (!this.isSlow(caller)) {
      const isInTheWay = !isKnown(pace) && this.#areOthersAbout(caller, unknownMs);
      return isInTheWay ? Math.max(1, this.#slots - 1) : this.#slots;
    }
    const areOrdinaryAbout = performance.now() - this.#ordinaryAt <= Math.min(times * slowestOf(pace), longestMs);
    return areOrdinaryAbout ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** Whether the caller's calls were repeatedly slow. */
  isSlow(caller: string): boolean {
    const pace = this.#paces.get(caller);
    return pace !== undefined && countedOf(pace) > bearableMs;
  }

  #areOthersAbout(caller: string, expectedMs: number): boolean {
    const othersAt = caller === this.#latest ? this.#otherAt : this.#latestAt;
    return performance.now() - othersAt <= Math.min(times * expectedMs, longestMs);
  }

  /** Whether the caller's calls may delay others that are sent with them. */
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
