// The uses of an operation: fields, methods, and choices of selections (`gateway.used`). Other values are not recorded.

import type { RequestContext, TypeAt, Use, UsesOf } from '../pipeline/context.ts';
import type { Domain, Operation } from './operations.ts';

/** An export would record the same use for each of its pages, so the number is limited. */
const mostNoted = 16;
const longestChoice = 64;
/** The command that deletes a record of a list: `Command.DELETE` in odoo/fields.py. */
const deleteCommand = 2;

/**
 * Notes the uses of the operations for the recorder, which computes them after the answer. @param uses the uses of the operations,
 * if they are known
 */
export function noteUses(context: RequestContext, operations: readonly Operation[], uses = usesOfAll(operations)): void {
  if (context.uses.length < mostNoted) context.uses.push(uses);
}

/** @returns the uses of an operation that many requests repeat with other ids or numbers, but with the same strings */
export function sharedUses(operation: Operation): UsesOf {
  return Object.assign(usesOfAll([operation]), { isShared: true as const });
}

function usesOfAll(operations: readonly Operation[]): UsesOf {
  return function* (typeAt) {
    for (const operation of operations) yield* usesOf(operation, typeAt);
  };
}

/** May yield the same use more than once. */
export function* usesOf(operation: Operation, typeAt: TypeAt): Iterable<Use> {
  if (!('model' in operation)) {
    // A request for many models at once comes from the gateway itself, for its documentation.
    if (operation.op !== 'describe' || operation.models.length > 1) return;
    for (const model of operation.models) yield { model, action: 'read', name: '' };
    return;
  }
  const { model } = operation;
  const read = (name: string): Use => ({ model, action: 'read', name });
  switch (operation.op) {
    case 'search':
      yield read('');
      yield* readOf(model, fieldsOf(operation.fields));
      yield* conditionsOf(model, operation.domain, typeAt);
      yield* orderedBy(model, operation.order, typeAt);
      return;
    case 'read':
      yield read('');
      yield* readOf(model, fieldsOf(operation.fields));
      return;
    case 'aggregate': {
      yield read('');
      yield* orderedBy(model, operation.group.join(), typeAt);
      const measured = operation.measures.map((term) => term.split(':')[0] ?? '');
      yield* readOf(
        model,
        measured.filter((name) => name !== '__count'),
      );
      yield* conditionsOf(model, operation.domain, typeAt);
      return;
    }
    case 'create':
    case 'write':
    case 'upsert': {
      const written = operation.op === 'upsert' ? operation.items.map((item) => item.values) : [operation.values].flat();
      for (const values of written) yield* writtenOf(model, values, typeAt);
      if (operation.op === 'upsert' && operation.key !== 'external_id') yield read(operation.key);
      yield { model, action: 'write', name: '' };
      yield* readOf(model, fieldsOf(operation.fields));
      return;
    }
    case 'write_found':
    case 'unlink_found':
      yield { model, action: operation.op === 'write_found' ? 'write' : 'delete', name: '' };
      yield* writtenOf(model, operation.values ?? {}, typeAt);
      yield* conditionsOf(model, operation.domain, typeAt);
      return;
    case 'unlink':
      yield { model, action: 'delete', name: '' };
      return;
    case 'content':
      yield read('');
      yield read(operation.field);
      return;
    case 'store':
      if (operation.attach === true) yield* [read(''), { model: 'ir.attachment', action: 'write', name: '' } as const];
      else yield* ['', operation.field ?? ''].map((name): Use => ({ model, action: 'write', name }));
      return;
    case 'report':
      yield read('');
      yield { model, action: 'call', name: '' };
      return;
    case 'call':
      yield* calledOf(operation, typeAt);
      return;
    case 'explain':
    case 'reports':
    case 'document':
    case 'methods':
      yield read('');
  }
}

type Call = Extract<Operation, { op: 'call' }>;

/** The ORM's own methods: the kind of action, and the names of their positional arguments after the ids. */
const ormMethods: Readonly<Record<string, readonly [action: 'read' | 'write' | 'delete', ...parameters: string[]]>> = {
  search: ['read', 'domain', 'offset', 'limit', 'order'],
  search_count: ['read', 'domain'],
  search_read: ['read', 'domain', 'fields', 'offset', 'limit', 'order'],
  web_search_read: ['read', 'domain', 'specification', 'offset', 'limit', 'order'],
  search_fetch: ['read', 'domain', 'field_names', 'offset', 'limit', 'order'],
  read: ['read', 'fields'],
  web_read: ['read', 'specification'],
  read_group: ['read', 'domain', 'fields', 'groupby'],
  formatted_read_group: ['read', 'domain', 'groupby', 'aggregates'],
  name_search: ['read', 'name', 'domain'],
  fields_get: ['read'],
  default_get: ['read'],
  create: ['write', 'vals_list'],
  write: ['write', 'vals'],
  unlink: ['delete'],
};
const ofRecords = new Set(['read', 'web_read', 'write', 'unlink']);

function* calledOf({ model, method, ids, args, kwargs }: Call, typeAt: TypeAt): Iterable<Use> {
  const known = Object.hasOwn(ormMethods, method) ? ormMethods[method] : undefined;
  if (known === undefined) {
    yield { model, action: 'call', name: method };
    return;
  }
  const [action, ...parameters] = known;
  yield { model, action, name: '' };
  const placed = ids === undefined && ofRecords.has(method) ? args.slice(1) : args;
  const argument = (name: string): unknown => {
    const place = parameters.indexOf(name);
    return kwargs[name] ?? (place === -1 ? undefined : placed[place]);
  };
  for (const name of ['fields', 'field_names', 'groupby', 'aggregates']) {
    yield* readOf(
      model,
      textsOf(argument(name))
        .map((text) => text.split(':')[0] ?? '')
        .filter((text) => text !== '__count'),
    );
  }
  yield* readOf(model, fieldsOf(argument('specification')));
  const domain = argument('domain');
  if (Array.isArray(domain)) yield* conditionsOf(model, domain, typeAt);
  const order = argument('order');
  if (typeof order === 'string') yield* orderedBy(model, order, typeAt);
  for (const values of [argument('vals_list'), argument('vals')].flat()) {
    if (isObject(values)) yield* writtenOf(model, values, typeAt);
  }
}

function* readOf(model: string, names: readonly string[]): Iterable<Use> {
  for (const name of names) yield { model, action: 'read', name };
}

/**
 * The paths in a tree of fields that are read, without the relations on the way. A tree from a method's arguments may have any
 * form.
 */
function fieldsOf(tree: unknown, before = ''): string[] {
  if (!isObject(tree)) return [];
  return Object.entries(tree).flatMap(([name, branch]) => {
    const inner = isObject(branch) ? fieldsOf(branch['fields'], `${before}${name}.`) : [];
    return inner.length > 0 ? inner : [before + name];
  });
}

/**
 * The uses of an order (`date_order desc, id`) or of groups. Ordering by a relation uses the names of its records. A path whose
 * type is not known may be a relation.
 */
function* orderedBy(model: string, order = '', typeAt: TypeAt): Iterable<Use> {
  for (const term of order.split(',')) {
    const [name = ''] = term.trim().split(/[\s:]/);
    if (name === '') continue;
    yield { model, action: 'read', name };
    const type = typeAt(model, name);
    if (type === undefined || isRelation(type)) yield { model, action: 'read', name: `${name}.display_name` };
  }
}

function* conditionsOf(model: string, domain: Domain, typeAt: TypeAt, before = ''): Iterable<Use> {
  for (const condition of domain) {
    if (!Array.isArray(condition) || typeof condition[0] !== 'string') continue;
    const [path, operator, operand] = condition as unknown[];
    const name = `${before}${path}`;
    yield { model, action: 'read', name };
    if ((operator === 'any' || operator === 'not any') && Array.isArray(operand)) {
      yield* conditionsOf(model, operand, typeAt, `${name}.`);
      continue;
    }
    yield* choicesOf(model, name, operand, typeAt);
    // A relation that is compared with a string is searched for the names of its records.
    if (textsOf(operand).length > 0 && isRelation(typeAt(model, name)))
      yield { model, action: 'read', name: `${name}.display_name` };
  }
}

/** The uses of written values, including those of records in lists, which Odoo's commands create and change. */
function* writtenOf(model: string, values: Readonly<Record<string, unknown>>, typeAt: TypeAt, before = ''): Iterable<Use> {
  for (const [field, value] of Object.entries(values)) {
    const name = before + field;
    yield { model, action: 'write', name };
    yield* choicesOf(model, name, value, typeAt);
    if (!Array.isArray(value)) continue;
    for (const command of value) {
      if (!Array.isArray(command)) continue;
      if (isObject(command[2])) yield* writtenOf(model, command[2], typeAt, `${name}.`);
      else if (command[0] === deleteCommand) yield { model, action: 'delete', name };
    }
  }
}

function* choicesOf(model: string, path: string, value: unknown, typeAt: TypeAt): Iterable<Use> {
  const texts = textsOf(value).filter((text) => text.length <= longestChoice);
  if (texts.length === 0 || typeAt(model, path) !== 'selection') return;
  for (const text of texts) yield { model, action: 'choice', name: `${path}=${text}` };
}

const isRelation = (type: string | undefined): boolean => type === 'many2one' || type === 'one2many' || type === 'many2many';

const textsOf = (value: unknown): string[] =>
  [value].flat().filter((item): item is string => typeof item === 'string' && item !== '');

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
