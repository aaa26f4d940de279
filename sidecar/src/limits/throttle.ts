// Limits per minute, hour and day that are exact across any number of sidecars. `gateway.take()` in SQL counts, and resets
// windows. Requests of a subject that arrive while a statement for it is running join its next one: one statement can serve
// hundreds, and what it grants is distributed in the order of arrival. If a window is known to be used up, requests are refused
// from memory: what is left of a window only shrinks until it starts again, so an old answer may refuse a request but must never
// allow one.

import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Ask, PerWindow, Taken, Window } from '../db/throttle.ts';
import { windows } from '../db/throttle.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import type { Decision } from './decision.ts';
import { decide, sameLimits, smallestLimit, windowMs } from './decision.ts';

export interface ThrottleOptions {
  readonly take: (asks: readonly Ask[]) => Promise<Taken[]>;
  /** Whether known subjects may pass, up to their remembered windows, while Postgres does not answer. */
  readonly trustsMemory: () => boolean;
}

/** How many subjects are remembered. A forgotten one only costs a statement. */
const mostKnown = 50_000;
/** How many callers may wait for a statement. With more, Postgres is not keeping up, and longer waits do not help. */
const mostWaiting = 20_000;
const mostPerStatement = 1_000;
/** Statements at once: while one runs in Postgres, the results of the other are distributed. */
const lanes = 2;
/** Once in this many statements, the row is looked up by key, because only that removes dead row versions from the page. */
const byKeyEvery = 16;
/** If fewer rows than this are waiting, a second statement is not worth its cost. */
const fewestToSplit = 32;
/**
 * If a statement takes longer, Postgres is busy, or must skip many dead row versions that a long transaction of Odoo keeps alive.
 * A pause then lets more callers share the next statement.
 */
const slowMs = 10;
const slowRowMs = 0.5;
const longestPauseMs = 25;
/**
 * For this process, a statement costs as much as two or three requests, so if some are already waiting, more are collected first.
 */
const crowd = 32;
const gatherMs = 2;
/** If Postgres has failed to answer, no request waits for it during this time. */
const retryMs = 250;

/** The last known state of a subject. */
interface Known {
  readonly limits: PerWindow;
  readonly left: Record<Window, number>;
  /** When each window starts again, on the monotonic clock. */
  readonly resetAt: Record<Window, number>;
  readonly place: string | undefined;
}

/** Whether one of the windows had too little left. The window may have been reset since then. */
function mayRefuse({ limits, left }: Known, cost: number): boolean {
  return (
    (left.minute < cost && limits.minute > 0) || (left.hour < cost && limits.hour > 0) || (left.day < cost && limits.day > 0)
  );
}

interface Waiting {
  readonly resolve: (decision: Decision) => void;
  readonly reject: (error: GatewayError) => void;
}

/** Requests of one subject with the same cost and limits. They share one row of a statement. */
interface Group {
  readonly subject: string;
  readonly limits: PerWindow;
  readonly cost: number;
  readonly waiting: Waiting[];
}

export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #known = new LRUCache<string, Known>({ max: mostKnown });
  /** The groups of each waiting subject in the order of their first request. One group per subject is sent at a time. */
  readonly #queues = new Map<string, Group[]>();
  /** The groups to send next: the first of each subject that has no group in flight. */
  #ready: Group[] = [];
  #waiting = 0;
  #inFlight = 0;
  #rowsInFlight = 0;
  #scheduled = false;
  /** Functions that end the pauses in which the lanes collect callers. */
  readonly #gathering = new Set<() => void>();
  #away = false;
  #failedAt = 0;
  /** Counts calls of `forget`. If `forget` is called during a statement, the statement's answer is not remembered. */
  #era = 0;
  /** Totals since the start, for metrics and benches. */
  readonly counts = { statements: 0, rows: 0, fromMemory: 0 };

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /**
   * Charges `cost` to the subject's windows if all of them have that much left, else nothing. Returns a promise only if Postgres
   * must be asked; undefined if there are no limits. Throws or rejects with `throttle.cost`, `throttle.overloaded`, or the error
   * for the database's failure.
   */
  take(subject: string, limits: PerWindow, cost = 1): Decision | Promise<Decision> | undefined {
    const most = smallestLimit(limits);
    if (most === 0) return undefined;
    if (cost > most) throw new GatewayError('throttle.cost', { details: { cost, limit: most } });
    const known = this.#known.get(subject);
    if (known !== undefined && mayRefuse(known, cost)) {
      const decision = this.known(subject, limits, cost);
      if (decision?.allowed === false) {
        this.counts.fromMemory += 1;
        return decision;
      }
    }
    if (this.#away && (this.#inFlight > 0 || performance.now() - this.#failedAt < retryMs)) {
      return this.#whileAway(subject, limits, cost, new GatewayError('database.unavailable'));
    }
    if (this.#waiting >= mostWaiting) throw new GatewayError('throttle.overloaded');
    return new Promise((resolve, reject) => this.#enqueue(subject, limits, cost, { resolve, reject }));
  }

  /** The decision from memory, without the database; undefined if nothing is remembered for these limits. */
  known(subject: string, limits: PerWindow, cost = 1): Decision | undefined {
    const known = this.#known.get(subject);
    if (known === undefined || !sameLimits(known.limits, limits)) return undefined;
    const now = performance.now();
    const left = { minute: 0, hour: 0, day: 0 };
    const resetMs = { minute: 0, hour: 0, day: 0 };
    for (const window of windows) {
      const lasts = known.resetAt[window] - now;
      left[window] = lasts > 0 ? known.left[window] : limits[window];
      resetMs[window] = lasts > 0 ? lasts : windowMs[window];
    }
    return decide(limits, left, resetMs, cost);
  }

  /** Call this when a manager has reset windows, because the remembered ones may refuse wrongly. */
  forget(): void {
    this.#known.clear();
    this.#era += 1;
  }

  get subjectsInMemory(): number {
    return this.#known.size + this.#queues.size;
  }

  #enqueue(subject: string, limits: PerWindow, cost: number, waiting: Waiting): void {
    this.#waiting += 1;
    if (this.#waiting >= crowd) for (const end of this.#gathering) end();
    const queue = this.#queues.get(subject);
    for (const group of queue ?? []) {
      if (group.cost === cost && sameLimits(group.limits, limits)) {
        group.waiting.push(waiting);
        return;
      }
    }
    const group = { subject, limits, cost, waiting: [waiting] };
    if (queue) {
      queue.push(group);
      return;
    }
    this.#queues.set(subject, [group]);
    this.#ready.push(group);
    this.#schedule();
  }

  /** Runs at the end of this turn of the event loop, so that all requests of the turn share a statement. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= lanes || this.#ready.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#sendReady();
    });
  }

  #sendReady(): void {
    const share = Math.max(fewestToSplit, Math.ceil((this.#ready.length + this.#rowsInFlight) / lanes));
    while (this.#inFlight < lanes && this.#ready.length > 0) {
      void this.#send(this.#ready.splice(0, Math.min(share, mostPerStatement)));
    }
  }

  async #send(groups: Group[]): Promise<void> {
    const isAlone = groups.length === 1 && this.counts.statements % byKeyEvery !== 0;
    groups.sort((a, b) => (a.subject < b.subject ? -1 : 1));
    const asks = groups.map(({ subject, limits, cost, waiting }): Ask => {
      // Later requests of the subject start a new group.
      this.#queues.get(subject)?.shift();
      const asked = Math.min(waiting.length, Math.floor(smallestLimit(limits) / cost)) * cost;
      return { subject, asked, cost, limits, place: isAlone ? this.#known.get(subject)?.place : undefined };
    });
    this.#inFlight += 1;
    this.#rowsInFlight += groups.length;
    this.counts.statements += 1;
    this.counts.rows += asks.length;
    const era = this.#era;
    const sentAt = performance.now();
    const callers = groups.reduce((total, { waiting }) => total + waiting.length, 0);
    let overdueMs = 0;
    try {
      const taken = await this.#options.take(asks);
      this.#away = false;
      overdueMs = performance.now() - sentAt - slowMs - slowRowMs * groups.length;
      if (taken.length !== groups.length) throw new GatewayError('internal.error');
      // Postgres works on the next statement while the answers to this statement's requests are written.
      const nextGoesFirst = overdueMs <= 0 && this.#waiting - callers >= crowd / 2;
      if (nextGoesFirst) {
        this.#leaveLane(groups);
        this.#sendReady();
      }
      for (const [index, group] of groups.entries()) this.#handOut(group, taken[index] as Taken, sentAt, era);
      if (nextGoesFirst) return;
    } catch (thrown) {
      this.#fail(groups, asGatewayError(thrown));
    }
    if (overdueMs > 0) await delay(Math.min(overdueMs, longestPauseMs));
    else if (this.#waiting > 0 && this.#waiting < crowd) await this.#gather();
    this.#leaveLane(groups);
  }

  /** Waits until many requests have arrived, or until a moment has passed. */
  async #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, gatherMs);
    this.#gathering.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#gathering.delete(resolve);
  }

  #leaveLane(groups: readonly Group[]): void {
    this.#inFlight -= 1;
    this.#rowsInFlight -= groups.length;
    for (const { subject } of groups) this.#next(subject);
    this.#schedule();
  }

  /** Puts the subject's next group among those to be sent. */
  #next(subject: string): void {
    const [next] = this.#queues.get(subject) ?? [];
    if (next) this.#ready.push(next);
    else this.#queues.delete(subject);
  }

  #handOut(
    { subject, limits, cost, waiting }: Group,
    { granted, left, resetMs, place }: Taken,
    sentAt: number,
    era: number,
  ): void {
    if (era === this.#era) {
      // The age is counted from when the statement was sent, so an answer that took long expires early, and Postgres is asked
      // again.
      const resetAt = { minute: sentAt + resetMs.minute, hour: sentAt + resetMs.hour, day: sentAt + resetMs.day };
      this.#known.set(subject, { limits, left, resetAt, place });
    }
    this.#waiting -= waiting.length;
    const passing = granted / cost;
    // All windows of a group shrink by the same amount, so the window that is tightest after the last request is tightest after
    // each.
    const last = decide(limits, left, resetMs, 0);
    const { allowed, window, limit, resetMs: windowEndsMs } = last;
    const refused = passing < waiting.length ? decide(limits, left, resetMs, cost) : last;
    let before = passing;
    for (const { resolve } of waiting) {
      before -= 1;
      // `last` is not copied by spreading, which would take longer than everything else here.
      if (before >= 0) resolve({ allowed, window, limit, remaining: last.remaining + before * cost, resetMs: windowEndsMs });
      else resolve(refused);
    }
  }

  #fail(groups: readonly Group[], error: GatewayError): void {
    const failed = [...groups];
    if (error.reason === 'database.unavailable') {
      this.#away = true;
      this.#failedAt = performance.now();
      // The waiting requests would only fail in the same way.
      for (const { subject } of this.#ready.splice(0)) {
        failed.push(...(this.#queues.get(subject) ?? []));
        this.#queues.delete(subject);
      }
      for (const queue of this.#queues.values()) failed.push(...queue.splice(0));
    }
    for (const { subject, limits, cost, waiting } of failed) {
      this.#waiting -= waiting.length;
      for (const { resolve, reject } of waiting) {
        try {
          resolve(this.#whileAway(subject, limits, cost, error));
        } catch {
          reject(error);
        }
      }
    }
  }

  /** If the options allow it, charges the remembered windows of a known subject. Otherwise throws `error`. */
  #whileAway(subject: string, limits: PerWindow, cost: number, error: GatewayError): Decision {
    const decision = this.known(subject, limits, cost);
    const known = this.#known.get(subject);
    const now = performance.now();
    const passes = error.reason === 'database.unavailable' && this.#options.trustsMemory();
    if (decision === undefined || known === undefined || !passes) throw error;
    if (!decision.allowed) return decision;
    for (const window of windows) {
      if (known.resetAt[window] <= now) {
        known.left[window] = limits[window];
        known.resetAt[window] = now + windowMs[window];
      }
      known.left[window] -= cost;
    }
    return decision;
  }
}
