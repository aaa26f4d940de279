// The pages of a long list from one snapshot: a commit is visible in all of the pages or in none, except for pages that Odoo has to
// read.

import type { Snapshot } from '../db/snapshots.ts';
import { GatewayError } from '../errors.ts';
import type { PageReader, Search } from '../executor/execute.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { Doubt } from './doubt.ts';
import type { PlanEntry } from './plan_cache.ts';
import type { Asked } from './runner.ts';
import { runPlan } from './runner.ts';

/** A page that a compiled statement can read. */
export interface PlannedPage {
  readonly entry: PlanEntry;
  readonly asked: Asked;
}

export interface SnapshotPagesOptions {
  readonly context: RequestContext;
  readonly snapshot: Snapshot;
  /** The plan for a page; undefined if no compiled statement can read it. The context then contains the reason. */
  readonly plan: (search: Search) => Promise<PlannedPage | undefined>;
  /** Reads the pages that no compiled statement can read, or whose answer is in doubt. */
  readonly odoo: PageReader;
}

export class SnapshotPages implements PageReader {
  readonly #options: SnapshotPagesOptions;
  #first: { readonly search: Search; readonly answer: unknown } | undefined;

  constructor(options: SnapshotPagesOptions) {
    this.#options = options;
  }

  /** Reads the first page in advance. Rejects with OutdatedError if the plan is older than the snapshot. */
  async begin(first: Search): Promise<void> {
    try {
      this.#first = { search: first, answer: await this.#read(first) };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // The same error is thrown again when the page is requested.
    }
  }

  async page(search: Search): Promise<unknown> {
    const first = this.#first;
    this.#first = undefined;
    if (first?.search === search) return first.answer;
    try {
      return await this.#read(search);
    } catch (error) {
      // Without the snapshot, the remaining pages would not match those that were already sent.
      throw error instanceof GatewayError ? error : new GatewayError('database.unavailable', { cause: error });
    }
  }

  async #read(search: Search): Promise<unknown> {
    const { context, snapshot, plan, odoo } = this.#options;
    const planned = await plan(search);
    if (planned === undefined) return odoo.page(search);
    const startedAt = performance.now();
    try {
      const answer = await runPlan(snapshot, planned.entry, planned.asked);
      context.languages = planned.entry.plan.languages;
      context.sqlCount += 1;
      context.way = 'compiled';
      return answer;
    } catch (error) {
      if (!(error instanceof Doubt)) throw error;
      if (error.why === 'large') throw new GatewayError('answer.too_large', { cause: error });
      context.way = `odoo:${error.why}`;
    } finally {
      context.timings.sql += performance.now() - startedAt;
    }
    return odoo.page(search);
  }

  close(): void {
    this.#options.snapshot.close();
  }
}
