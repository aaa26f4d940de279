// Tools that change records of any model, or call its methods.

import { z } from 'zod';
import { actionsOfMethod, requireScope } from '../credentials/scopes.ts';
import { GatewayError } from '../errors.ts';
import { asWritten } from '../executor/operations.ts';
import { checkMethod, checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Parts } from '../records/collection.ts';
import { askedFirst, confirmArgument, outputOfWrite } from './asked_first.ts';
import { ask, id, modelName, settingOfCall } from './asking.ts';
import { beginning } from './budget.ts';
import { mayAnywhere } from './discover.ts';
import type { Json, Tool } from './tool.ts';
import { parsed, schemaOf } from './tool.ts';

const mostAtOnce = 100;
const ids = z.array(id).min(1).max(mostAtOnce);
const values = z.record(z.string(), z.unknown());
const valuesHint = 'Fields as search_records shows them; many2one by id, lines as [{…}]';

const createInput = z.object({
  model: modelName,
  values: z.union([values, z.array(values).min(1).max(mostAtOnce)]).describe(valuesHint),
  ...settingOfCall,
  ...confirmArgument,
});
const updateInput = z.object({
  model: modelName,
  ids,
  values: values.describe(valuesHint),
  ...settingOfCall,
  ...confirmArgument,
});
const deleteInput = z.object({ model: modelName, ids, ...settingOfCall, ...confirmArgument });
const callInput = z.object({
  model: modelName,
  method: z.string().max(128).describe('Public method, like action_confirm'),
  ids: ids.optional(),
  args: z.array(z.unknown()).optional(),
  kwargs: values.optional(),
  ...settingOfCall,
  ...confirmArgument,
});

export function writingTools(parts: Parts): Tool[] {
  const output = schemaOf(outputOfWrite);
  return [
    {
      name: 'create_record',
      description: 'Create a record, or several.',
      input: schemaOf(createInput),
      output,
      kind: 'write',
      isFor: (context) => mayAnywhere(context, 'write'),
      run: (context, given) => createRecord(parts, context, parsed(createInput, given)),
    },
    {
      name: 'update_records',
      description: 'Change records.',
      input: schemaOf(updateInput),
      output,
      kind: 'write',
      isFor: (context) => mayAnywhere(context, 'write'),
      run: (context, given) => updateRecords(parts, context, parsed(updateInput, given)),
    },
    {
      name: 'delete_records',
      description: 'Delete records permanently. To hide them, update active to false.',
      input: schemaOf(deleteInput),
      output,
      kind: 'delete',
      isFor: (context) => mayAnywhere(context, 'delete'),
      run: (context, given) => deleteRecords(parts, context, parsed(deleteInput, given)),
    },
    {
      name: 'call_method',
      description: "Call a model's public method, as a button does: confirm an order, post an invoice.",
      input: schemaOf(callInput),
      output,
      kind: 'call',
      isFor: (context) => mayAnywhere(context, 'call') || mayAnywhere(context, 'read'),
      run: (context, given) => callMethod(parts, context, parsed(callInput, given)),
    },
  ];
}

const named = { display_name: {} };

async function createRecord({ odoo, shapes }: Parts, context: RequestContext, args: z.infer<typeof createInput>): Promise<Json> {
  const { confirm, ...call } = args;
  const model = checkModel(context.database, args.model);
  requireScope(context, { actions: ['write'], model });
  ask(context, `/api/v1/${model}`, {}, args);
  const given = Array.isArray(args.values) ? args.values : [args.values];
  const parsedValues = await shapes.parse(context, model, given, 'values');
  return askedFirst(shapes, context, ['create_record', call], confirm, async (once) => {
    ask(context, `/api/v1/${model}`, {}, args, once);
    const fields = mayRead(context, model) ? named : undefined;
    const [result] = await odoo.execute(context, [{ op: 'create', model, values: parsedValues, fields }]);
    const written = asWritten(result);
    return { created: await shapes.written(context, model, fields, written), ...ignoredOf(written.ignored) };
  });
}

async function updateRecords({ odoo, shapes }: Parts, context: RequestContext, args: z.infer<typeof updateInput>): Promise<Json> {
  const { confirm, ...call } = args;
  const model = checkModel(context.database, args.model);
  requireScope(context, { actions: ['write'], model });
  ask(context, `/api/v1/${model}`, {}, args);
  const [changes = {}] = await shapes.parse(context, model, [args.values], 'values');
  return askedFirst(shapes, context, ['update_records', call], confirm, async (once) => {
    ask(context, `/api/v1/${model}`, {}, args, once);
    const [result] = await odoo.execute(context, [{ op: 'write', model, ids: args.ids, values: changes }]);
    const { ids: updated, ignored } = asWritten(result);
    return { updated, ...ignoredOf(ignored) };
  });
}

async function deleteRecords({ odoo, shapes }: Parts, context: RequestContext, args: z.infer<typeof deleteInput>): Promise<Json> {
  const { confirm, ...call } = args;
  const model = checkModel(context.database, args.model);
  requireScope(context, { actions: ['delete'], model });
  return askedFirst(shapes, context, ['delete_records', call], confirm, async (once) => {
    ask(context, `/api/v1/${model}`, {}, args, once);
    await odoo.execute(context, [{ op: 'unlink', model, ids: args.ids }]);
    return { deleted: args.ids };
  });
}

async function callMethod({ odoo, shapes }: Parts, context: RequestContext, input: z.infer<typeof callInput>): Promise<Json> {
  const { confirm, ...call } = input;
  const model = checkModel(context.database, input.model);
  const method = checkMethod(input.method);
  requireScope(context, { actions: actionsOfMethod(method), model });
  const bytes = context.database.settings['agent.answer_bytes'];
  const { ids: records, args = [], kwargs = {} } = input;
  const operation = { op: 'call', model, method, ids: records, args, kwargs } as const;
  ask(context, `/api/v1/${model}`, {}, input);
  if (confirm === undefined) {
    try {
      const [result] = await odoo.read(context, [operation]);
      return { status: 'done', ...beginning(result, bytes) };
    } catch (error) {
      if (!(error instanceof GatewayError) || error.details?.['may_write'] !== true) throw error;
    }
  }
  return askedFirst(shapes, context, ['call_method', call], confirm, async (once) => {
    ask(context, `/api/v1/${model}`, {}, input, once);
    const [result] = await odoo.execute(context, [operation]);
    return beginning(result, bytes);
  });
}

function mayRead({ principal }: RequestContext, model: string): boolean {
  const { scopes } = principal.grant;
  return scopes === null || scopes.includes('read') || scopes.includes(`${model}:read`);
}

function ignoredOf(ignored: readonly string[] | undefined): Json {
  return ignored === undefined ? {} : { ignored };
}
