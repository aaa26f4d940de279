// Which reads take long: they travel alone, so that no others wait for them in the same body. Known by what they ask for,
// once one of their kind was slow; forgotten when one was not (the first one may only have met a worker that had just
// started), or after a minute without another.

import { LRUCache } from 'lru-cache';
import type { Operation } from './operations.ts';

/** In Odoo's hands; a usual read takes 1 to 20. */
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

/** What is read and how much of it; not which records, nor where they stand in the list. */
function kindOf(operations: readonly Operation[]): string {
  return JSON.stringify(operations, (name, value: unknown) =>
    name === 'ids' || name === 'offset' || name === 'after' ? undefined : value,
  );
}
