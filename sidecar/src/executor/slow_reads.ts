// Remembers slow reads: they are sent by themselves, so that no other reads wait for them in the same body. A kind of read counts
// as slow after one slow read. It stops counting as slow after a fast read (the slow one may have hit a worker that had just
// started), or after a minute without a slow read.

import { LRUCache } from 'lru-cache';
import type { Operation } from './operations.ts';

/** Milliseconds in Odoo; a typical read takes 1 to 20. */
const slowMs = 100;
const rememberedMs = 60_000;

export class SlowReads {
  readonly #kinds = new LRUCache<string, true>({ max: 1_000, ttl: rememberedMs });

  record(operations: readonly Operation[], ms: number): void {
    if (ms > slowMs) this.#kinds.set(kindOf(operations), true);
    else if (this.#kinds.size > 0) this.#kinds.delete(kindOf(operations));
  }

  has(operations: readonly Operation[]): boolean {
    return this.#kinds.size > 0 && this.#kinds.has(kindOf(operations));
  }
}

/** The kind of a read: model, fields and number of records, but not which records. */
function kindOf(operations: readonly Operation[]): string {
  return JSON.stringify(operations, (name, value: unknown) =>
    name === 'ids' || name === 'offset' || name === 'after' ? undefined : value,
  );
}
