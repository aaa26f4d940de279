// Decides when Odoo compiles. No request waits for this. To keep a flood of new shapes from occupying workers, shapes are
// compiled one at a time, with a pause after each that is a multiple of the time it took.

import { LRUCache } from 'lru-cache';

/** With this factor, compiling takes at most a quarter of one worker. */
const pauseFactor = 3;
/**
 * The longest pause. Without this limit, a compilation that is slow by accident, such as when a worker has to start first, would
 * cause a long pause.
 */
const longestPauseMs = 2_000;
const rememberedShapes = 5_000;
/** While calls wait for Odoo, a shape is compiled only after this many requests for it. */
const asksWhileBusy = 2;

export class Compiler {
  readonly #isBusy: () => boolean;
  readonly #asks = new LRUCache<string, number>({ max: rememberedShapes });
  #isCompiling = false;
  #restsUntil = 0;
  #compiled = 0;

  /** @param isBusy whether calls wait for Odoo */
  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** The number of compilations requested from Odoo. */
  get compiled(): number {
    return this.#compiled;
  }

  /**
   * Call this when a request needs a shape without a plan. Compiles the shape in the background, unless another compilation or the
   * pause after it is still in progress. `compile` must not throw.
   */
  consider(key: string, compile: () => Promise<void>): void {
    const asks = (this.#asks.get(key) ?? 0) + 1;
    this.#asks.set(key, asks);
    if (this.#isCompiling || performance.now() < this.#restsUntil) return;
    if (this.#isBusy() && asks < asksWhileBusy) return;
    this.#asks.delete(key);
    this.#isCompiling = true;
    this.#compiled += 1;
    const startedAt = performance.now();
    void compile().finally(() => {
      const endedAt = performance.now();
      this.#restsUntil = endedAt + Math.min(longestPauseMs, pauseFactor * (endedAt - startedAt));
      this.#isCompiling = false;
    });
  }
}
