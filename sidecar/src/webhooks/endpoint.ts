// One sidecar's share of one webhook: its claimed jobs, chained by record, with a limited number of requests at once. A record's
// next job is sent only when the previous one has been accepted. A crashed sidecar or an expired lease may cause an event to be
// delivered twice, but the first deliveries of a record's events come in order.

import type { Job, Result, Webhook } from '../db/webhooks.ts';

/** A job that can be sent. */
export interface Ready {
  readonly job: Job;
  readonly body: string;
}

export interface EndpointOptions {
  readonly webhook: Webhook;
  /** After this many failures in a row, unsent jobs are released. */
  readonly mostFailures: () => number;
  readonly send: (webhook: Webhook, ready: Ready) => Promise<Result>;
  readonly report: (result: Result) => void;
  /** Called when there is room for more jobs. */
  readonly onRoom: () => void;
}

/** The most claimed jobs at once: enough to keep the requests going while the next jobs are claimed and read. */
const mostHeld = 200;
const refillBelow = 100;
/**
 * How long the endpoint rests after too many failures: long enough to record them. After that, Postgres decides whether the
 * circuit breaker is open.
 */
const restMs = 1_000;

export class Endpoint {
  webhook: Webhook;
  readonly #options: EndpointOptions;
  readonly #held = new Set<number>();
  /** Jobs that can be sent now, in order of arrival: no other job of their record is being sent. */
  readonly #waiting = new Map<string, Ready[]>();
  /** Jobs that wait for a running request of the same record. */
  readonly #busy = new Map<string, Ready[]>();
  #preparing = 0;
  #failures = 0;
  #restsUntil = 0;
  #wantsMore = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.webhook = options.webhook;
  }

  /** How many jobs may be claimed now. */
  get room(): number {
    if (this.#stopped || this.#rests() || this.#preparing > 0 || this.#held.size >= refillBelow) return 0;
    return mostHeld - this.#held.size;
  }

  /** Call this if more jobs may be due than could be claimed. `onRoom` is called as soon as there is room. */
  wantMore(): void {
    this.#wantsMore = true;
  }

  get held(): ReadonlySet<number> {
    return this.#held;
  }

  /** Registers claimed jobs whose bodies are being built. */
  hold(jobs: readonly Job[]): void {
    this.#preparing += 1;
    for (const job of jobs) this.#held.add(job.id);
  }

  /** Accepts held jobs that can now be sent. */
  push(ready: readonly Ready[]): void {
    this.#preparing -= 1;
    for (const item of ready) {
      // Too many failures may have been counted since the claim.
      if (this.#stopped || this.#rests()) {
        this.release(item.job, 0);
        continue;
      }
      const place = chainOf(item.job);
      const chain = this.#busy.get(place) ?? this.#waiting.get(place);
      if (chain) chain.push(item);
      else this.#waiting.set(place, [item]);
    }
    this.#fill();
    this.#settle();
  }

  /** Releases a held job without an attempt. */
  release(job: Job, retryAfterSeconds: number): void {
    this.#finish({ job: job.id, outcome: 'released', retry_after: retryAfterSeconds });
  }

  /** Reports a held job that cannot be sent. */
  refuse(job: Job, error: string): void {
    this.#finish({ job: job.id, outcome: 'failed', status: null, error });
  }

  /** Releases unsent jobs. Resolves when no request is running any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#releaseWaiting();
    return this.#isIdle() ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #fill(): void {
    for (const [place, chain] of this.#waiting) {
      if (this.#busy.size >= this.webhook.concurrency) return;
      this.#waiting.delete(place);
      this.#busy.set(place, chain);
      void this.#deliver(place, chain);
    }
  }

  async #deliver(place: string, chain: Ready[]): Promise<void> {
    const next = chain.shift();
    if (next === undefined) return;
    const result = await this.#send(next);
    this.#finish(result);
    this.#busy.delete(place);
    if (result.outcome === 'delivered') {
      this.#failures = 0;
      if (chain.length > 0) this.#waiting.set(place, chain);
    } else {
      this.#failures += 1;
      // The other jobs of the record wait behind the one that failed.
      for (const { job } of chain) this.release(job, 0);
    }
    if (this.#failures >= this.#options.mostFailures()) {
      this.#restsUntil = performance.now() + restMs;
      this.#releaseWaiting();
    } else if (this.#stopped) {
      this.#releaseWaiting();
    }
    this.#fill();
    this.#settle();
  }

  /** Any error with a job is a failed attempt of this job only. */
  async #send(ready: Ready): Promise<Result> {
    try {
      return await this.#options.send(this.webhook, ready);
    } catch (error) {
      return { job: ready.job.id, outcome: 'failed', status: null, error: `Not sent: ${String(error)}`.slice(0, 500) };
    }
  }

  #finish(result: Result): void {
    this.#held.delete(result.job);
    this.#options.report(result);
  }

  #releaseWaiting(): void {
    for (const chains of [this.#waiting, this.#stopped ? this.#busy : new Map<string, Ready[]>()]) {
      for (const chain of chains.values()) for (const { job } of chain.splice(0)) this.release(job, 0);
    }
    this.#waiting.clear();
  }

  #rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  #settle(): void {
    if (this.#wantsMore && this.room > 0) {
      this.#wantsMore = false;
      this.#options.onRoom();
    }
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #isIdle(): boolean {
    return this.#busy.size === 0 && this.#waiting.size === 0 && this.#preparing === 0;
  }
}

/** Test events need no order. */
function chainOf(job: Job): string {
  return job.event === 'test' ? `test ${job.id}` : String(job.resId);
}
