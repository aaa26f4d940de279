// A cache that does not store a value computed while something changed. Such a value is right for the request that asked, but may
// already be out of date.

import { LRUCache } from 'lru-cache';

export interface Making<Value> {
  /** Whether nothing has been dropped since `begin`. */
  readonly isCurrent: boolean;
  /** Stores the value if it is current. */
  keep(value: Value): void;
}

export class GenerationCache<Value extends object | number> {
  readonly #kept: LRUCache<string, Value>;
  #generation = 0;

  constructor(options: LRUCache.Options<string, Value, unknown>) {
    this.#kept = new LRUCache(options);
  }

  get(key: string): Value | undefined {
    return this.#kept.get(key);
  }

  /** Call this before reading anything from which the value is computed. */
  begin(key: string): Making<Value> {
    const isCurrent = (
      (generation: number) => () =>
        generation === this.#generation
    )(this.#generation);
    return {
      get isCurrent() {
        return isCurrent();
      },
      keep: (value) => {
        if (isCurrent()) this.#kept.set(key, value);
      },
    };
  }

  /** Drops the values of these ids; null drops all values. */
  forget(ids: readonly number[] | null, idOf: (value: Value) => number): void {
    if (ids === null) {
      this.clear();
      return;
    }
    this.#generation += 1;
    const gone = new Set(ids);
    for (const [key, value] of this.#kept.entries()) if (gone.has(idOf(value))) this.#kept.delete(key);
  }

  clear(): void {
    this.#generation += 1;
    this.#kept.clear();
  }
}
