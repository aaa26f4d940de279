import { grantedOnResource } from '../credentials/scopes.ts';
import type { Resource } from '../db/resources.ts';
import { GatewayError } from '../errors.ts';
import type { FieldTree, Operation, TypesOf } from '../executor/operations.ts';
import { asRecords, asWritten } from '../executor/operations.ts';
import { missing } from '../executor/target.ts';
import type { Grant, RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import type { Collection, Outcome, Parts, Row, Search } from './collection.ts';
import { readPage } from './collection.ts';
import type { Filter } from './filters.ts';
import type { ListQuery } from './list_query.ts';
import { parseListQuery } from './list_query.ts';
import { asObject } from './record_shapes.ts';
import { accept, fieldOf, present, publicPaths, treeOf } from './resources.ts';
import { ifMatch, versionOf } from './versions.ts';

/** The records of a resource's domain, with the field names defined by a manager. */
export class ResourceCollection implements Collection {
  readonly #parts: Parts;
  readonly #resource: Resource;

  constructor(parts: Parts, resource: Resource) {
    this.#parts = parts;
    this.#resource = resource;
  }

  async list(context: RequestContext): Promise<Outcome> {
    const query = parseListQuery(context.asked.url, context.database.settings);
    const search = await this.search(context, query);
    const { records, meta, next } = await readPage(this.#parts, context, query, search);
    return { data: records, meta, next };
  }

  async search(context: RequestContext, query: ListQuery): Promise<Search> {
    const resource = this.#resource;
    const { model } = resource;
    if (query.domain.length > 0) {
      throw new GatewayError('query.domain', {
        message: `${resource.name} accepts no domain, only filters: filter[field][operator]=value.`,
      });
    }
    if (query.archived !== undefined) {
      const message = `${resource.name} does not accept the parameter archived: its domain decides which records it contains.`;
      throw new GatewayError('query.archived', { message });
    }
    const typesOf = await this.#typesOf(context);
    const fields = treeOf(resource, typesOf, model, query.fields === undefined ? undefined : Object.keys(query.fields));
    const filters = query.filters.map((filter) => renamed(resource, filter));
    const domain = [...resource.domain, ...(await this.#parts.shapes.domain(context, model, filters, []))];
    const order = modelOrder(resource, query.order) ?? resource.order ?? undefined;
    const binding = bindingOf(resource);
    return { model, domain, fields, order, binding, grant: this.#grant(context), present: (row) => present(resource, row) };
  }

  async one(context: RequestContext, id: number): Promise<Outcome> {
    const { fields } = readQuery(context.asked.url, ['fields'], { lists: ['fields'] });
    const asked = fields?.split(',').map((name) => name.trim());
    const tree = treeOf(this.#resource, await this.#typesOf(context), this.#resource.model, asked);
    const { row, version } = await this.#find(context, id, tree);
    return { data: present(this.#resource, row), version };
  }

  async create(context: RequestContext): Promise<Outcome> {
    const resource = this.#resource;
    const { shapes } = this.#parts;
    readQuery(context.asked.url, []);
    const typesOf = await this.#typesOf(context);
    const { values, ignored } = accept(resource, asObject(context.body), typesOf, true);
    const tree = treeOf(resource, typesOf, resource.model);
    const parsed = await shapes.parse(context, resource.model, [values]);
    const operation = { op: 'create', model: resource.model, values: parsed, fields: tree } as const;
    const [result] = await this.#execute(context, operation, tree);
    const written = asWritten(result);
    const [row = {}] = await shapes.written(context, resource.model, tree, written);
    const unused = [...ignored, ...publicPaths(resource, written.ignored)];
    return { ...this.#said('created', present(resource, row), unused), id: written.ids[0] };
  }

  async update(context: RequestContext, id: number): Promise<Outcome> {
    const resource = this.#resource;
    const { shapes } = this.#parts;
    readQuery(context.asked.url, []);
    const typesOf = await this.#typesOf(context);
    const { values, ignored } = accept(resource, asObject(context.body), typesOf, false);
    await this.#requireInside(context, id);
    const tree = treeOf(resource, typesOf, resource.model);
    const [parsed = {}] = await shapes.parse(context, resource.model, [values]);
    const if_match = ifMatch(context, tree);
    const operation = { op: 'write', model: resource.model, ids: [id], values: parsed, fields: tree, if_match } as const;
    const [result] = await this.#execute(context, operation, tree);
    const written = asWritten(result);
    const [row = {}] = await shapes.written(context, resource.model, tree, written);
    return this.#said('updated', present(resource, row), [...ignored, ...publicPaths(resource, written.ignored)]);
  }

  async remove(context: RequestContext, id: number): Promise<Outcome> {
    readQuery(context.asked.url, []);
    const typesOf = await this.#typesOf(context);
    await this.#requireInside(context, id);
    const if_match = ifMatch(context, treeOf(this.#resource, typesOf, this.#resource.model));
    const operation = { op: 'unlink', model: this.#resource.model, ids: [id], if_match } as const;
    await this.#execute(context, operation);
    return this.#said('deleted', { id }, []);
  }

  /** Executes the operation. The report of a dry run then shows differences only in the resource's fields. */
  async #execute(context: RequestContext, operation: Operation, tree: FieldTree = {}): Promise<readonly unknown[]> {
    const results = await this.#parts.odoo.execute(context, [operation], this.#grant(context));
    const report = context.dryRunReport;
    if (report?.differences !== undefined) {
      const own = (row: Row) => Object.fromEntries(Object.entries(row).filter(([name]) => Object.hasOwn(tree, name)));
      const differences = report.differences
        .filter(({ model }) => model === this.#resource.model)
        .map((found) => ({ ...found, before: found.before && own(found.before), after: found.after && own(found.after) }));
      context.dryRunReport = { ...report, differences };
    }
    return results;
  }

  #said(done: string, data: Row, ignored: readonly string[]): Outcome {
    return { data, message: `${this.#resource.label} ${done} successfully`, meta: ignored.length > 0 ? { ignored } : undefined };
  }

  /** The actions on its models that the resource's scopes allow. */
  #grant({ principal }: RequestContext): Grant {
    const scopes = grantedOnResource(principal.grant.scopes, this.#resource.name, modelsOf(this.#resource));
    return { ...principal.grant, scopes };
  }

  /**
   * The types of the resource's models. Throws `resource.unavailable` if the app that defines one of these models is not
   * installed.
   */
  async #typesOf(context: RequestContext): Promise<TypesOf> {
    const resource = this.#resource;
    try {
      return await this.#parts.shapes.types(context, modelsOf(resource));
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

  async #find(context: RequestContext, id: number, fields: FieldTree): Promise<{ row: Row; version: string }> {
    const { odoo, shapes } = this.#parts;
    const { model, name, domain: own } = this.#resource;
    // Also finds archived records: a condition on `active` makes the ORM include them.
    const { active } = (await shapes.types(context, [model]))(model);
    const any = active === undefined ? [] : [['active', 'in', [true, false]]];
    const domain = [['id', '=', id], ...any, ...own];
    const search = { op: 'search', model, domain, fields, limit: 1, offset: 0 } as const;
    const [result] = await odoo.read(context, [search], this.#grant(context));
    const { records } = asRecords(result);
    const [row] = records;
    if (row === undefined) throw missing(name, id);
    const version = versionOf(row);
    await shapes.shape(context, model, fields, records);
    return { row, version };
  }

  /** Throws `odoo.missing` for a record outside the resource's domain: for the resource, it does not exist. */
  async #requireInside(context: RequestContext, id: number): Promise<void> {
    if (this.#resource.domain.length > 0) await this.#find(context, id, {});
  }
}

function modelsOf({ model, fields }: Resource): string[] {
  return [model, ...fields.flatMap(({ nested }) => (nested === null ? [] : [nested.model]))];
}

/** The binding of the resource's cursors. An order in a cursor is valid only for the resource for which it was checked. */
function bindingOf({ name, model, order, fields }: Resource): readonly unknown[] {
  return ['resource', name, model, order, fields.filter(({ read }) => read).map((field) => [field.name, field.field])];
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
