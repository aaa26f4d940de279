// Writing any model's records: POST /api/v1/<model>, PUT, PATCH and DELETE /api/v1/<model>/<id>.

import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { Written } from '../executor/operations.ts';
import { asWritten } from '../executor/operations.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { asObject } from '../records/record_shapes.ts';
import { needsTo, resourceOf } from './needs.ts';
import { parseFieldsQuery } from './records.ts';
import type { ResourceEndpoints } from './resources.ts';

export function writeRoutes(odoo: Odoo, shapes: RecordShapes, resources: ResourceEndpoints): Route[] {
  /** One object creates one record, a list of objects all of them or none. */
  async function create(context: RequestContext): Promise<Answer> {
    const resource = resourceOf(context);
    if (resource !== undefined) return resources.create(context, resource);
    const model = requestedModel(context);
    const fields = parseFieldsQuery(context.request.url);
    const { body } = context;
    const isList = Array.isArray(body);
    const bodies = isList ? body.map((item: unknown, i) => asObject(item, `The body[${i}]`)) : [asObject(body)];
    if (bodies.length === 0) throw new GatewayError('body.form', { message: 'The list of records to create is empty.' });
    const values = await shapes.parse(context, model, bodies);
    const [result] = await odoo.execute(context, [{ op: 'create', model, values, fields }]);
    const written = asWritten(result);
    const records = await shapes.written(context, model, fields, written);
    if (isList) return success(records, { count: records.length, ignored: written.ignored }, 201);
    const [record] = records;
    const location = `${context.request.path.replace(/\/$/, '')}/${String(record?.['id'] ?? written.ids[0])}`;
    return { ...success(record, metaOf(written), 201), location };
  }

  async function update(context: RequestContext): Promise<Answer> {
    const resource = resourceOf(context);
    if (resource !== undefined) return resources.update(context, resource);
    const model = requestedModel(context);
    const id = requestedId(context);
    const fields = parseFieldsQuery(context.request.url);
    const [values = {}] = await shapes.parse(context, model, [asObject(context.body)]);
    const [result] = await odoo.execute(context, [{ op: 'write', model, ids: [id], values, fields }]);
    const written = asWritten(result);
    const [record] = await shapes.written(context, model, fields, written);
    return success(record, metaOf(written));
  }

  async function remove(context: RequestContext): Promise<Answer> {
    const resource = resourceOf(context);
    if (resource !== undefined) return resources.remove(context, resource);
    const model = requestedModel(context);
    const id = requestedId(context);
    readQuery(context.request.url, []);
    await odoo.execute(context, [{ op: 'unlink', model, ids: [id] }]);
    return success({ id });
  }

  return [
    {
      name: 'records.create',
      method: 'POST',
      path: '/api/v1/:model',
      access: 'authenticated',
      needs: needsTo('write'),
      operations: ({ body }) => (Array.isArray(body) ? body.length : 1),
      handle: create,
    },
    {
      name: 'records.update',
      method: 'PUT',
      path: '/api/v1/:model/:id',
      access: 'authenticated',
      needs: needsTo('write'),
      handle: update,
    },
    {
      name: 'records.update',
      method: 'PATCH',
      path: '/api/v1/:model/:id',
      access: 'authenticated',
      needs: needsTo('write'),
      handle: update,
    },
    {
      name: 'records.delete',
      method: 'DELETE',
      path: '/api/v1/:model/:id',
      access: 'authenticated',
      needs: needsTo('delete'),
      handle: remove,
    },
  ];
}

function metaOf({ ignored }: Written): { ignored: readonly string[] } | undefined {
  return ignored === undefined ? undefined : { ignored };
}
