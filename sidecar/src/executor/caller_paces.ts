// Decides how many of Odoo's slots a caller may hold. A caller without others may hold all. While others are active, a caller
// with slow calls leaves a worker to them, and so does a new one, whose calls may be slow: taking turns does not help those who
// wait for a slot that ends in half a minute. Callers that are slow again and again leave that worker together, however many they
// are.

import { LRUCache } from 'lru-cache';

/** Milliseconds of one call in the ORM; a usual one takes 1 to 20. Callers below this are in nobody's way. */
const slowMs = 100;
/** Calls longer than this do not travel with other callers' calls. */
const longMs = 1_000;
/** A caller counts as slow until it has had this many calls that were not long. */
const unknownMs = 500;
const goodCalls = 20;
/**
 * Others count as active if they came within this multiple of the time that the caller's calls take. Its slowest call is
 * remembered for the same time. Both are held within these bounds.
 */
const times = 10;
const rememberedMs = 10_000;
const longestMs = 60_000;
/** A call that takes longer counts against its caller in full. The count decays at a tenth of the pace of time. */
const countedFromMs = 500;
/** With more than this, a caller is slow. An occasional report does not reach it. */
const bearableMs = 5_000;
const mostCountedMs = bearableMs + longestMs / times;

interface Pace {
  good: number;
  /** The time counted against it, as of a moment on the monotonic clock. */
  countedMs: number;
  countedAt: number;
  /** The duration of its slowest recent call. */
  ms: number;
  /** On the monotonic clock. */
  until: number;
}

export class CallerPaces {
  readonly #slots: number;
  readonly #paces = new LRUCache<string, Pace>({ max: 10_000, ttl: longestMs });
  /** The caller that came last, the time it came, and the time that another one last came. */
  #latest = '';
  #latestAt = Number.NEGATIVE_INFINITY;
  #otherAt = Number.NEGATIVE_INFINITY;
  /** The time when the last caller came that is not slow. */
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

  /** The most slots that the caller may hold. */
  mostSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    const expectedMs = Math.max(slowestOf(pace), isKnown(pace) ? 0 : unknownMs);
    if (expectedMs <= slowMs) return this.#slots;
    return this.#areOthersAbout(caller, expectedMs) ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** When this many slots hold slow calls, its own or others', it waits. */
  mostSlowSlots(caller: string): number {
    const pace = this.#paces.get(caller);
    if (!this.isSlow(caller)) {
      const isInTheWay = !isKnown(pace) && this.#areOthersAbout(caller, unknownMs);
      return isInTheWay ? Math.max(1, this.#slots - 1) : this.#slots;
    }
    const areOrdinaryAbout = performance.now() - this.#ordinaryAt <= Math.min(times * slowestOf(pace), longestMs);
    return areOrdinaryAbout ? Math.max(1, this.#slots - 2) : this.#slots;
  }

  /** Whether its calls were slow again and again. */
  isSlow(caller: string): boolean {
    const pace = this.#paces.get(caller);
    return pace !== undefined && countedOf(pace) > bearableMs;
  }

  #areOthersAbout(caller: string, expectedMs: number): boolean {
    const othersAt = caller === this.#latest ? this.#otherAt : this.#latestAt;
    return performance.now() - othersAt <= Math.min(times * expectedMs, longestMs);
  }

  /** Whether its calls may delay others that travel with them. */
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
