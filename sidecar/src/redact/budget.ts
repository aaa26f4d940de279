// Limits the search for secrets in one request, so that callers cannot make it take a long time.

/** The budget for values that are searched for secrets, in characters. */
export const mostLearned = 262_144;
/** Looking for a secret after one name costs as much as skipping this many characters. */
export const costOfName = 200;
/** The cost of a value in addition to its characters. */
const costOfValue = 8;

export class Budget {
  #left: number;

  constructor(characters: number) {
    this.#left = characters;
  }

  get left(): number {
    return this.#left;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** Returns false if not enough is left. */
  spend(characters: number): boolean {
    this.#left -= characters;
    return this.#left >= 0;
  }
}

/** The cost of parsed JSON; counting stops above `most`. */
export function costOf(value: unknown, most: number): number {
  const open: unknown[] = [value];
  let cost = 0;
  while (open.length > 0 && cost <= most) {
    const one = open.pop();
    cost += costOfValue;
    if (typeof one === 'string') cost += one.length;
    if (typeof one !== 'object' || one === null) continue;
    const names = Array.isArray(one) ? [] : Object.keys(one);
    const items: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
    if (items.length * costOfValue > most) return most + 1;
    for (const name of names) cost += name.length;
    for (const item of items) open.push(item);
  }
  return cost;
}
