// Runs a plan with the caller's parameters, and returns raw records. Checks that the versions are those with which the plan was
// made.

import { versionsStatement } from '../db/compiled.ts';
import type { ReadPool } from '../db/read_pool.ts';
import { BusyError } from '../db/read_pool.ts';
import { TooLargeError } from '../db/read_query.ts';
import type { Records } from '../executor/operations.ts';
import { Doubt } from './doubt.ts';
import { parametersOf } from './parameters.ts';
import { placeOf } from './places.ts';
import type { Plan } from './plan.ts';
import type { PlanEntry } from './plan_cache.ts';
import { FlatReader, TreeReader } from './rows.ts';

/** After this many runs, the statement is prepared in each connection. */
const frequentFrom = 2;
const mostBytesOfVersions = 1_000_000;
/**
 * Narrowed credentials must not see the value of a URL parameter with this name. In texts that Odoo reads, the executor masks it.
 */
const masked = 'access_token';

export interface Asked {
  /** The ids of a read by ids; otherwise empty. */
  readonly ids: readonly number[];
  readonly limit: number;
  readonly values: readonly unknown[];
  readonly mostBytes: number;
  readonly isNarrowed: boolean;
  /** The caller for which the fair queue counts this read. */
  readonly caller: string;
}

/** The rights or definitions have changed since the plan was made. */
export class OutdatedError extends Error {
  readonly versions: string;

  constructor(versions: string) {
    super('a plan is out of date');
    this.versions = versions;
  }
}

/** The connections for statements, or a single connection with a snapshot. */
export type Runs = Pick<ReadPool, 'run'>;

/** Runs a plan. Rejects with Doubt, OutdatedError, or the pool's error. */
export async function runPlan(pool: Runs, entry: PlanEntry, asked: Asked): Promise<unknown> {
  const { plan } = entry;
  const parameters = parametersOf(plan.parameters, asked.values);
  entry.uses += 1;
  const statement = { name: plan.statement, text: plan.text, isFrequent: entry.uses >= frequentFrom };
  const { names, rows } = await pool.run(statement, parameters, asked.mostBytes, asked.caller).catch((error: unknown) => {
    if (error instanceof TooLargeError) throw new Doubt('large');
    throw error instanceof BusyError ? new Doubt('busy') : error;
  });
  const at = (name: string) => names.indexOf(name);
  const [first] = rows;
  // An empty result contains no versions. Reading them a moment later is sufficient, because versions never return to an earlier
  // state.
  const versions = first === undefined ? await currentVersions(pool) : (first[at('versions')] ?? '');
  if (versions !== plan.versions) throw new OutdatedError(versions);
  if (asked.isNarrowed && rows.some((row) => row.some((text) => text?.includes(masked)))) throw new Doubt('masked');
  const { omitted, fields, result, complete } = plan;
  if (result === 'count') return totalOf(plan, first?.[at('total')]).total;
  const found = plan.flat ? flatRecords(entry, names, rows) : treeRecords(plan, first, at);
  if (complete === true && found.length < asked.ids.length) throw new Doubt('missing');
  const records = asked.ids.length > 0 ? inOrder(found, asked.ids) : found;
  if (result === 'ids') return records.map(({ id }) => id);
  if (result === 'rows') return records;
  if (asked.ids.length > 0) return { records, omitted, fields };
  return { records, omitted, fields, ...totalOf(plan, first?.[at('total')]), ...nextOf(plan, asked, records.length, rows, at) };
}

async function currentVersions(pool: Runs): Promise<string> {
  const { rows } = await pool.run(versionsStatement, [], mostBytesOfVersions);
  return rows[0]?.[0] ?? '';
}

function flatRecords(
  entry: PlanEntry,
  names: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): Records['records'] {
  if (rows.length === 0) return [];
  entry.reader ??= new FlatReader(entry.plan, names);
  const { reader } = entry;
  return rows.map((row) => reader.record(row));
}

function treeRecords(plan: Plan, row: readonly (string | null)[] | undefined, at: (name: string) => number): Records['records'] {
  if (row === undefined) throw new Doubt('plan');
  const column = (name: string) => {
    const place = at(name);
    if (place === -1) throw new Doubt('plan');
    return row[place] ?? null;
  };
  return new TreeReader(plan, column).records();
}

/** The records in the order of the ids, without missing or hidden ones. */
function inOrder(records: Records['records'], ids: readonly number[]): Records['records'] {
  if (records.length < 2) return records;
  const found = new Map<unknown, Records['records'][number]>(records.map((record) => [record['id'], record]));
  return ids.map((id) => found.get(id)).filter((record) => record !== undefined);
}

function totalOf({ count }: Plan, total: string | null | undefined): { total?: number } {
  return count === null || total == null ? {} : { total: Number(total) };
}

/** A full page may be followed by another. */
function nextOf(
  { next }: Plan,
  { limit }: Asked,
  found: number,
  rows: readonly (readonly (string | null)[])[],
  at: (name: string) => number,
): Pick<Records, 'next'> {
  if (next === null || found < limit) return {};
  const last = rows.at(-1) ?? [];
  const values = next.terms.map(({ as }) => last[at(as)] ?? null);
  return { next: { order: next.order, after: placeOf(values, next.lang) } };
}
