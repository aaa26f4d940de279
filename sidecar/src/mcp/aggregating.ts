// The tool that counts and sums, like REST's aggregate, so that an agent need not read records just to add them up.

import { z } from 'zod';
import { requireScope } from '../credentials/scopes.ts';
import type { Odoo } from '../executor/execute.ts';
import { asAggregates } from '../executor/operations.ts';
import { checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { ask, modelName, settingOfCall } from './asking.ts';
import { fitting } from './budget.ts';
import { mayAnywhere } from './discover.ts';
import type { Json, Tool } from './tool.ts';
import { parsed, schemaOf } from './tool.ts';

const usualLimit = 50;
const name = z.string().max(200);

const aggregateInput = z.object({
  model: modelName,
  domain: z.array(z.unknown()).max(500).optional(),
  group_by: z.array(name).max(5).optional().describe('["user_id", "date_order:month"]'),
  aggregates: z.array(name).max(20).optional().describe('["amount_total:sum"]; the count is always included'),
  order: z.string().max(500).optional().describe('"amount_total:sum desc"'),
  limit: z.int().min(1).max(500).optional(),
  ...settingOfCall,
});
const aggregateOutput = z.object({ groups: z.array(z.object({})), hint: z.string().optional() });

export function aggregatingTool(odoo: Odoo): Tool {
  return {
    name: 'aggregate',
    description: 'Count and sum records by groups.',
    input: schemaOf(aggregateInput),
    output: schemaOf(aggregateOutput),
    kind: 'read',
    isFor: (context) => mayAnywhere(context, 'read'),
    run: (context, given) => aggregate(odoo, context, parsed(aggregateInput, given)),
  };
}

async function aggregate(
  odoo: Odoo,
  context: RequestContext,
  { model: asked, domain = [], group_by = [], aggregates = [], order, limit, ...said }: z.infer<typeof aggregateInput>,
): Promise<Json> {
  const model = checkModel(context.database, asked);
  requireScope(context, { actions: ['read'], model });
  ask(context, `/api/v1/${model}`, {}, said);
  const most = limit ?? usualLimit;
  const measures = [...new Set([...aggregates, '__count'])];
  const [result] = await odoo.read(context, [
    { op: 'aggregate', model, domain, group: group_by, measures, having: [], order, limit: most + 1, offset: 0 },
  ]);
  const { groups: found } = asAggregates(result);
  const groups = found.slice(0, most).map(({ __count: count, ...group }) => ({ ...group, count }));
  const fit = fitting(groups, context.database.settings['agent.answer_bytes']);
  const isCut = fit < groups.length || found.length > most;
  return {
    groups: groups.slice(0, fit),
    ...(isCut ? { hint: 'There are more groups. Raise limit, narrow the domain, or group by fewer fields.' } : {}),
  };
}
