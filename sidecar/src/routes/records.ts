// Reading any model's records: GET /api/v1/<model> and /api/v1/<model>/<id>.

import type { Odoo } from '../executor/execute.ts';
import type { FieldTree } from '../executor/operations.ts';
import { asRecords } from '../executor/operations.ts';
import { missing, requestedId, requestedModel } from '../executor/target.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { readCursor, writeCursor } from '../records/cursor.ts';
import { parseFields } from '../records/fields.ts';
import { pageAfter, parseListQuery } from '../records/list_query.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { needsTo, resourceOf } from './needs.ts';
import type { ResourceEndpoints } from './resources.ts';

export function recordRoutes(odoo: Odoo, shapes: RecordShapes, resources: ResourceEndpoints): Route[] {
  async function list(context: RequestContext): Promise<Answer> {
    const resource = resourceOf(context);
    if (resource !== undefined) return resources.list(context, resource);
    const model = requestedModel(context);
    const query = parseListQuery(context.request.url, context.database.settings);
    const { fields, limit, offset, count } = query;
    const behind = await readCursor(context, ['model', model], query.cursor);
    const { order = query.order, after } = behind ?? {};
    const domain = await shapes.domain(context, model, query.filters, query.domain);
    const [result] = await odoo.read(context, [{ op: 'search', model, domain, fields, limit, offset, order, after, count }]);
    const { records, omitted, total, next } = asRecords(result);
    await shapes.shape(context, model, fields, records);
    const cursor = await writeCursor(context, ['model', model], next);
    const page = pageAfter(context.request, query, records.length, cursor);
    const meta = { limit, offset: after === undefined ? offset : undefined, total, next: cursor, ...named(omitted) };
    return { ...success(records, meta), next: page };
  }

  async function one(context: RequestContext): Promise<Answer> {
    const resource = resourceOf(context);
    if (resource !== undefined) return resources.one(context, resource);
    const model = requestedModel(context);
    const id = requestedId(context);
    const fields = parseFieldsQuery(context.request.url);
    const [result] = await odoo.read(context, [{ op: 'read', model, ids: [id], fields }]);
    const { records, omitted } = asRecords(result);
    await shapes.shape(context, model, fields, records);
    const [record] = records;
    if (record === undefined) throw missing(model, id);
    return success(record, omitted.length > 0 ? named(omitted) : undefined);
  }

  return [
    {
      name: 'records.list',
      method: 'GET',
      path: '/api/v1/:model',
      access: 'authenticated',
      needs: needsTo('read'),
      handle: list,
    },
    {
      name: 'records.one',
      method: 'GET',
      path: '/api/v1/:model/:id',
      access: 'authenticated',
      needs: needsTo('read'),
      handle: one,
    },
  ];
}

/** The one parameter of endpoints that answer with a record. */
export function parseFieldsQuery(url: string): FieldTree | undefined {
  const { fields } = readQuery(url, ['fields'], { lists: ['fields'] });
  return fields === undefined ? undefined : parseFields(fields);
}

function named(omitted: readonly string[]): { omitted?: readonly string[] } {
  return omitted.length > 0 ? { omitted } : {};
}
