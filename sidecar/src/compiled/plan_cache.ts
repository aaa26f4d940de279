// Stores, for each known shape of a database, its plan or the reason why there is no plan. All plans depend on rights and
// definitions in the database, so if one turns out to be out of date, all may be.

import { hash } from 'node:crypto';
import { GenerationCache } from '../generation_cache.ts';
import type { Grant, UsesOf } from '../pipeline/context.ts';
import type { Plan, Refused } from './plan.ts';
import type { FlatReader } from './rows.ts';

/** The most bytes that all plans of a database may take together. A plan has 2 to 20 kB. */
const mostBytes = 48 * 1024 * 1024;
const bytesOfEntry = 400;
/** After this time, a shape that was refused for a temporary reason is tried again. */
const passesAfterMs = 60_000;
const passing: ReadonlySet<string> = new Set(['error', 'rights', 'slow']);

export interface PlanEntry {
  readonly plan: Plan;
  /** How often the plan has been run. */
  uses: number;
  /** The reader of flat results. It is made when the first result shows its columns. */
  reader: FlatReader | undefined;
  /** The models, fields and choices that its reads use, if they are the same for all reads. */
  usesOf: UsesOf | undefined;
}

interface RefusedEntry {
  readonly refused: Refused;
  /** The end of the refusal, on the monotonic clock. */
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

  /** Call this before Odoo is asked to compile. If the cache is emptied meanwhile, the result is not stored. */
  begin(key: string): (made: Plan | Refused) => void {
    const making = this.#kept.begin(key);
    return (made) =>
      making.keep('why' in made ? refusedEntry(made) : { plan: made, uses: 0, reader: undefined, usesOf: undefined });
  }

  refuse(key: string, refused: Refused): void {
    this.#kept.begin(key).keep(refusedEntry(refused));
  }

  /** Call this when something on which plans or refusals may depend has changed. */
  clear(): void {
    this.#kept.clear();
  }

  /**
   * Call this when the versions in Postgres differ from those of a plan. Returns whether they are newer than all known
   * versions.
   */
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

/** The key of a read. Only plans for the same user, grant, call context and shape may serve it. */
export function planKey(uid: number, grant: Grant, context: object, shape: string): string {
  let granted = keyOfGrant.get(grant);
  if (granted === undefined) {
    granted = JSON.stringify([grant.scopes, grant.models]);
    keyOfGrant.set(grant, granted);
  }
  // Joins whole numbers and JSON strings unambiguously: different sequences give different strings.
  return hash('sha256', `${uid}${granted}${JSON.stringify(context)}${shape}`, 'base64');
}
