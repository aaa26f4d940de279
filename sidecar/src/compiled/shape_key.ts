// The shape of a read: the read with a slot instead of each value that may vary. Odoo compiles a shape once for a caller; reads
// of the same shape differ only in the parameters of one statement.
//
// A slot contains the class of its value, because the SQL depends on it: `x < -5` and `x < 5` treat empty values differently.
// Equal values share a slot, because Odoo merges conditions with equal values. Values that change the SQL (empty ones, booleans,
// words like `today`) stay in the shape.

import type { Domain, Operation, Place } from '../executor/operations.ts';

/** `{"$": index into the values, "c": class of the value}` */
interface Slot {
  readonly $: number;
  readonly c: string;
}

export interface Shape {
  /** The key of the shape. Reads that the same statement can answer have the same key. */
  readonly key: string;
  /** The read with slots, as the executor compiles it. */
  readonly operation: Readonly<Record<string, unknown>>;
  readonly values: readonly unknown[];
}

/** Plans for common limits contain the number itself, because Postgres estimates `limit $1` badly. */
const usualLimits: ReadonlySet<number> = new Set([1, 10, 20, 25, 50, 80, 100, 200, 250, 500, 1_000]);
/** The longest key. Longer ones are rare, and would fill the cache. */
const mostCharacters = 8_192;

const mostInt4 = 2_147_483_647;
const day = /^\d{4}-\d{2}-\d{2}$/;
const moment = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
/** Strings that Odoo may read as a time relative to now, or as a date in another format (odoo/orm/domains.py). */
const timeLike = /^\s*(?:today|now|[+\-=]|\d{4}-\d{2}|\d{1,2}[-/.:])/i;

/** The shape of a read; undefined if it cannot become one statement. */
export function shapeOf(operation: Operation): Shape | undefined {
  const slots = new Slots();
  let shaped: Record<string, unknown>;
  try {
    if (operation.op === 'read') shaped = ofRead(operation, slots);
    else if (operation.op === 'search') shaped = ofSearch(operation, slots);
    else if (operation.op === 'call') shaped = ofCall(operation, slots);
    else return undefined;
  } catch (error) {
    if (error === noShape) return undefined;
    throw error;
  }
  const key = JSON.stringify(shaped);
  return key.length > mostCharacters ? undefined : { key, operation: shaped, values: slots.values };
}

const noShape = Symbol('it cannot become one statement');

type Search = Extract<Operation, { op: 'search' }>;
type Read = Extract<Operation, { op: 'read' }>;
type Call = Extract<Operation, { op: 'call' }>;

function ofRead({ op, model, ids, fields, brief }: Read, slots: Slots): Record<string, unknown> {
  return { op, model, ids: ofIds(ids, slots), fields, brief };
}

function ofIds(ids: unknown, slots: Slots): Slot {
  // Duplicate ids are left to Odoo: they are rare, and each occurrence would need a separate object.
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every(isId) || new Set(ids).size < ids.length) throw noShape;
  return slots.add(ids, 'list:id');
}

/** The ORM's own reading methods, with their arguments in order. */
const readingMethods: ReadonlyMap<string, readonly (string | undefined)[]> = new Map([
  ['read', ['fields', 'load']],
  ['search', ['domain', 'offset', 'limit', 'order']],
  ['search_count', ['domain', 'limit']],
  ['search_read', ['domain', 'fields', 'offset', 'limit', 'order', 'load']],
]);

/** The ids of a call of `read`: given as `ids`, or as the first argument, as in Odoo's RPC. */
export function idsOfCall({ method, ids, args }: Call): readonly number[] {
  if (method !== 'read') return [];
  return ids ?? (args[0] as readonly number[]);
}

function ofCall({ op, model, method, ids, args, kwargs, form }: Call, slots: Slots): Record<string, unknown> {
  if (form !== undefined) throw noShape; // only Python can still distinguish a float from an integer
  const names = readingMethods.get(method);
  // A method that is called on the model has no ids, or an empty list of them.
  if (names === undefined || (ids !== undefined && ids.length > 0 && method !== 'read')) throw noShape;
  const areIdsFirst = method === 'read' && ids === undefined;
  if (areIdsFirst && args.length === 0) throw noShape;
  const places = areIdsFirst ? ['ids', ...names] : names;
  return {
    op,
    model,
    method,
    ids: ids === undefined || method !== 'read' ? undefined : ofIds(ids, slots),
    args: args.map((value, i) => ofArgument(places[i], value, slots)),
    kwargs: Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, ofArgument(name, value, slots)])),
  };
}

function ofArgument(name: string | undefined, value: unknown, slots: Slots): unknown {
  if (name === 'ids') return ofIds(value, slots);
  if (name === 'domain' && Array.isArray(value)) return ofDomain(value, slots);
  if ((name === 'limit' || name === 'offset') && isId(value)) {
    return name === 'limit' && usualLimits.has(value as number) ? value : slots.add(value, name);
  }
  if (name !== 'context' || typeof value !== 'object' || value === null || Array.isArray(value)) return literal(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literal(inner)]));
}

function ofSearch(
  { op, model, domain, fields, brief, limit, offset, order, after, count }: Search,
  slots: Slots,
): Record<string, unknown> {
  // Estimates come from Postgres' plan for the statement.
  if (count === 'estimated') throw noShape;
  return {
    op,
    model,
    domain: ofDomain(domain, slots),
    fields,
    brief,
    limit: usualLimits.has(limit) ? limit : slots.add(limit, 'limit'),
    offset: offset === 0 ? 0 : slots.add(offset, 'offset'),
    order,
    after: after === undefined ? undefined : ofPlace(after, slots),
    count,
  };
}

function ofDomain(domain: Domain, slots: Slots): unknown[] {
  if (!Array.isArray(domain)) throw noShape;
  return domain.map((term: unknown) => {
    if (!Array.isArray(term)) return literal(term);
    const [path, operator, value] = term as unknown[];
    if (term.length !== 3 || typeof path !== 'string' || typeof operator !== 'string') return literal(term);
    if (operator === 'any' || operator === 'not any') return [path, operator, ofDomain(value as Domain, slots)];
    return [path, operator, ofValue(value, slots)];
  });
}

function ofValue(value: unknown, slots: Slots): unknown {
  if (!Array.isArray(value)) {
    const kind = classOf(value);
    return kind === undefined ? literal(value) : slots.add(value, kind);
  }
  const [first] = value as unknown[];
  const kind = classOf(first);
  const isUniform = kind !== undefined && value.every((item) => classOf(item) === kind);
  return isUniform ? slots.add(value, `list:${kind}`) : literal(value);
}

/**
 * The position of a page. Its last value is the sort language. A long value is two strings (its beginning and digest), which
 * Odoo looks up.
 */
function ofPlace(place: Place, slots: Slots): unknown[] {
  return place.map((value, i) => {
    if (i === place.length - 1 || value === null) return literal(value);
    if (typeof value !== 'string') throw noShape;
    return slots.add(value, 'place');
  });
}

/** The class of a value; undefined if the value stays in the shape. */
function classOf(value: unknown): string | undefined {
  if (typeof value === 'number') {
    if (value === 0 || !Number.isFinite(value)) return undefined;
    if (!Number.isInteger(value)) return value > 0 ? 'float+' : 'float-';
    if (Math.abs(value) > mostInt4) return undefined;
    return value > 0 ? 'int+' : 'int-';
  }
  if (typeof value !== 'string' || value === '' || value.includes('\0') || value.endsWith('\\')) return undefined;
  if (day.test(value)) return isTime(`${value}T00:00:00Z`) ? 'date' : undefined;
  if (moment.test(value)) return isTime(`${value.replace(' ', 'T')}Z`) ? 'datetime' : undefined;
  return timeLike.test(value) ? undefined : 'text';
}

/** Whether it is a valid date, and adding one second does not exceed the supported years. */
function isTime(iso: string): boolean {
  const date = new Date(iso);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === iso.slice(0, 19) && /^(?!0000|9999)/.test(iso);
}

function isId(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) > 0 && (id as number) <= mostInt4;
}

/** An object could be mistaken for a slot, or be a reference in a batch. */
function literal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value === 'object' && value !== null) throw noShape;
  return value;
}

class Slots {
  readonly values: unknown[] = [];
  readonly #known = new Map<string, Slot>();

  add(value: unknown, kind: string): Slot {
    const name = `${kind} ${JSON.stringify(value)}`;
    let slot = this.#known.get(name);
    if (slot === undefined) {
      slot = { $: this.values.length, c: kind };
      this.values.push(value);
      this.#known.set(name, slot);
    }
    return slot;
  }
}
