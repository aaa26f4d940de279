// Bounds answers that were sent but not yet read by their callers. They take this process's memory, and callers who read slowly,
// or never, must not fill it.

import type { ServerResponse } from 'node:http';

/** A caller that reads no byte for this long has left. */
const stalledMs = 30_000;
/** The most for all answers together, as a number of answers of the largest size. */
const most = 4;

interface Unread {
  readonly response: ServerResponse;
  readonly caller: string;
  readonly bytes: number;
}

export class UnreadAnswers {
  /** In the order in which they were sent. */
  readonly #unread = new Set<Unread>();
  #bytes = 0;

  /**
   * Call once an answer was sent. While there is no room for all, the caller with the most bytes loses its oldest answer. @param
   * caller the party whose answers are counted together @param largest the largest allowed answer in bytes
   */
  hold(response: ServerResponse, caller: string, bytes: number, largest: number): void {
    const { socket } = response;
    // By now, the operating system has taken most answers completely.
    if (socket === null || socket.writableLength === 0) return;
    const unread = { response, caller, bytes };
    this.#unread.add(unread);
    this.#bytes += bytes;
    response.setTimeout(stalledMs, () => response.destroy());
    response.once('close', () => this.#forget(unread));
    while (this.#bytes > most * largest) this.#drop();
  }

  #drop(): void {
    const held = new Map<string, number>();
    for (const { caller, bytes } of this.#unread) held.set(caller, (held.get(caller) ?? 0) + bytes);
    const greatest = Math.max(...held.values());
    for (const unread of this.#unread) {
      if (held.get(unread.caller) !== greatest) continue;
      this.#forget(unread);
      unread.response.destroy();
      return;
    }
  }

  #forget(unread: Unread): void {
    if (this.#unread.delete(unread)) this.#bytes -= unread.bytes;
  }
}
