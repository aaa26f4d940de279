// Limits the memory for bodies in this process, from their first byte until their requests are answered. A caller may use at
// most as many bytes as it leaves free for others. So a single caller gets half of the memory, and a new caller finds room even
// if many others send a lot.

import { GatewayError } from '../errors.ts';

const mebibyte = 1024 * 1024;

export class BodyMemory {
  readonly #most: number;
  readonly #heldBy = new Map<string, number>();
  #held = 0;

  constructor(most = 256 * mebibyte) {
    this.#most = most;
  }

  /**
   * Reserves memory for a body. Throws `request.overloaded` if the caller already uses too much.
   * @param largest the largest allowed body in bytes: two bodies of this size always fit
   */
  hold(caller: string, bytes: number, largest: number): void {
    const most = this.#mostFor(largest);
    const own = (this.#heldBy.get(caller) ?? 0) + bytes;
    if (own > most - this.#held - bytes) {
      const message = `The bodies of your running requests take ${Math.ceil(own / mebibyte)} MiB together. That is too much at the moment. Send fewer large requests at a time.`;
      throw new GatewayError('request.overloaded', { message, headers: ['Connection', 'close'] });
    }
    this.#heldBy.set(caller, own);
    this.#held += bytes;
  }

  /** The most bytes that a caller may use while no other caller uses any. */
  shareOf(largest: number): number {
    return this.#mostFor(largest) / 2;
  }

  release(caller: string, bytes: number): void {
    const left = (this.#heldBy.get(caller) ?? 0) - bytes;
    if (left > 0) this.#heldBy.set(caller, left);
    else this.#heldBy.delete(caller);
    this.#held -= bytes;
  }

  get bytes(): number {
    return this.#held;
  }

  #mostFor(largest: number): number {
    return Math.max(this.#most, 4 * largest);
  }
}
