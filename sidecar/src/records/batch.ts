// A batch: operations of one transaction, in the format of the single endpoints.
//
//   [{"id": "azure", "op": "create", "model": "res.partner", "values": {"name": "Azure"}},
//    {"op": "create", "model": "sale.order", "values": {"partner_id": {"$ref": "azure.id"}}}]

import { GatewayError } from '../errors.ts';
import type { Domain, FieldTree, Operation } from '../executor/operations.ts';
import { asRecords, asWritten } from '../executor/operations.ts';
import { checkMethod, checkModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { checkDomain } from './domain.ts';
import { parseFields } from './fields.ts';
import type { RecordShapes } from './record_shapes.ts';
import { asObject } from './record_shapes.ts';
import { checkKey, namespaceOf } from './upserts.ts';
import { isReference } from './values.ts';

type Item = Readonly<Record<string, unknown>>;
/** An operation of a batch. It can also have a name, to which later operations refer. */
export type NamedOperation = Operation & { readonly name?: string | undefined };

const allowed: Readonly<Record<string, readonly string[]>> = {
  search: ['model', 'domain', 'fields', 'limit', 'offset', 'order'],
  read: ['model', 'ids', 'fields'],
  create: ['model', 'values', 'fields'],
  update: ['model', 'ids', 'values', 'fields'],
  delete: ['model', 'ids'],
  upsert: ['model', 'key', 'value', 'values', 'fields'],
  call: ['model', 'method', 'ids', 'args', 'kwargs'],
};
const nameFormat = /^[A-Za-z_][\w-]{0,63}$/;

/** The list in a batch's body; throws `body.form`. */
export function batchItems(body: unknown, most: number): Item[] {
  const list = Array.isArray(body) ? body : asObject(body)['operations'];
  if (!Array.isArray(list) || list.length === 0) {
    throw new GatewayError('body.form', { message: 'The body must be a list of operations, or an object with "operations".' });
  }
  if (list.length > most) {
    throw new GatewayError('body.form', { message: `A batch has at most ${most} operations, not ${list.length}.` });
  }
  return list.map((item: unknown, i) => asObject(item, `operations[${i}]`));
}

export class Batch {
  readonly #shapes: RecordShapes;
  readonly #context: RequestContext;

  constructor(shapes: RecordShapes, context: RequestContext) {
    this.#shapes = shapes;
    this.#context = context;
  }

  async parse(items: readonly Item[]): Promise<NamedOperation[]> {
    const names = new Set<string>();
    const operations: NamedOperation[] = [];
    for (const [i, item] of items.entries()) {
      const at = `operations[${i}]`;
      const name = nameOf(item, at);
      if (name !== undefined && names.has(name)) throw malformed(at, `repeats the id "${name}"`);
      if (name !== undefined) names.add(name);
      operations.push({ ...(await this.#parseOne(item, at)), name });
    }
    return operations;
  }

  /** The result of an operation, as its single endpoint would return it. */
  async shape(operation: NamedOperation, result: unknown): Promise<unknown> {
    switch (operation.op) {
      case 'search':
      case 'read': {
        const { records } = asRecords(result);
        await this.#shapes.shape(this.#context, operation.model, operation.fields, records);
        return records;
      }
      case 'create':
      case 'write':
      case 'upsert':
        return this.#shapes.written(this.#context, operation.model, operation.fields, asWritten(result));
      case 'unlink':
        return asWritten(result).ids.map((id) => ({ id }));
      default:
        return result;
    }
  }

  async #parseOne(item: Item, at: string): Promise<Operation> {
    const { op } = item;
    const keys = typeof op === 'string' && Object.hasOwn(allowed, op) ? allowed[op] : undefined;
    if (keys === undefined) throw malformed(at, `must have an "op", one of ${Object.keys(allowed).join(', ')}`);
    const unknown = Object.keys(item).find((key) => key !== 'id' && key !== 'op' && !keys.includes(key));
    if (unknown !== undefined) throw malformed(at, `takes ${keys.join(', ')}, not "${unknown}"`);
    if (item['model'] === undefined) throw missing(at, 'model');
    const model = checkModel(this.#context.database, item['model']);
    const fields = fieldsOf(item, at);
    const { settings } = this.#context.database;
    switch (op) {
      case 'search':
        return {
          op,
          model,
          domain: item['domain'] === undefined ? [] : domainOf(item['domain'], `${at}.domain`),
          fields,
          limit: wholeOr(
            item['limit'],
            Math.min(settings['limit.default'], settings['limit.max']),
            1,
            settings['limit.max'],
            `${at}.limit`,
          ),
          offset: wholeOr(item['offset'], 0, 0, 2 ** 31 - 1, `${at}.offset`),
          order: typeof item['order'] === 'string' ? item['order'] : undefined,
        };
      case 'read':
        return { op, model, ids: idsOf(item, at), fields };
      case 'create': {
        if (item['values'] === undefined) throw missing(at, 'values');
        const bodies = Array.isArray(item['values']) ? item['values'] : [item['values']];
        return { op, model, values: await this.#shapes.parse(this.#context, model, bodies, `${at}.values`), fields };
      }
      case 'update': {
        if (item['values'] === undefined) throw missing(at, 'values');
        const [values = {}] = await this.#shapes.parse(this.#context, model, [item['values']], `${at}.values`);
        return { op: 'write', model, ids: idsOf(item, at), values, fields };
      }
      case 'upsert': {
        if (item['values'] === undefined) throw missing(at, 'values');
        const [values = {}] = await this.#shapes.parse(this.#context, model, [item['values']], `${at}.values`);
        const { key, value } = checkKey(item['key'], item['value'], at);
        return { op, model, key, items: [{ value, values }], fields, namespace: namespaceOf(this.#context) };
      }
      case 'delete':
        return { op: 'unlink', model, ids: idsOf(item, at) };
      default:
        return this.#parseCall(item, model, at);
    }
  }

  #parseCall(item: Item, model: string, at: string): Operation {
    if (item['method'] === undefined) throw missing(at, 'method');
    const method = checkMethod(item['method']);
    const { args = [], kwargs = {} } = item;
    if (!Array.isArray(args)) throw malformed(`${at}.args`, 'must be a list');
    const ids = item['ids'] === undefined ? undefined : idsOf(item, at);
    return { op: 'call', model, method, ids, args, kwargs: asObject(kwargs, `${at}.kwargs`) };
  }
}

function nameOf(item: Item, at: string): string | undefined {
  const { id } = item;
  if (id === undefined) return undefined;
  if (typeof id !== 'string' || !nameFormat.test(id)) throw malformed(`${at}.id`, 'must be a name like "order"');
  return id;
}

/** The ids of an operation: `7`, `[7, 8]`, or references instead of numbers. The executor checks the values of references. */
function idsOf(item: Item, at: string): number[] {
  const { ids } = item;
  if (ids === undefined) throw missing(at, 'ids');
  return (Array.isArray(ids) || isReference(ids) ? ids : [ids]) as number[];
}

function fieldsOf(item: Item, at: string): FieldTree | undefined {
  const { fields } = item;
  if (fields === undefined) return undefined;
  const names = typeof fields === 'string' ? [fields] : fields;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string') || names.length === 0) {
    throw malformed(`${at}.fields`, 'must be a list of fields');
  }
  return parseFields(names.join(','));
}

function domainOf(domain: unknown, at: string): Domain {
  return isReference(domain) ? (domain as unknown as Domain) : checkDomain(domain, at);
}

function wholeOr(value: unknown, otherwise: number, least: number, most: number, at: string): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw malformed(at, `must be a whole number from ${least} to ${most}`);
}

function missing(at: string, name: string): GatewayError {
  return new GatewayError('body.missing', {
    message: `Missing required field: ${at}.${name}`,
    details: { field: `${at}.${name}` },
  });
}

function malformed(at: string, what: string): GatewayError {
  return new GatewayError('body.form', { message: `${at} ${what}.`, details: { field: at } });
}
