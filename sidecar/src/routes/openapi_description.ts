// Collects models and fields for the OpenAPI document: those that the caller may use in Odoo, restricted by the credential's
// scopes.

import { z } from 'zod';
import { covers, grantedOnResource, permits } from '../credentials/scopes.ts';
import type { Resource, ResourceField } from '../db/resources.ts';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import { isExposed } from '../executor/exposure.ts';
import type { ListedModel } from '../executor/operations.ts';
import { listedModels } from '../executor/operations.ts';
import type { Described, Fields, ModelDescription, ResourceDescription, ResourceLine } from '../openapi/description.ts';
import type { Action, Grant, RequestContext } from '../pipeline/context.ts';

/** The models that are described by default: those that integrations use most, if they exist. */
const usual = new Set([
  'account.move',
  'calendar.event',
  'crm.lead',
  'hr.employee',
  'product.product',
  'product.template',
  'project.project',
  'project.task',
  'purchase.order',
  'res.partner',
  'sale.order',
  'sale.order.line',
  'stock.picking',
]);
/** The most models in a document. A thousand fields of a model take 300 kB, and tools load the whole document into memory. */
const mostModels = 300;
const pattern = /^[a-z_][a-z0-9_.]{0,127}\*?$|^\*$/;

const fieldShape = z.object({
  type: z.string(),
  string: z.string().optional().catch(undefined),
  help: z.string().optional().catch(undefined),
  required: z.boolean().optional().catch(undefined),
  readonly: z.boolean().optional().catch(undefined),
  store: z.boolean().optional().catch(undefined),
  relation: z.string().optional().catch(undefined),
  selection: z
    .array(z.tuple([z.unknown(), z.string()]))
    .optional()
    .catch(undefined),
  choices_vary: z.boolean().optional().catch(undefined),
  has_default: z.boolean().optional().catch(undefined),
});
const describedShape = z.record(z.string(), z.record(z.string(), fieldShape));
type ByModel = Readonly<Record<string, Fields>>;

/** Model names, where a `*` at the end matches any suffix; undefined: the default ones. Throws `query.models`. */
export function parseModels(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !pattern.test(name));
  if (wrong !== undefined || names.length > mostModels) {
    const message =
      wrong === undefined
        ? `The parameter models has ${names.length} models; at most ${mostModels} are possible.`
        : `models: "${wrong.slice(0, 128)}" is not the name of a model, like sale.order or sale.*.`;
    throw new GatewayError('query.models', { message, details: { models: wrong?.slice(0, 128) } });
  }
  return names;
}

/** Describes the API for a caller. Throws `query.models`, `odoo.model`, and the executor's errors. */
export async function describeFor(context: RequestContext, odoo: Odoo, asked: readonly string[] | undefined): Promise<Described> {
  const { database, principal } = context;
  const resources = [...database.resources.values()];
  const grant = withResources(principal.grant, resources);
  const [listing] = await odoo.read(context, [{ op: 'models' }], grant);
  const listed = new Map(listedModels.parse(listing).map((entry) => [entry.model, entry]));

  const chosen = choose([...listed.values()], asked, principal.grant);
  const shown = asked === undefined ? resources.filter(({ model }) => listed.has(model)) : [];
  const wanted = [...chosen, ...shown.flatMap(modelsOf)].filter((model) => listed.get(model)?.read === true);
  const names = [...new Set(wanted)];
  const [described] = names.length === 0 ? [{}] : await odoo.read(context, [{ op: 'describe', models: names }], grant);
  const byModel = reachable(describedShape.parse(described), database.neverExposed);

  return {
    models: chosen.flatMap((model) => {
      const entry = listed.get(model);
      const fields = byModel[model];
      const isResource = database.resources.has(model);
      return entry === undefined || fields === undefined || isResource ? [] : [modelDescription(entry, fields, principal.grant)];
    }),
    resources: shown.flatMap((resource) => resourceDescription(resource, listed, byModel, principal.grant) ?? []),
    ...bounds(context),
  };
}

/** The parts that are the same for all callers. */
export function describeForNobody(context: RequestContext): Described {
  return { models: [], resources: [], ...bounds(context) };
}

function bounds({ database: { settings } }: RequestContext): Pick<Described, 'limit' | 'mostOperations'> {
  const most = settings['limit.max'];
  return { limit: { standard: Math.min(settings['limit.default'], most), most }, mostOperations: settings['batch.max'] };
}

function choose(listed: readonly ListedModel[], asked: readonly string[] | undefined, grant: Grant): string[] {
  const usable = listed.filter(({ model }) => permits(grant, 'read', model)).map(({ model }) => model);
  if (asked === undefined) {
    const narrowed = grant.models !== null || (grant.scopes ?? []).some((scope) => scope.includes(':'));
    const some = usable.filter((model) => usual.has(model));
    return narrowed && usable.length <= mostModels ? usable : some;
  }
  const matched = usable.filter((model) => asked.some((name) => !isExposed(model, [name])));
  const nowhere = asked.find((name) => !usable.some((model) => !isExposed(model, [name])));
  if (nowhere !== undefined) {
    const message = `There is no model "${nowhere}" that you may read.`;
    throw new GatewayError('odoo.model', { message, details: { model: nowhere } });
  }
  if (matched.length > mostModels) {
    const message = `You asked for ${matched.length} models; one document describes at most ${mostModels}.`;
    throw new GatewayError('query.models', { message, details: { models: matched.length, max: mostModels } });
  }
  return matched;
}

function modelDescription({ model, name, ...may }: ListedModel, fields: Fields, grant: Grant): ModelDescription {
  const scope = (action: Action) => permits(grant, action, model);
  const rights = {
    read: may.read && scope('read'),
    write: may.write && scope('write'),
    create: may.create && scope('write'),
    delete: may.unlink && scope('delete'),
    call: scope('call') || scope('read'),
  };
  return { model, label: name, rights, fields };
}

function resourceDescription(
  resource: Resource,
  listed: ReadonlyMap<string, ListedModel>,
  byModel: ByModel,
  grant: Grant,
): ResourceDescription | undefined {
  const { name, label, model } = resource;
  const fields = byModel[model];
  const may = listed.get(model);
  const scope = (action: Action) => permits(grant, action, model, name);
  if (fields === undefined || may === undefined || !['read', 'write', 'delete'].some((action) => scope(action as Action))) {
    return undefined;
  }
  const lines = resource.fields.flatMap((line) => lineOf(line, fields, byModel) ?? []);
  const rights = {
    read: may.read && scope('read'),
    write: may.write && scope('write'),
    create: may.create && scope('write'),
    delete: may.unlink && scope('delete'),
  };
  return { name, label, model, rights, lines };
}

/** The description of a resource's field; undefined if the model has no such field, or if the caller may not see it. */
function lineOf(
  { nested, values, format, ...line }: Omit<ResourceField, 'nested'> & { readonly nested: ResourceField['nested'] },
  fields: Fields,
  byModel: ByModel,
): ResourceLine | undefined {
  const field = fields[line.field];
  if (field === undefined) return undefined;
  const inner = nested === null ? undefined : (byModel[nested.model] ?? {});
  return {
    name: line.name,
    read: line.read,
    write: line.write,
    required: line.required,
    isEmail: format === 'email',
    words: values === null ? undefined : Object.keys(values),
    field,
    nested: inner && nested?.fields.flatMap((nestedLine) => lineOf(nestedLine, inner, byModel) ?? []),
  };
}

/** Leaves out fields that refer to never-exposed models. */
function reachable(described: ByModel, neverExposed: readonly string[]): ByModel {
  const without = (fields: Fields) =>
    Object.fromEntries(
      Object.entries(fields).filter(([, { relation }]) => relation === undefined || isExposed(relation, neverExposed)),
    );
  return Object.fromEntries(Object.entries(described).map(([model, fields]) => [model, without(fields)]));
}

function modelsOf({ model, fields }: Resource): string[] {
  return [model, ...fields.flatMap(({ nested }) => (nested === null ? [] : [nested.model]))];
}

/** The models behind the caller's resources may be described, even if the caller may use only the resource. */
function withResources(grant: Grant, resources: readonly Resource[]): Grant {
  if (grant.scopes === null) return grant;
  let scopes: readonly string[] = grant.scopes;
  for (const resource of resources) {
    const models = modelsOf(resource);
    scopes = grantedOnResource(scopes, resource.name, models) ?? scopes;
    const mayWrite = grant.scopes.some((scope) => covers(scope, `${resource.name}_write`));
    if (mayWrite) scopes = [...scopes, ...models.map((model) => `${model}:read`)];
  }
  return { ...grant, scopes };
}
