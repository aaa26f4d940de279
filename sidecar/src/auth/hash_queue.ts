// Password hashing is the one thing a caller can make this process do that costs milliseconds of a core. At most
// `concurrency` hashes run at once, so that a core is left for the event loop; a bounded number waits, for a bounded
// time; the rest is refused before it costs anything.

import { GatewayError } from '../errors.ts';

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
  readonly refuse: (error: GatewayError) => void;
}

export class HashQueue {
  readonly #concurrency: number;
  readonly #mostWaiting: number;
  readonly #longestWaitMs: number;
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(options: { concurrency: number; mostWaiting: number; longestWaitMs: number }) {
    this.#concurrency = options.concurrency;
    this.#mostWaiting = options.mostWaiting;
    this.#longestWaitMs = options.longestWaitMs;
  }

  /** Rejects with `auth.overloaded` when too many wait, or when it waited too long. */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await this.#turn();
    else this.#running += 1;
    try {
      return await hash();
    } finally {
      this.#passOn();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) throw new GatewayError('auth.overloaded');
    return new Promise((begin, refuse) => this.#waiting.push({ since: performance.now(), begin, refuse }));
  }

  /** Hands this place to the first that waits and is still in time. */
  #passOn(): void {
    const oldest = performance.now() - this.#longestWaitMs;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.since >= oldest) {
        next.begin();
        return;
      }
      next.refuse(new GatewayError('auth.overloaded'));
    }
    this.#running -= 1;
  }
}
