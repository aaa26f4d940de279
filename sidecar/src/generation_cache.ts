// A cache that does not keep a value computed while something changed. It is right for the request that asked, but may be out of
// date.

import { LRUCache } from 'lru-cache';

export interface Making<Value> {
  /** Whether nothing was forgotten since `begin`. */
  readonly isCurrent: boolean;
  /** Keeps the value if it is current. */
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

  /** Call before reading anything that the value is made of. */
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

  /** Forgets the values of these ids; null: all. */
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
