// Separate tools for each resource: `products_search`, `orders_create`. They use the resource's own names, and give access only
// to what the resource contains.

import { z } from 'zod';
import { permits, requireScope } from '../credentials/scopes.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { Resource, Resources } from '../db/resources.ts';
import { GatewayError } from '../errors.ts';
import type { FieldType, TypesOf } from '../executor/operations.ts';
import type { Action, RequestContext } from '../pipeline/context.ts';
import type { Outcome, Parts } from '../records/collection.ts';
import { ResourceCollection } from '../records/resource_collection.ts';
import { askedFirst, confirmArgument } from './asked_first.ts';
import { ask, id, settingOfCall } from './asking.ts';
import { filtersOf, filtersShape } from './filters.ts';
import { readPage } from './reading.ts';
import type { Json, Tool } from './tool.ts';
import { parsed } from './tool.ts';

const mostAtOnce = 100;
const usualLimit = 10;
const anything: Json = { type: 'object' };

const searchInput = z.object({
  filters: filtersShape.optional(),
  fields: z.array(z.string().max(200)).max(200).optional(),
  order: z.string().max(500).optional(),
  limit: z.int().min(1).max(mostAtOnce).optional(),
  cursor: z.string().max(5_000).optional(),
  ...settingOfCall,
});
const values = z.record(z.string(), z.unknown());
const createInput = z.object({ values, ...settingOfCall, ...confirmArgument });
const updateInput = z.object({ id, values, ...settingOfCall, ...confirmArgument });
const deleteInput = z.object({ id, ...settingOfCall, ...confirmArgument });

/** The tools by resource, rebuilt when a database's resources or models have changed. */
class Known {
  tools: Promise<readonly Tool[]> | undefined;
  resources: Resources | undefined;

  constructor(database: Database) {
    database.onSignal('registry', () => {
      this.tools = undefined;
    });
  }
}

export class ResourceTools {
  readonly #parts: Parts;
  readonly #known = perDatabase((database) => new Known(database));

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The tools of the resources whose apps are installed, in the order of their names. */
  of(context: RequestContext): Promise<readonly Tool[]> {
    const { database } = context;
    const known = this.#known(database);
    if (known.tools === undefined || known.resources !== database.resources) {
      const making = this.#make(context);
      known.tools = making;
      known.resources = database.resources;
      making.catch(() => {
        if (known.tools === making) known.tools = undefined;
      });
    }
    return known.tools;
  }

  async #make(context: RequestContext): Promise<readonly Tool[]> {
    const tools: Tool[] = [];
    for (const resource of [...context.database.resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const models = [resource.model, ...resource.fields.flatMap(({ nested }) => (nested === null ? [] : [nested.model]))];
      try {
        tools.push(...this.#toolsOf(resource, await this.#parts.shapes.types(context, models)));
      } catch (error) {
        if (!(error instanceof GatewayError) || error.reason !== 'odoo.model') throw error;
      }
    }
    return tools;
  }

  #toolsOf(resource: Resource, typesOf: TypesOf): Tool[] {
    const { name, model, label, fields } = resource;
    const collection = new ResourceCollection(this.#parts, resource);
    const path = `/api/v1/${name}`;
    const { shapes } = this.#parts;
    const isFor = (action: Action) => (context: RequestContext) => permits(context.principal.grant, action, model, name);
    const requires = (context: RequestContext, action: Action) =>
      requireScope(context, { actions: [action], model, resource: name });
    const written = async (outcome: Promise<Outcome>): Promise<Json> => {
      const { data, meta } = await outcome;
      return { record: data, ...meta };
    };
    /** @param args the arguments, from which path and body are built */
    const write = (
      context: RequestContext,
      tool: string,
      { confirm, ...args }: z.infer<typeof deleteInput> | z.infer<typeof createInput>,
      act: () => Promise<Outcome>,
    ) =>
      askedFirst(shapes, context, [tool, args, resource], confirm, (once) => {
        ask(context, path, {}, args, once);
        return written(withBody(context, 'values' in args ? args.values : undefined, act));
      });
    const readable = fields.filter((field) => field.read).map((field) => field.name);
    const writable = schemaOfFields(fields, typesOf(model), typesOf);
    return [
      {
        name: `${name}_search`,
        description: `Find ${name}. Fields: ${readable.join(', ')}.`,
        input: { type: 'object', properties: { ...searchProperties } },
        kind: 'read',
        isFor: isFor('read'),
        run: (context, given) => {
          requires(context, 'read');
          const { filters, fields: asked, order, limit, cursor, ...said } = parsed(searchInput, given);
          const parameters = { ...filtersOf(filters ?? {}), fields: asked?.join(','), order };
          return readPage(collection, context, { path, limit: limit ?? usualLimit, cursor, parameters, said });
        },
      },
      {
        name: `${name}_create`,
        description: `Create: ${label}.`,
        input: { type: 'object', properties: { values: writable, confirm: text }, required: ['values'] },
        kind: 'write',
        isFor: isFor('write'),
        run: (context, given) => {
          requires(context, 'write');
          return write(context, `${name}_create`, parsed(createInput, given), () => collection.create(context));
        },
      },
      {
        name: `${name}_update`,
        description: `Change: ${label}.`,
        input: { type: 'object', properties: { id: number, values: anything, confirm: text }, required: ['id', 'values'] },
        kind: 'write',
        isFor: isFor('write'),
        run: (context, given) => {
          requires(context, 'write');
          const args = parsed(updateInput, given);
          return write(context, `${name}_update`, args, () => collection.update(context, args.id));
        },
      },
      {
        name: `${name}_delete`,
        description: `Delete: ${label}.`,
        input: { type: 'object', properties: { id: number, confirm: text }, required: ['id'] },
        kind: 'delete',
        isFor: isFor('delete'),
        run: (context, given) => {
          requires(context, 'delete');
          const args = parsed(deleteInput, given);
          return write(context, `${name}_delete`, args, () => collection.remove(context, args.id));
        },
      },
    ];
  }
}

const text = { type: 'string' };
const number = { type: 'integer' };
const searchProperties = {
  filters: { type: 'object' },
  fields: { type: 'array', items: text },
  order: text,
  limit: number,
  cursor: text,
};

const jsonTypes: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  float: 'number',
  integer: 'integer',
  many2one: 'integer',
  monetary: 'number',
  one2many: 'array',
  many2many: 'array',
};

function schemaOfFields(
  fields: readonly (Omit<Resource['fields'][number], 'nested'> & Partial<Pick<Resource['fields'][number], 'nested'>>)[],
  types: Readonly<Record<string, FieldType>>,
  typesOf: TypesOf,
): Json {
  const properties: Record<string, unknown> = {};
  for (const field of fields) {
    const type = types[field.field];
    if (!field.write || type === undefined) continue;
    const { nested, values: words } = field;
    if (nested) properties[field.name] = { type: 'array', items: schemaOfFields(nested.fields, typesOf(nested.model), typesOf) };
    else if (words !== null) properties[field.name] = { enum: Object.keys(words) };
    else properties[field.name] = { type: jsonTypes[type.type] ?? 'string' };
  }
  const required = fields.filter((field) => field.required && field.write).map((field) => field.name);
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** The collection reads the values from the body, so the tool's arguments replace the body. */
async function withBody(context: RequestContext, body: unknown, act: () => Promise<Outcome>): Promise<Outcome> {
  const { body: message } = context;
  context.body = body;
  try {
    return await act();
  } finally {
    context.body = message;
  }
}
