// Tools for a first look: the caller, the models, the fields of a model.

import { z } from 'zod';
import { permits } from '../credentials/scopes.ts';
import type { Odoo } from '../executor/execute.ts';
import { asRecords, listedModels } from '../executor/operations.ts';
import { checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { writesOf } from './access.ts';
import { ask, modelName, settingOfCall } from './asking.ts';
import { compact } from './budget.ts';
import type { Json, Tool } from './tool.ts';
import { parsed, schemaOf } from './tool.ts';

const mostModels = 15;
/** The longest description of a model. With this, structured and plain text together stay under 6 kB. */
const bytesOfDescription = 2_500;
const mostChoices = 12;

const everybody = () => true;
const nothing = z.object({});
const modelsInput = z.object({ query: z.string().max(200).optional().describe('Words, like "sales order"') });
const modelsOutput = z.object({ models: z.array(z.object({ model: z.string(), name: z.string(), may: z.string() })) });
const describeInput = z.object({
  model: modelName.describe('Technical name, like res.partner'),
  query: z.string().max(200).optional().describe('Only fields whose name or label has this'),
  language: settingOfCall.language,
});
const describeOutput = z.object({
  model: z.string(),
  fields: z.record(z.string(), z.string()).describe('type, relation or choices — label; * required, = read-only'),
  hint: z.string().optional(),
});
const whoamiOutput = z.object({ user: z.object({}), may: z.object({}), company: z.unknown(), companies: z.unknown() });

const fieldShape = z.object({
  type: z.string(),
  string: z.string().catch(''),
  required: z.boolean().catch(false),
  readonly: z.boolean().catch(false),
  has_default: z.boolean().catch(false),
  store: z.boolean().catch(true),
  relation: z.string().optional().catch(undefined),
  selection: z
    .array(z.tuple([z.unknown(), z.string()]))
    .optional()
    .catch(undefined),
});
const describedShape = z.record(z.string(), z.record(z.string(), fieldShape));
type Field = z.infer<typeof fieldShape>;

export function discoveryTools(odoo: Odoo): Tool[] {
  return [
    {
      name: 'whoami',
      description: 'Your Odoo user, companies, language, and what this credential may do.',
      input: schemaOf(nothing),
      output: schemaOf(whoamiOutput),
      kind: 'read',
      isFor: everybody,
      run: (context) => whoami(odoo, context),
    },
    {
      name: 'find_models',
      description: 'Models (tables) you may use, best match first. Start here when you do not know the model.',
      input: schemaOf(modelsInput),
      output: schemaOf(modelsOutput),
      kind: 'read',
      isFor: everybody,
      run: (context, given) => findModels(odoo, context, parsed(modelsInput, given)),
    },
    {
      name: 'describe_model',
      description: 'Fields of a model, the most used first. Use query for the others.',
      input: schemaOf(describeInput),
      output: schemaOf(describeOutput),
      kind: 'read',
      isFor: everybody,
      run: (context, given) => describeModel(odoo, context, parsed(describeInput, given)),
    },
  ];
}

async function whoami(odoo: Odoo, context: RequestContext): Promise<Json> {
  const { principal, database } = context;
  const fields = { company_id: {}, company_ids: { fields: { name: {} } }, lang: {}, tz: {} };
  // The gateway itself reads the caller's user, so the caller needs no scope for it.
  const own = { op: 'read', model: 'res.users', ids: [principal.userId], fields } as const;
  const [result] = await odoo.read(context, [own], { scopes: null, models: null });
  const [user = {}] = asRecords(result).records;
  const [companyId, companyName] = Array.isArray(user['company_id']) ? (user['company_id'] as unknown[]) : [];
  return {
    user: { id: principal.userId, name: principal.userName, language: user['lang'], timezone: user['tz'] || 'UTC' },
    company: { id: companyId, name: companyName },
    ...compact([{ companies: user['company_ids'] }], database.settings['agent.answer_bytes'])[0],
    may: { scopes: principal.grant.scopes ?? 'all', models: principal.grant.models ?? 'all', writes: writesOf(context) },
    database: database.name,
    now: new Date().toISOString().slice(0, 16),
  };
}

async function findModels(odoo: Odoo, context: RequestContext, { query = '' }: z.infer<typeof modelsInput>): Promise<Json> {
  const [result] = await odoo.read(context, [{ op: 'models' }]);
  const words = query
    .toLowerCase()
    .split(/[\s._]+/)
    .filter((word) => word !== '');
  const models = listedModels
    .parse(result)
    .map((model) => ({ model, score: scoreOf(model, words) }))
    .filter(({ score }) => words.length === 0 || score > 0)
    .sort((a, b) => b.score - a.score || a.model.model.length - b.model.model.length)
    .slice(0, mostModels)
    .map(({ model: { model, name, ...rights } }) => ({ model, name, may: rightsText(rights) }));
  return { models, ...(models.length === 0 ? { hint: 'No model that you may use matches. Try another word.' } : {}) };
}

/** Each word counts once. A whole word of the label scores highest, a part of the technical name lowest. */
function scoreOf({ model, name }: { readonly model: string; readonly name: string }, words: readonly string[]): number {
  const label = name.toLowerCase();
  const parts = new Set(label.split(/\W+/));
  const stem = (word: string) => (word.length > 3 ? word.replace(/(?:ies|es|s)$/, '') : word);
  let score = 0;
  for (const word of words) {
    const short = stem(word);
    if ([...parts].some((part) => stem(part) === short)) score += 3;
    else if (model.split(/[._]/).some((part) => stem(part) === short)) score += 2;
    else if (label.includes(short) || model.includes(short)) score += 1;
  }
  return score === 0 ? 0 : score - label.split(' ').length / 100;
}

function rightsText({ read, write, create, unlink }: Readonly<Record<'read' | 'write' | 'create' | 'unlink', boolean>>): string {
  return [read && 'read', create && 'create', write && 'update', unlink && 'delete'].filter((right) => right !== false).join(' ');
}

async function describeModel(
  odoo: Odoo,
  context: RequestContext,
  { model: name, query, ...said }: z.infer<typeof describeInput>,
): Promise<Json> {
  const model = checkModel(context.database, name);
  ask(context, `/api/v1/${model}/schema`, {}, said);
  const [result] = await odoo.read(context, [{ op: 'describe', models: [model] }]);
  const all = Object.entries(describedShape.parse(result)[model] ?? {});
  const needle = query?.toLowerCase();
  const wanted = all
    .filter(([field, { string }]) => needle === undefined || `${field} ${string.toLowerCase()}`.includes(needle))
    .sort((a, b) => worth(b) - worth(a));
  const fields: Record<string, string> = {};
  let left = bytesOfDescription;
  for (const [field, described] of wanted) {
    const text = textOf(field, described);
    left -= Buffer.byteLength(text) + field.length + 6;
    if (left < 0) break;
    fields[field] = text;
  }
  const more = wanted.length - Object.keys(fields).length;
  return { model, fields, ...(more > 0 ? { hint: `${more} more fields: use query to find others.` } : {}) };
}

const telling = new Set(
  (
    'name display_name partner_id state date_order invoice_date date amount_total amount_residual payment_state invoice_status ' +
    'email phone country_id user_id company_id order_line invoice_line_ids line_ids invoice_ids move_type list_price default_code ' +
    'product_id product_uom_qty price_unit price_subtotal team_id stage_id parent_id city vat invoice_user_id currency_id'
  ).split(' '),
);
const dull =
  /^(?:message_|activity_|website_|access_|alias_|campaign_|medium_|source_|rating_|my_activity|has_message|x?_barcode)/;

function worth([name, { store, required, type }]: readonly [string, Field]): number {
  if (telling.has(name)) return 4;
  if (dull.test(name) || type === 'binary') return 0;
  return (store ? 2 : 1) + (required ? 1 : 0);
}

/** `many2one res.partner* — Customer`, `selection draft|sent|sale — Status`, `monetary= — Total`. */
function textOf(name: string, { type, relation, selection, required, readonly, has_default, string }: Field): string {
  const choices = selection?.slice(0, mostChoices).map(([value]) => String(value));
  const more = (selection?.length ?? 0) > mostChoices ? '|…' : '';
  const what = [type, relation ?? (choices === undefined ? '' : choices.join('|') + more)]
    .filter((part) => part !== '')
    .join(' ');
  const mark = required && !has_default ? '*' : readonly ? '=' : '';
  // A label that only repeats the name is omitted.
  const isTelling = string !== '' && string.toLowerCase().replaceAll(' ', '_') !== name.replace(/_ids?$/, '');
  return `${what}${mark}${isTelling ? ` — ${string}` : ''}`;
}

/** Whether the credential may do this on at least one model. */
export function mayAnywhere({ principal }: RequestContext, action: 'read' | 'write' | 'delete' | 'call'): boolean {
  const { scopes } = principal.grant;
  return (
    scopes === null ||
    scopes.some((scope) => scope === action || scope.endsWith(`:${action}`)) ||
    permits(principal.grant, action, '')
  );
}
