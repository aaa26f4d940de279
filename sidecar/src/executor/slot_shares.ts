// Counts the Odoo slots of each caller, and decides which caller may take another (`caller_paces.ts`).

import type { CallerPaces } from './caller_paces.ts';

/** An exchange that has kept its slot for longer than this counts as slow, for all its callers. */
const slowAfterMs = 500;

interface Exchange {
  readonly callers: ReadonlySet<string>;
  readonly since: number;
}

export class SlotShares {
  readonly #paces: CallerPaces;
  readonly #exchanges = new Set<Exchange>();
  /** How many slots each caller holds; callers without a slot are not in the map. */
  readonly #held = new Map<string, number>();

  constructor(paces: CallerPaces) {
    this.#paces = paces;
  }

  /** Counts an exchange of these callers. Call the returned function when the exchange has ended. */
  take(callers: ReadonlySet<string>): () => void {
    const exchange = { callers, since: performance.now() };
    this.#exchanges.add(exchange);
    for (const caller of callers) this.#held.set(caller, (this.#held.get(caller) ?? 0) + 1);
    return () => {
      this.#exchanges.delete(exchange);
      for (const caller of callers) {
        const left = (this.#held.get(caller) ?? 1) - 1;
        if (left > 0) this.#held.set(caller, left);
        else this.#held.delete(caller);
      }
    };
  }

  mayHoldMore(caller: string): boolean {
    const held = this.#held.get(caller);
    if (held !== undefined && held >= this.#paces.mostSlots(caller)) return false;
    const most = this.#paces.mostSlowSlots(caller);
    return this.#exchanges.size < most || this.#slowSlots() < most;
  }

  #slowSlots(): number {
    const slowSince = performance.now() - slowAfterMs;
    let slow = 0;
    for (const { callers, since } of this.#exchanges) {
      if (since <= slowSince || [...callers].some((caller) => this.#paces.isSlow(caller))) slow += 1;
    }
    return slow;
  }
}
