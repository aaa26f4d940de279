// Converts records between the API's format and Odoo's, for all endpoints that read or write records.

import { GatewayError } from '../errors.ts';
import type { Domain, FieldTree, TypesOf, Written } from '../executor/operations.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Filter } from './filters.ts';
import { conditionOf } from './filters.ts';
import type { Metadata } from './metadata.ts';
import { shapeRows } from './shape.ts';
import { parseValues } from './values.ts';

type Row = Record<string, unknown>;
type Values = Record<string, unknown>;

export class RecordShapes {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Converts raw rows in place. */
  async shape(context: RequestContext, model: string, fields: FieldTree | undefined, rows: Row[]): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    const typesOf = await this.#metadata.typesBehind(context, model, fields, Object.keys(first));
    const startedAt = performance.now();
    shapeRows(rows, model, fields, typesOf);
    context.timings.shape += performance.now() - startedAt;
  }

  /** The types of a model and of those that the tree expands. @param names fields of the model that must be known */
  typesBehind(context: RequestContext, model: string, fields: FieldTree | undefined, names: readonly string[]): Promise<TypesOf> {
    return this.#metadata.typesBehind(context, model, fields, names);
  }

  /** The types of the fields of some models; throws `odoo.model` for one that does not exist. */
  types(context: RequestContext, models: readonly string[]): Promise<TypesOf> {
    return this.#metadata.typesOfAll(context, models);
  }

  /** Filters and a domain as one domain. */
  async domain(context: RequestContext, model: string, filters: readonly Filter[], domain: Domain): Promise<Domain> {
    const conditions: unknown[] = [];
    for (const filter of filters) {
      conditions.push(conditionOf(filter, await this.#metadata.typeAt(context, model, filter.path)));
    }
    return [...conditions, ...domain];
  }

  /** The values of a body in Odoo's format. Throws `body.value` and `body.form`. */
  async parse(context: RequestContext, model: string, bodies: readonly unknown[], at = ''): Promise<Values[]> {
    const typesOf = await this.#metadata.typesIn(context, model, bodies);
    const startedAt = performance.now();
    const place = (i: number) => (bodies.length === 1 ? at : `${at}[${i}]`);
    const parsed = bodies.map((body, i) => parseValues(body, model, typesOf, place(i)));
    context.timings.shape += performance.now() - startedAt;
    return parsed;
  }

  /** The answer after a write: the ids, or the records if fields were requested. */
  async written(
    context: RequestContext,
    model: string,
    fields: FieldTree | undefined,
    { ids, records }: Written,
  ): Promise<Row[]> {
    if (fields === undefined || records === undefined) return ids.map((id) => ({ id }));
    await this.shape(context, model, fields, records);
    return records;
  }
}

/** The body, if it is an object and not a list. Throws `body.form`. */
export function asObject(body: unknown, what = 'The body'): Row {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Row;
  throw new GatewayError('body.form', { message: `${what} must be a JSON object.` });
}
