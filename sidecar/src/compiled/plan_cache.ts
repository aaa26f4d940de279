// What is known of the shapes of a database: a plan, or why there is none. All of it depends on rights and definitions in
// the database: when one plan turns out to be out of date, so may all be.

import { hash } from 'node:crypto';
import { GenerationCache } from '../generation_cache.ts';
import type { Grant } from '../pipeline/context.ts';
import type { Plan, Refused } from './plan.ts';
import type { FlatReader } from './rows.ts';

/** Of plans, for each database; a plan has 2 to 20 kB. */
const mostBytes = 48 * 1024 * 1024;
const bytesOfEntry = 400;
/** What may pass by itself is tried again after this. */
const passesAfterMs = 60_000;
const passing: ReadonlySet<string> = new Set(['error', 'rights', 'slow']);

export interface PlanEntry {
  readonly plan: Plan;
  /** How often it was run. */
  uses: number;
  /** Made when the first result shows its columns. */
  reader: FlatReader | undefined;
}

interface RefusedEntry {
  readonly refused: Refused;
  /** On the monotonic clock. */
  readonly until: number;
}

type Entry = PlanEntry | RefusedEntry;

export class PlanCache {
  readonly #kept = new GenerationCache<Entry>({
    maxSize: mostBytes,
    maxEntrySize: mostBytes / 16,
    sizeCalculation: (entry) => bytesOfEntry + ('plan' in entry ? entry.plan.bytes : 0),
  });
  #versions: string | undefined;

  get(key: string): Entry | undefined {
    const entry = this.#kept.get(key);
    return entry !== undefined && 'refused' in entry && entry.until < performance.now() ? undefined : entry;
  }

  /** To be called before Odoo is asked to compile: what is forgotten meanwhile is not kept. */
  begin(key: string): (made: Plan | Refused) => void {
    const making = this.#kept.begin(key);
    return (made) => making.keep('why' in made ? refusedEntry(made) : { plan: made, uses: 0, reader: undefined });
  }

  refuse(key: string, refused: Refused): void {
    this.#kept.begin(key).keep(refusedEntry(refused));
  }

  /** Something has changed that plans, or the reasons why there are none, may depend on. */
  clear(): void {
    this.#kept.clear();
  }

  /** A plan of other versions was met. Returns whether that was news. */
  outdated(versions: string): boolean {
    if (versions === this.#versions) return false;
    this.#versions = versions;
    this.#kept.clear();
    return true;
  }
}

function refusedEntry(refused: Refused): RefusedEntry {
  return { refused, until: passing.has(refused.why) ? performance.now() + passesAfterMs : Number.POSITIVE_INFINITY };
}

const keyOfGrant = new WeakMap<Grant, string>();

/** Whose plans may serve a read: those of the same user, grant, call context and shape. */
export function planKey(uid: number, grant: Grant, context: object, shape: string): string {
  let granted = keyOfGrant.get(grant);
  if (granted === undefined) {
    granted = JSON.stringify([grant.scopes, grant.models]);
    keyOfGrant.set(grant, granted);
  }
  // Whole numbers and JSON texts in a row: no two sequences of them are the same text.
  return hash('sha256', `${uid}${granted}${JSON.stringify(context)}${shape}`, 'base64');
}
