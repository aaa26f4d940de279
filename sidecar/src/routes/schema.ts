// GET /api/v1 lists the models that the caller may use, GET /api/v1/<model>/schema the fields that it may see.

import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { Operation } from '../executor/operations.ts';
import { requestedModel } from '../executor/target.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { needsTo } from '../records/collections.ts';

export function schemaRoutes(odoo: Odoo): Route[] {
  async function models(context: RequestContext): Promise<Answer> {
    readQuery(context.request.url, []);
    const [listed] = await odoo.read(context, [{ op: 'models' }]);
    return success(listed, Array.isArray(listed) ? { count: listed.length } : undefined);
  }

  async function schema(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const { methods = 'false' } = readQuery(context.request.url, ['methods']);
    if (methods !== 'true' && methods !== 'false') throw new GatewayError('query.methods');
    const operations: Operation[] = [{ op: 'describe', models: [model] }];
    if (methods === 'true') operations.push({ op: 'methods', model });
    const [described, named] = await odoo.read(context, operations);
    const fields = (described as Record<string, unknown>)[model] ?? {};
    return success({ model, fields, ...(named === undefined ? {} : { methods: named }) });
  }

  return [
    { name: 'models', method: 'GET', path: '/api/v1', access: 'authenticated', handle: models },
    {
      name: 'schema',
      method: 'GET',
      path: '/api/v1/:model/schema',
      needs: needsTo('read'),
      access: 'authenticated',
      handle: schema,
    },
  ];
}
