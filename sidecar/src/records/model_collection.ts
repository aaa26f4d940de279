import { GatewayError } from '../errors.ts';
import type { Domain, FieldTree, Written } from '../executor/operations.ts';
import { asRecords, asWritten } from '../executor/operations.ts';
import { missing } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import type { Collection, Outcome, Parts, Search } from './collection.ts';
import { readPage } from './collection.ts';
import { parseFields } from './fields.ts';
import type { ListQuery } from './list_query.ts';
import { parseListQuery } from './list_query.ts';
import { asObject } from './record_shapes.ts';
import { ifMatch, versionOf } from './versions.ts';

/** All records of a model, with Odoo's field names. */
export class ModelCollection implements Collection {
  readonly #parts: Parts;
  readonly #model: string;

  constructor(parts: Parts, model: string) {
    this.#parts = parts;
    this.#model = model;
  }

  async list(context: RequestContext): Promise<Outcome> {
    const query = parseListQuery(context.asked.url, context.database.settings);
    const search = await this.search(context, query);
    const { records, omitted, meta, next } = await readPage(this.#parts, context, query, search);
    return { data: records, meta: { ...meta, ...named(omitted) }, next };
  }

  async search(context: RequestContext, { filters, domain: asked, fields, order, archived }: ListQuery): Promise<Search> {
    const model = this.#model;
    const domain = await this.#parts.shapes.domain(context, model, filters, [...asked, ...conditionOn(archived)]);
    return { model, domain, fields, order, binding: ['model', model] };
  }

  async one(context: RequestContext, id: number): Promise<Outcome> {
    const { odoo, shapes } = this.#parts;
    const model = this.#model;
    const fields = fieldsOf(context);
    const [result] = await odoo.read(context, [{ op: 'read', model, ids: [id], fields, brief: context.asked.brief }]);
    const { records, omitted } = asRecords(result);
    const [record] = records;
    if (record === undefined) throw missing(model, id);
    const version = versionOf(record);
    await shapes.shape(context, model, fields, records);
    return { data: record, meta: omitted.length > 0 ? named(omitted) : undefined, version };
  }

  async create(context: RequestContext): Promise<Outcome> {
    const { odoo, shapes } = this.#parts;
    const model = this.#model;
    const fields = fieldsOf(context);
    const { body } = context;
    const isList = Array.isArray(body);
    const bodies = isList ? body.map((item: unknown, i) => asObject(item, `The body[${i}]`)) : [asObject(body)];
    if (bodies.length === 0) throw new GatewayError('body.form', { message: 'The list of records to create is empty.' });
    const values = await shapes.parse(context, model, bodies);
    const [result] = await odoo.execute(context, [{ op: 'create', model, values, fields }]);
    const written = asWritten(result);
    const records = await shapes.written(context, model, fields, written);
    if (isList) return { data: records, meta: { count: records.length, ignored: written.ignored } };
    const [record = {}] = records;
    return { data: record, meta: ignoredOf(written), id: written.ids[0] };
  }

  async update(context: RequestContext, id: number): Promise<Outcome> {
    const { odoo, shapes } = this.#parts;
    const model = this.#model;
    const fields = fieldsOf(context);
    const [values = {}] = await shapes.parse(context, model, [asObject(context.body)]);
    const [result] = await odoo.execute(context, [
      { op: 'write', model, ids: [id], values, fields, if_match: ifMatch(context, fields) },
    ]);
    const written = asWritten(result);
    const [record = {}] = await shapes.written(context, model, fields, written);
    return { data: record, meta: ignoredOf(written) };
  }

  async remove(context: RequestContext, id: number): Promise<Outcome> {
    readQuery(context.asked.url, []);
    const if_match = ifMatch(context, undefined);
    await this.#parts.odoo.execute(context, [{ op: 'unlink', model: this.#model, ids: [id], if_match }]);
    return { data: { id } };
  }
}

/** Makes the ORM find archived records: it adds no condition on `active` if the domain already has one. */
export function conditionOn(archived: ListQuery['archived']): Domain {
  if (archived === undefined) return [];
  return [archived === 'only' ? ['active', '=', false] : ['active', 'in', [true, false]]];
}

/** The only parameter of endpoints that answer with a record: `fields`. */
function fieldsOf({ asked }: RequestContext): FieldTree | undefined {
  const { fields } = readQuery(asked.url, ['fields'], { lists: ['fields'] });
  return fields === undefined ? undefined : parseFields(fields);
}

function named(omitted: readonly string[]): { omitted?: readonly string[] } {
  return omitted.length > 0 ? { omitted } : {};
}

function ignoredOf({ ignored }: Written): { ignored: readonly string[] } | undefined {
  return ignored === undefined ? undefined : { ignored };
}
