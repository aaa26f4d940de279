// The records behind /api/v1/<name>: all of a model, or those of a resource, under the names defined by a manager.

import type { Odoo } from '../executor/execute.ts';
import type { Domain, FieldTree } from '../executor/operations.ts';
import { asRecords } from '../executor/operations.ts';
import type { Grant, RequestContext } from '../pipeline/context.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { ListQuery } from './list_query.ts';
import { pageAfter } from './list_query.ts';
import type { RecordShapes } from './record_shapes.ts';

export type Row = Record<string, unknown>;

/** The answer of a collection. */
export interface Outcome {
  readonly data: Row | readonly Row[];
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
  /** A message for people. */
  readonly message?: string;
  /** The path of the next page. */
  readonly next?: string | undefined;
  /** The version of the record, if a single one was read (`versions.ts`). */
  readonly version?: string | undefined;
  /** The path of the record, if exactly one was created. */
  readonly id?: number | undefined;
}

/**
 * Each method reads the query and the body of the request. If something is wrong with them, it throws a GatewayError that says
 * what.
 */
export interface Collection {
  list(context: RequestContext): Promise<Outcome>;
  /** The search of a list with this query. */
  search(context: RequestContext, query: ListQuery): Promise<Search>;
  one(context: RequestContext, id: number): Promise<Outcome>;
  /** One object creates one record. A list of objects, if the collection accepts one, creates all of them or none. */
  create(context: RequestContext): Promise<Outcome>;
  update(context: RequestContext, id: number): Promise<Outcome>;
  remove(context: RequestContext, id: number): Promise<Outcome>;
}

/** Code shared by all collections. */
export interface Parts {
  readonly odoo: Odoo;
  readonly shapes: RecordShapes;
}

export interface Search {
  readonly model: string;
  readonly domain: Domain;
  readonly fields: FieldTree | undefined;
  /** The default order. If there is a cursor, the order in the cursor applies instead. */
  readonly order: string | undefined;
  /** Identifies the list: a cursor works only for a list with the same binding. */
  readonly binding: readonly unknown[];
  readonly grant?: Grant;
  /** Converts a record to the collection's format. Undefined: records keep the model's format. */
  readonly present?: (record: Row) => Row;
}

interface Page {
  readonly records: readonly Row[];
  readonly ids: readonly number[];
  readonly omitted: readonly string[];
  readonly meta: Record<string, unknown>;
  /** The path of the next page. */
  readonly next: string | undefined;
}

/**
 * One page of a list, in the API's format. `ids`: the ids of its records; `omitted`: fields that the caller may not read.
 */
export async function readPage(
  { odoo, shapes }: Parts,
  context: RequestContext,
  query: ListQuery,
  { model, domain, fields, order, binding, grant, present }: Search,
): Promise<Page> {
  const { limit, offset, count } = query;
  const behind = await readCursor(context, binding, query.cursor);
  const search = {
    op: 'search',
    model,
    domain,
    fields,
    limit,
    offset,
    order: behind?.order ?? order,
    after: behind?.after,
    count,
    brief: context.asked.brief,
  } as const;
  const [result] = await odoo.read(context, [search], grant);
  const { records, omitted, total, next } = asRecords(result);
  await shapes.shape(context, model, fields, records);
  const cursor = await writeCursor(context, binding, next);
  const meta = { limit, offset: behind === undefined ? offset : undefined, total, next: cursor };
  const ids = records.map(({ id }) => Number(id));
  const shown = present === undefined ? records : records.map(present);
  return { records: shown, ids, omitted, meta, next: pageAfter(context.asked.url, query, records.length, cursor) };
}
