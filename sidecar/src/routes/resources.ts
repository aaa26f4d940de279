// Resources: the verbs of /api/v1/<resource> and /api/v1/<resource>/<id>, in the public names that a manager gave.

import { grantedOnResource } from '../credentials/scopes.ts';
import type { Resource } from '../db/resources.ts';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { FieldTree, TypesOf } from '../executor/operations.ts';
import { asRecords, asWritten } from '../executor/operations.ts';
import { missing, requestedId } from '../executor/target.ts';
import type { Answer, Grant, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { readCursor, writeCursor } from '../records/cursor.ts';
import type { Filter } from '../records/filters.ts';
import { pageAfter, parseListQuery } from '../records/list_query.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { asObject } from '../records/record_shapes.ts';
import { accept, fieldOf, present, publicPaths, treeOf } from '../records/resources.ts';

type Row = Record<string, unknown>;

export class ResourceEndpoints {
  readonly #odoo: Odoo;
  readonly #shapes: RecordShapes;

  constructor(odoo: Odoo, shapes: RecordShapes) {
    this.#odoo = odoo;
    this.#shapes = shapes;
  }

  async list(context: RequestContext, resource: Resource): Promise<Answer> {
    const { model } = resource;
    const query = parseListQuery(context.request.url, context.database.settings);
    if (query.domain.length > 0) {
      throw new GatewayError('query.domain', { message: `${resource.name} takes filters: filter[field][operator]=value.` });
    }
    const typesOf = await this.#typesOf(context, resource);
    const tree = treeOf(resource, typesOf, model, query.fields === undefined ? undefined : Object.keys(query.fields));
    const filters = query.filters.map((filter) => renamed(resource, filter));
    const domain = [...resource.domain, ...(await this.#shapes.domain(context, model, filters, []))];
    const list = listOf(resource);
    const behind = await readCursor(context, list, query.cursor);
    const order = behind?.order ?? modelOrder(resource, query.order) ?? resource.order ?? undefined;
    const { limit, offset, count } = query;
    const search = { op: 'search', model, domain, fields: tree, limit, offset, order, after: behind?.after, count } as const;
    const [result] = await this.#odoo.read(context, [search], grantFor(context, resource));
    const { records, total, next } = asRecords(result);
    await this.#shapes.shape(context, model, tree, records);
    const cursor = await writeCursor(context, list, next);
    const page = pageAfter(context.request, query, records.length, cursor);
    const meta = { limit, offset: behind === undefined ? offset : undefined, total, next: cursor };
    const data = records.map((row) => present(resource, row));
    return { status: 200, body: { success: true, data, meta }, next: page };
  }

  async one(context: RequestContext, resource: Resource): Promise<Answer> {
    const id = requestedId(context);
    const { fields } = readQuery(context.request.url, ['fields'], { lists: ['fields'] });
    const typesOf = await this.#typesOf(context, resource);
    const tree = treeOf(
      resource,
      typesOf,
      resource.model,
      fields?.split(',').map((name) => name.trim()),
    );
    const row = await this.#find(context, resource, id, tree);
    return { status: 200, body: { success: true, data: present(resource, row) } };
  }

  async create(context: RequestContext, resource: Resource): Promise<Answer> {
    const { row, ignored } = await this.createRecord(context, resource, asObject(context.body));
    const location = `${context.request.path.replace(/\/$/, '')}/${String(row['id'])}`;
    return { ...said(`${resource.label} created successfully`, row, ignored, 201), location };
  }

  async createRecord(context: RequestContext, resource: Resource, body: Row): Promise<{ row: Row; ignored: readonly string[] }> {
    readQuery(context.request.url, []);
    const typesOf = await this.#typesOf(context, resource);
    const { values, ignored } = accept(resource, body, typesOf, true);
    const tree = treeOf(resource, typesOf, resource.model);
    const parsed = await this.#shapes.parse(context, resource.model, [values]);
    const operation = { op: 'create', model: resource.model, values: parsed, fields: tree } as const;
    const [result] = await this.#odoo.execute(context, [operation], grantFor(context, resource));
    const written = asWritten(result);
    const [row = {}] = await this.#shapes.written(context, resource.model, tree, written);
    return { row: present(resource, row), ignored: [...ignored, ...publicPaths(resource, written.ignored)] };
  }

  async update(context: RequestContext, resource: Resource): Promise<Answer> {
    const id = requestedId(context);
    readQuery(context.request.url, []);
    const typesOf = await this.#typesOf(context, resource);
    const { values, ignored } = accept(resource, asObject(context.body), typesOf, false);
    await this.#requireInside(context, resource, id);
    const tree = treeOf(resource, typesOf, resource.model);
    const [parsed = {}] = await this.#shapes.parse(context, resource.model, [values]);
    const operation = { op: 'write', model: resource.model, ids: [id], values: parsed, fields: tree } as const;
    const [result] = await this.#odoo.execute(context, [operation], grantFor(context, resource));
    const written = asWritten(result);
    const [row = {}] = await this.#shapes.written(context, resource.model, tree, written);
    const unused = [...ignored, ...publicPaths(resource, written.ignored)];
    return said(`${resource.label} updated successfully`, present(resource, row), unused, 200);
  }

  async remove(context: RequestContext, resource: Resource): Promise<Answer> {
    const id = requestedId(context);
    readQuery(context.request.url, []);
    await this.#typesOf(context, resource);
    await this.#requireInside(context, resource, id);
    await this.#odoo.execute(context, [{ op: 'unlink', model: resource.model, ids: [id] }], grantFor(context, resource));
    return said(`${resource.label} deleted successfully`, { id }, [], 200);
  }

  /** The types of the resource's models; throws `resource.unavailable` when the app that brings one is not installed. */
  async #typesOf(context: RequestContext, resource: Resource): Promise<TypesOf> {
    const models = [resource.model, ...resource.fields.flatMap(({ nested }) => (nested === null ? [] : [nested.model]))];
    try {
      return await this.#shapes.types(context, models);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.reason !== 'odoo.model') throw error;
      const app = resource.app ?? resource.model;
      throw new GatewayError('resource.unavailable', {
        message: `${resource.name} needs the app ${app}, which is not installed in this database.`,
        details: { resource: resource.name, app },
        cause: error,
      });
    }
  }

  async #find(context: RequestContext, resource: Resource, id: number, fields: FieldTree): Promise<Row> {
    // Archived records exist, too: naming `active` makes the ORM look at them.
    const { active } = (await this.#shapes.types(context, [resource.model]))(resource.model);
    const any = active === undefined ? [] : [['active', 'in', [true, false]]];
    const domain = [['id', '=', id], ...any, ...resource.domain];
    const search = { op: 'search', model: resource.model, domain, fields, limit: 1, offset: 0 } as const;
    const [result] = await this.#odoo.read(context, [search], grantFor(context, resource));
    const { records } = asRecords(result);
    await this.#shapes.shape(context, resource.model, fields, records);
    const [row] = records;
    if (row === undefined) throw missing(resource.name, id);
    return row;
  }

  /** Records outside the resource's domain do not exist for it. */
  async #requireInside(context: RequestContext, resource: Resource, id: number): Promise<void> {
    if (resource.domain.length > 0) await this.#find(context, resource, id, {});
  }
}

/** `POST /api/project/create`, as integrations of other gateways know it. */
export function projectRoute(resources: ResourceEndpoints): Route {
  return {
    name: 'project.create',
    method: 'POST',
    path: '/api/project/create',
    access: 'authenticated',
    needs: ({ database }) => ({
      actions: ['write'],
      model: database.resources.get('projects')?.model ?? 'project.project',
      resource: 'projects',
    }),
    async handle(context) {
      const resource = context.database.resources.get('projects');
      if (resource === undefined) throw new GatewayError('route.unknown');
      const { row } = await resources.createRecord(context, resource, asObject(context.body));
      return { status: 201, body: { message: 'Project created successfully.', project_id: row['id'] } };
    },
  };
}

/** What cursors of a resource's list are bound to: an order is only as good as the resource that it was checked against. */
function listOf({ name, model, order, fields }: Resource): unknown[] {
  return ['resource', name, model, order, fields.filter(({ read }) => read).map((field) => [field.name, field.field])];
}

function grantFor({ principal }: RequestContext, resource: Resource): Grant {
  const models = [resource.model, ...resource.fields.flatMap(({ nested }) => (nested === null ? [] : [nested.model]))];
  return { ...principal.grant, scopes: grantedOnResource(principal.grant.scopes, resource.name, models) };
}

function renamed(resource: Resource, filter: Filter): Filter {
  return { ...filter, path: fieldOf(resource, filter.path.join('.'), filter.parameter).split('.') };
}

function modelOrder(resource: Resource, order: string | undefined): string | undefined {
  if (order === undefined) return undefined;
  const terms = order.split(',').map((term) => {
    const [name = '', ...direction] = term.trim().split(/\s+/);
    return [fieldOf(resource, name, 'order'), ...direction].join(' ');
  });
  return terms.join(', ');
}

function said(message: string, data: Row, ignored: readonly string[], status: number): Answer {
  return { status, body: { success: true, data, message, meta: ignored.length > 0 ? { ignored } : undefined } };
}
