// Limits answers that have been sent but not yet read by their callers. Such answers use this process's memory, and callers
// that read slowly, or never, must not exhaust it.

import type { ServerResponse } from 'node:http';

/** A caller that reads no byte for this long counts as disconnected. */
const stalledMs = 30_000;
/** The maximum for all answers together, as a multiple of the largest allowed answer. */
const most = 4;

interface Unread {
  readonly response: ServerResponse;
  readonly caller: string;
  readonly bytes: number;
}

export class UnreadAnswers {
  /** The unread answers in the order in which they were sent. */
  readonly #unread = new Set<Unread>();
  #bytes = 0;

  /**
   * Call this once an answer has been sent. If there is not enough room for all, the caller with the most bytes loses its oldest
   * answer. @param caller the party whose answers are counted together @param largest the largest allowed answer in bytes
   */
  hold(response: ServerResponse, caller: string, bytes: number, largest: number): void {
    const { socket } = response;
    // In most cases, the operating system has accepted the whole answer by now.
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
