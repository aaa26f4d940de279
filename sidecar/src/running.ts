// Counts simultaneous work per holder: requests, exports, streams.

export class Running {
  readonly #of = new Map<string, number>();
  #all = 0;

  /**
   * Registers the beginning of work, and returns a function to call once at its end. Returns undefined if the holder already
   * has `most` running, or all holders together have `mostOfAll`.
   */
  begin(holder: string, most: number, mostOfAll = Number.POSITIVE_INFINITY): (() => void) | undefined {
    const own = this.#of.get(holder) ?? 0;
    if (own >= most || this.#all >= mostOfAll) return undefined;
    this.#of.set(holder, own + 1);
    this.#all += 1;
    return () => {
      const left = (this.#of.get(holder) ?? 1) - 1;
      if (left > 0) this.#of.set(holder, left);
      else this.#of.delete(holder);
      this.#all -= 1;
    };
  }
}
