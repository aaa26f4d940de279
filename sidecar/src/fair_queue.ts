// A queue in which parties take turns. Each item has a path, such as database, user, consumer. Databases take turns, and so do the
// users in a database and the consumers of a user. A consumer's items are served in the order of arrival. Nobody gains by sending
// more than others. The places in the queue are shared in the same way: anyone may use free places, but if all are taken, the party
// with the most places loses one to a party with fewer. Maps and sets preserve insertion order, and a served party moves to the
// end. Taking an item costs one step per level, and one for each item that is skipped. All branches of a level are examined only
// when the queue is full.

interface Branch<Item> {
  readonly parent: Branch<Item> | undefined;
  readonly key: string;
  /** The number of items below this node. */
  size: number;
  readonly branches: Map<string, Branch<Item>>;
  readonly items: Set<Item>;
}

export class FairQueue<Item extends object> {
  readonly #most: number;
  readonly #root: Branch<Item> = branchOf(undefined, '');
  readonly #leafOf = new Map<Item, Branch<Item>>();

  /** @param most how many items may wait in total */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#leafOf.size;
  }

  /** How many items wait below this path. */
  sizeOf(path: readonly string[]): number {
    let branch: Branch<Item> | undefined = this.#root;
    for (const key of path) branch = branch?.branches.get(key);
    return branch?.size ?? 0;
  }

  /**
   * @param path all paths have the same length
   * @returns the item that has to leave if the queue was full: the newest of the party with the most items, possibly this one
   */
  push(path: readonly string[], item: Item): Item | undefined {
    let leaf = this.#root;
    for (const key of path) leaf = leaf.branches.get(key) ?? grow(leaf, key);
    leaf.items.add(item);
    this.#leafOf.set(item, leaf);
    for (let at: Branch<Item> | undefined = leaf; at !== undefined; at = at.parent) at.size += 1;
    if (this.size <= this.#most) return undefined;
    const leaving = this.#newestOfMost(leaf, item);
    this.delete(leaving);
    return leaving;
  }

  /**
   * The next item in turn: the first that `accepts` allows, among the first items of the leaves. Skipped items keep their turn.
   */
  take(accepts: (first: Item) => boolean = () => true): Item | undefined {
    const item = firstIn(this.#root, accepts);
    if (item === undefined) return undefined;
    const leaf = this.#leafOf.get(item);
    this.delete(item);
    for (let at = leaf; at?.parent !== undefined; at = at.parent) {
      if (at.size === 0) continue;
      // the served party moves to the end of its level
      at.parent.branches.delete(at.key);
      at.parent.branches.set(at.key, at);
    }
    return item;
  }

  /** Removes an item. Returns false if it was not waiting. */
  delete(item: Item): boolean {
    const leaf = this.#leafOf.get(item);
    if (leaf === undefined) return false;
    this.#leafOf.delete(item);
    leaf.items.delete(item);
    for (let at: Branch<Item> | undefined = leaf; at !== undefined; at = at.parent) {
      at.size -= 1;
      if (at.size === 0) at.parent?.branches.delete(at.key);
    }
    return true;
  }

  #newestOfMost(newest: Branch<Item>, item: Item): Item {
    const ofNewest = new Set<Branch<Item>>();
    for (let at: Branch<Item> | undefined = newest; at !== undefined; at = at.parent) ofNewest.add(at);
    let at = this.#root;
    while (at.branches.size > 0) {
      let largest: Branch<Item> | undefined;
      for (const branch of at.branches.values()) {
        const isLarger = largest === undefined || branch.size > largest.size;
        // A new item displaces items of parties that have more items than its own party, not of those that have equally many.
        if (isLarger || (branch.size === largest?.size && ofNewest.has(branch))) largest = branch;
      }
      at = largest as Branch<Item>;
    }
    return at === newest ? item : ([...at.items].at(-1) as Item);
  }
}

function branchOf<Item>(parent: Branch<Item> | undefined, key: string): Branch<Item> {
  return { parent, key, size: 0, branches: new Map(), items: new Set() };
}

function grow<Item>(parent: Branch<Item>, key: string): Branch<Item> {
  const branch = branchOf(parent, key);
  parent.branches.set(key, branch);
  return branch;
}

function firstIn<Item>({ branches, items }: Branch<Item>, accepts: (first: Item) => boolean): Item | undefined {
  for (const first of items) return accepts(first) ? first : undefined;
  for (const branch of branches.values()) {
    const found = firstIn(branch, accepts);
    if (found !== undefined) return found;
  }
  return undefined;
}
