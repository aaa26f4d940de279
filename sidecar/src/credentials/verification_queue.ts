// Limits checks that need a hash: of Odoo keys here, of passwords in Odoo. A caller can cause any number of them, and each takes
// milliseconds of CPU time. At most `concurrency` of them run at once. A limited number of further checks wait for a limited
// time and take turns. All others are refused at once. Printed reports take turns in the same way.

import type { Reason } from '../errors.ts';
import { GatewayError } from '../errors.ts';
import { FairQueue } from '../fair_queue.ts';

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
  readonly refuse: (error: GatewayError) => void;
}

export class VerificationQueue {
  readonly #concurrency: number;
  readonly #longestWaitMs: number;
  readonly #waiting: FairQueue<Waiting>;
  readonly #refusal: Reason;
  #running = 0;
  #begun = 0;

  constructor(options: { concurrency: number; mostWaiting: number; longestWaitMs: number; refusal?: Reason }) {
    this.#refusal = options.refusal ?? 'auth.overloaded';
    this.#concurrency = options.concurrency;
    this.#longestWaitMs = options.longestWaitMs;
    this.#waiting = new FairQueue(options.mostWaiting);
  }

  /** `hashed`: the number of hashes since the start. */
  get load(): { readonly hashed: number; readonly waiting: number } {
    return { hashed: this.#begun, waiting: this.#waiting.size };
  }

  /**
   * @param from the parties that take turns: the database, then the caller's network
   * @param reserve called when it is this check's turn; if it rejects, nothing is hashed, and its error is the answer
   * Rejects with the refusal, by default `auth.overloaded`, when too many checks wait, or when this one has waited too long.
   */
  async run<T>(from: readonly [string, string], reserve: () => Promise<void>, hash: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await this.#turn(from);
    else this.#running += 1;
    try {
      await reserve();
      this.#begun += 1;
      return await hash();
    } finally {
      this.#passOn();
    }
  }

  #turn(from: readonly string[]): Promise<void> {
    return new Promise((begin, refuse) => {
      const leaving = this.#waiting.push(from, { since: performance.now(), begin, refuse });
      leaving?.refuse(new GatewayError(this.#refusal));
    });
  }

  /** Passes this slot to the next waiting check that has not waited too long. */
  #passOn(): void {
    const oldest = performance.now() - this.#longestWaitMs;
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      if (next.since >= oldest) {
        next.begin();
        return;
      }
      next.refuse(new GatewayError(this.#refusal));
    }
    this.#running -= 1;
  }
}
