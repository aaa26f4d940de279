// Tools that read records of any model.

import { z } from 'zod';
import { requireScope } from '../credentials/scopes.ts';
import { GatewayError } from '../errors.ts';
import { asRecords } from '../executor/operations.ts';
import { checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Collection, Outcome, Parts, Row } from '../records/collection.ts';
import { parseFields } from '../records/fields.ts';
import { ModelCollection } from '../records/model_collection.ts';
import { ask, cursorBehind, fieldNames, id, modelName, pageOfAnswer, placeOf, settingOfCall } from './asking.ts';
import { compact, fitting } from './budget.ts';
import { mayAnywhere } from './discover.ts';
import type { Json, Tool } from './tool.ts';
import { parsed, schemaOf } from './tool.ts';

const usualLimit = 10;
const mostAtOnce = 100;

const searchInput = z.object({
  model: modelName,
  domain: z.array(z.unknown()).max(500).optional().describe('[["country_id.code","=","BE"]]; & | ! as prefixes'),
  query: z.string().max(200).optional().describe('Part of the name'),
  fields: fieldNames.optional().describe('Paths like partner_id.email; default: the ten most useful'),
  order: z.string().max(500).optional().describe('"date desc, id"'),
  limit: z.int().min(1).max(mostAtOnce).optional().describe(`Default ${usualLimit}`),
  cursor: z.string().max(5_000).optional(),
  count: z.boolean().optional().describe('Also count all matches'),
  ...settingOfCall,
});
const records = z.array(z.object({}).loose());
const searchOutput = z.object({ records, total: z.int().optional(), ...pageOfAnswer });
const readInput = z.object({
  model: modelName,
  ids: z.array(id).min(1).max(mostAtOnce),
  fields: searchInput.shape.fields,
  ...settingOfCall,
});
const readOutput = z.object({ records, missing: z.array(z.int()).optional(), hint: z.string().optional() });

export function readingTools(parts: Parts): Tool[] {
  const isFor = (context: RequestContext) => mayAnywhere(context, 'read');
  return [
    {
      name: 'search_records',
      description: 'Find records of a model by conditions. For sums and counts use aggregate.',
      input: schemaOf(searchInput),
      output: schemaOf(searchOutput),
      kind: 'read',
      isFor,
      run: (context, given) => searchRecords(parts, context, parsed(searchInput, given)),
    },
    {
      name: 'read_records',
      description: 'Read records by id, archived ones too.',
      input: schemaOf(readInput),
      output: schemaOf(readOutput),
      kind: 'read',
      isFor,
      run: (context, given) => readRecords(parts, context, parsed(readInput, given)),
    },
  ];
}

async function searchRecords(
  parts: Parts,
  context: RequestContext,
  { model: name, domain = [], query, fields, order, limit, cursor, count, ...said }: z.infer<typeof searchInput>,
): Promise<Json> {
  const model = checkModel(context.database, name);
  requireScope(context, { actions: ['read'], model });
  const conditions = query === undefined ? domain : [['display_name', 'ilike', query], ...domain];
  const parameters = {
    domain: conditions.length === 0 ? undefined : JSON.stringify(conditions),
    fields: fields?.join(','),
    order,
    count: count === true ? 'exact' : undefined,
  };
  const page = { path: `/api/v1/${model}`, limit: limit ?? usualLimit, cursor, parameters, said };
  return readPage(new ModelCollection(parts, model), context, page);
}

interface Page {
  readonly path: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly said: Parameters<typeof ask>[3];
}

/** A page of a collection that fits into the budget. A page that is too large is read again with fewer records. */
export async function readPage(collection: Collection, context: RequestContext, page: Page): Promise<Json> {
  const bytes = context.database.settings['agent.answer_bytes'];
  const most = Math.min(page.limit, context.database.settings['limit.max']);
  const list = (limit: number): Promise<Outcome> => {
    ask(context, page.path, { ...page.parameters, ...placeOf(page.cursor), limit }, page.said);
    return collection.list(context);
  };
  let outcome = await list(most);
  let rows = compact(outcome.data as readonly Row[], bytes);
  const fit = fitting(rows, bytes);
  if (fit < rows.length) {
    outcome = await list(fit);
    rows = compact(outcome.data as readonly Row[], bytes);
  }
  const total = outcome.meta?.['total'];
  const next = cursorBehind(outcome);
  return {
    records: rows,
    ...(typeof total === 'number' ? { total } : {}),
    ...(next === undefined ? {} : { next_cursor: next }),
    ...(fit < most && fit === rows.length && next !== undefined
      ? { hint: `The answer was cut at ${bytes} bytes. Request fewer fields, or narrow the search.` }
      : {}),
  };
}

async function readRecords(
  { odoo, shapes }: Parts,
  context: RequestContext,
  { model: name, ids, fields, ...said }: z.infer<typeof readInput>,
): Promise<Json> {
  const model = checkModel(context.database, name);
  requireScope(context, { actions: ['read'], model });
  const tree = fields === undefined ? undefined : parseFields(fields.join(','));
  ask(context, `/api/v1/${model}`, {}, said);
  const [result] = await odoo.read(context, [{ op: 'read', model, ids, fields: tree, brief: true }]);
  const { records: found } = asRecords(result);
  await shapes.shape(context, model, tree, found);
  const bytes = context.database.settings['agent.answer_bytes'];
  const rows = compact(found, bytes);
  const fit = fitting(rows, bytes);
  const shown = fit === 1 ? compact(found.slice(0, 1), bytes) : rows.slice(0, fit);
  const missing = ids.filter((wanted) => !found.some((row) => row['id'] === wanted));
  if (found.length === 0) {
    const message = `${model} ${ids.slice(0, 10).join(', ')}: these records do not exist, or your user may not see them.`;
    throw new GatewayError('odoo.missing', { message, details: { model, ids: ids.slice(0, 10) } });
  }
  const left = rows.slice(shown.length).map((row) => row['id']);
  return {
    records: shown,
    ...(missing.length === 0 ? {} : { missing }),
    ...(left.length === 0
      ? {}
      : { hint: `Cut at ${bytes} bytes. Request fewer fields, or read these separately: ${left.join(', ')}.` }),
  };
}
