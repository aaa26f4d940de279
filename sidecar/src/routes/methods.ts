// Calls public methods: POST /api/v1/<model>/<method>, /api/v1/<model>/<id>/<method>, and /call, the one endpoint that speaks
// execute_kw. Arguments and results are passed on unchanged.

import { actionsOfMethod } from '../credentials/scopes.ts';
import { GatewayError } from '../errors.ts';
import type { CallOperation } from '../executor/operations.ts';
import { checkMethod, checkModel, requestedId, requestedModel } from '../executor/target.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route, ScopeNeed } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { actionOf } from '../records/actions.ts';
import type { Parts } from '../records/collection.ts';
import { asObject } from '../records/record_shapes.ts';
import { withPreferences } from './preferences.ts';

export function methodRoutes({ odoo, shapes }: Parts): Route[] {
  async function run(context: RequestContext, operation: CallOperation): Promise<unknown> {
    const [result] = await odoo.execute(context, [operation]);
    return result;
  }

  async function onModel(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    // For other HTTP methods, the id of a record is at this position.
    const method = checkMethod(context.request.params['id']);
    readQuery(context.asked.url, []);
    return answered(await run(context, { op: 'call', model, method, ...parseArguments(context.body) }));
  }

  async function onRecord(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const ids = [requestedId(context)];
    const method = checkMethod(context.request.params['method']);
    readQuery(context.asked.url, []);
    return answered(await run(context, { op: 'call', model, method, ids, ...parseArguments(context.body) }));
  }

  async function call(context: RequestContext): Promise<Answer> {
    readQuery(context.asked.url, []);
    const body = asObject(context.body);
    for (const name of ['model', 'method']) {
      if (body[name] === undefined) {
        throw new GatewayError('body.missing', { message: `Missing required field: ${name}`, details: { field: name } });
      }
    }
    const model = checkModel(context.database, body['model']);
    const method = checkMethod(body['method']);
    return answered(await run(context, { op: 'call', model, method, ...parseArguments(body, ['model', 'method']) }));
  }

  return [
    {
      name: 'call',
      method: 'POST',
      path: '/call',
      access: 'authenticated',
      kind: 'call',
      errors: 'text',
      handle: withPreferences(shapes, call),
    },
    {
      name: 'records.method',
      method: 'POST',
      path: '/api/v1/:model/:id/:method',
      needs: needsOfMethod,
      access: 'authenticated',
      kind: 'call',
      handle: withPreferences(shapes, onRecord),
    },
    {
      name: 'models.method',
      method: 'POST',
      path: '/api/v1/:model/:id',
      needs: needsOfMethod,
      access: 'authenticated',
      kind: 'call',
      handle: withPreferences(shapes, onModel),
    },
  ];
}

/** The unchanged result. If it is an action, which Odoo's client would carry out next, `meta.action` describes it. */
function answered(result: unknown): Answer {
  const action = actionOf(result);
  return success(result, action === undefined ? undefined : { action });
}

/** `{args?, kwargs?}`; without a body, the method is called without arguments. Throws `body.form`. */
function parseArguments(body: unknown, others: readonly string[] = []): Pick<CallOperation, 'args' | 'kwargs'> {
  if (body === undefined) return { args: [], kwargs: {} };
  const { args = [], kwargs = {}, ...rest } = asObject(body);
  const unknown = Object.keys(rest).find((name) => !others.includes(name));
  if (unknown !== undefined) {
    const message = `The body accepts ${[...others, 'args', 'kwargs'].join(', ')}, not "${unknown}".`;
    throw new GatewayError('body.form', { message, details: { field: unknown } });
  }
  if (!Array.isArray(args)) throw new GatewayError('body.form', { message: 'args must be a list.', details: { field: 'args' } });
  return { args, kwargs: asObject(kwargs ?? {}, 'kwargs') };
}

/** The name of a model's method is at the position where other HTTP methods have a record's id. */
function needsOfMethod(context: RequestContext): ScopeNeed {
  const { id, method = id } = context.request.params;
  return { actions: actionsOfMethod(String(method)), model: requestedModel(context) };
}
