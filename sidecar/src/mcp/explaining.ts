// The tool that says why: for each action, whether the caller may do it, and the scope, access right or record rule that decides.

import { z } from 'zod';
import type { Odoo } from '../executor/execute.ts';
import { checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { writesOf } from './access.ts';
import { ask, id, modelName } from './asking.ts';
import { shrunk } from './budget.ts';
import type { Json, Tool } from './tool.ts';
import { parsed, schemaOf } from './tool.ts';

const explainInput = z.object({ model: modelName, id: id.optional() });
const explainOutput = z.object({ actions: z.object({}) });
const explanation = z.object({
  actions: z.record(
    z.string(),
    z.object({ allowed: z.boolean(), checks: z.array(z.object({ allowed: z.boolean(), why: z.string().optional() })) }),
  ),
});

export function explainingTool(odoo: Odoo): Tool {
  return {
    name: 'explain_access',
    description: 'What you may do with a model or a record, and which scope, right or rule forbids the rest.',
    input: schemaOf(explainInput),
    output: schemaOf(explainOutput),
    kind: 'read',
    isFor: () => true,
    run: (context, given) => explain(odoo, context, parsed(explainInput, given)),
  };
}

/** Explains only the checks that failed, because an agent has no use for those that passed. */
async function explain(odoo: Odoo, context: RequestContext, args: z.infer<typeof explainInput>): Promise<Json> {
  const model = checkModel(context.database, args.model);
  ask(context, `/api/v1/${model}`, {}, {});
  const [result] = await odoo.read(context, [{ op: 'explain', model, id: args.id }]);
  const { actions } = explanation.parse(result);
  const shown = Object.entries(actions).map(([action, { allowed, checks }]) => {
    const why = checks.flatMap((check) => (check.allowed || check.why === undefined ? [] : [check.why]));
    return [action, allowed ? { allowed } : { allowed, why }];
  });
  const bytes = context.database.settings['agent.answer_bytes'];
  return { model, id: args.id, ...shrunk({ actions: Object.fromEntries(shown) }, bytes), agents_may_write: writesOf(context) };
}
