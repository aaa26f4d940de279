// Answers that were sent and that their callers have not taken yet. They stand in this process's memory: a caller who
// reads slowly, or not at all, must not fill it.

import type { ServerResponse } from 'node:http';

/** Without a byte taken for so long, a caller has left. */
const stalledMs = 30_000;
/** Of all answers together, in answers of the largest size. */
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
   * Call once an answer was sent. While there is no room for all, the caller with the most of it loses its oldest answer.
   * @param caller by whom answers are counted
   * @param largest how many bytes one answer may have
   */
  hold(response: ServerResponse, caller: string, bytes: number, largest: number): void {
    const { socket } = response;
    // Most answers are in the hands of the system by now, whole.
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
