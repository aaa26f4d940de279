// Input values: converts a client's values, in the same format as for reading, to that of Odoo's `create` and `write`. This is
// the counterpart of shape.ts.
//
//   null                        → false
//   "2026-11-22T10:00:00+02:00" → "2026-11-22 08:00:00"
//   {"id": 7, "name": "Azure"}  → 7
//   x2many: [{"name": "new"}, {"id": 3, "name": "changed"}, {"id": 4}, {"id": 5, "_remove": true}, 6]
//                               → [[0, 0, {…}], [1, 3, {…}], [4, 4], [2 or 3, 5], [4, 6]]
//           {"set": […]}        → the same, and all other links are removed
//
// Odoo checks whether a field exists and is writable, and whether a link is allowed. Unknown fields are passed on unchanged.

import { GatewayError } from '../errors.ts';
import type { FieldType, ModelTypes, TypesOf } from '../executor/operations.ts';

type Parser = (value: unknown, at: string, type: FieldType, typesOf: TypesOf) => unknown;

/** Commands of x2many fields: odoo/fields.py, `Command`. */
const command = { create: 0, update: 1, delete: 2, unlink: 3, link: 4, clear: 5, set: 6 } as const;
const deepest = 8;
/** The largest integer of Odoo's columns. */
const greatestInt4 = 2_147_483_647;

/**
 * @param at the position of the values in the body, for messages Throws `body.value`.
 */
export function parseValues(value: unknown, model: string, typesOf: TypesOf, at = '', depth = 0): Record<string, unknown> {
  if (!isObject(value)) throw malformed(at, 'must be an object of fields');
  if (depth > deepest) throw malformed(at, `is nested more than ${deepest} deep`);
  const types = typesOf(model);
  const parsed: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, given] of Object.entries(value)) {
    const here = at === '' ? name : `${at}.${name}`;
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    parsed[name] = type === undefined ? orFalse(given) : parseValue(given, here, type, typesOf, depth);
  }
  return parsed;
}

/** Further models to which the values of a body refer, as far as the known types show. */
export function modelsIn(value: unknown, types: ModelTypes): { model: string; values: unknown[] }[] {
  if (!isObject(value)) return [];
  const found: { model: string; values: unknown[] }[] = [];
  for (const [name, given] of Object.entries(value)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type?.relation === undefined || !isMany(type)) continue;
    const values = itemsOf(given)
      .flatMap((item) => (Array.isArray(item) ? [item[2]] : [item]))
      .filter(isObject);
    if (values.length > 0) found.push({ model: type.relation, values });
  }
  return found;
}

function parseValue(value: unknown, at: string, type: FieldType, typesOf: TypesOf, depth: number): unknown {
  if (isReference(value)) return value;
  if (isMany(type)) return value === null ? [[command.clear]] : parseMany(value, at, type, typesOf, depth);
  if (value === null) return false;
  const parser = Object.hasOwn(parsers, type.type) ? parsers[type.type] : undefined;
  return parser === undefined ? value : parser(value, at, type, typesOf);
}

const parsers: Readonly<Record<string, Parser | undefined>> = {
  char: text,
  text,
  html: text,
  selection: (value, at) => (typeof value === 'number' || value === false ? value : text(value, at)),
  boolean: (value, at) => typed(value, at, 'boolean', 'true or false'),
  integer: (value, at) => {
    if (!Number.isSafeInteger(value)) throw malformed(at, 'must be a whole number');
    if (!isInt4(value as number)) throw malformed(at, `must be from ${-greatestInt4 - 1} to ${greatestInt4}`);
    return value;
  },
  float: number,
  monetary: number,
  date: (value, at) => (value === false ? false : parseDate(value, at)),
  datetime: (value, at) => (value === false ? false : parseDateTime(value, at)),
  binary: (value, at) => (value === false ? false : parseBase64(value, at)),
  many2one: (value, at) => (value === false ? false : parseLink(value, at)),
  many2one_reference: (value, at) => (value === false ? 0 : parseLink(value, at)),
  reference: parseReference,
  properties: parseProperties,
};

function text(value: unknown, at: string): unknown {
  if (value === false) return false;
  if (typeof value !== 'string') throw malformed(at, 'must be a string');
  if (value.includes('\0')) throw malformed(at, 'holds a null character');
  return value;
}

function number(value: unknown, at: string): unknown {
  return typed(value, at, 'number', 'a number');
}

function typed(value: unknown, at: string, type: 'boolean' | 'number', wanted: string): unknown {
  if (typeof value !== type) throw malformed(at, `must be ${wanted}`);
  return value;
}

const dateFormat = /^(\d{4})-(\d{2})-(\d{2})$/;
const dateTimeFormat = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s?(Z|[+-]\d{2}:?\d{2})?$/i;

export function parseDate(value: unknown, at: string): string {
  if (typeof value === 'string' && isCalendarDay(value)) return value;
  throw malformed(at, 'must be a date like "2026-11-22"');
}

/** Converts ISO 8601 with any offset (none: UTC) to what Odoo stores: UTC, in whole seconds. */
export function parseDateTime(value: unknown, at: string): string {
  const [, day, clock, offset] = (typeof value === 'string' && dateTimeFormat.exec(value.trim())) || [];
  if (day !== undefined && clock !== undefined && isCalendarDay(day)) {
    const instant = new Date(`${day}T${clock}${zone(offset)}`);
    const stored = Number.isNaN(instant.getTime()) ? '' : instant.toISOString();
    // The offset may move a time outside the years that Odoo supports, 1 to 9999.
    if (/^(?!0000)\d{4}-/.test(stored)) return stored.slice(0, 19).replace('T', ' ');
  }
  throw malformed(at, 'must be a time like "2026-11-22T10:00:00Z" or with an offset like "+02:00"');
}

function zone(offset: string | undefined): string {
  if (offset === undefined || offset.toUpperCase() === 'Z') return 'Z';
  return offset.includes(':') ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
}

/** `new Date()` turns 30 February into 2 March. */
function isCalendarDay(value: string): boolean {
  const [, year, month, day] = dateFormat.exec(value) ?? [];
  if (year === undefined || year === '0000') return false;
  const date = new Date(`${value}T00:00:00Z`);
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
}

function parseBase64(value: unknown, at: string): string {
  // Buffer skips invalid characters, so the length reveals them. This avoids running a regular expression over megabytes.
  if (typeof value === 'string') {
    const compact = value.replaceAll(/\s/g, '');
    const bytes = Buffer.byteLength(compact, 'base64');
    if (Buffer.from(compact, 'base64').length === bytes && compact.length % 4 === 0) return compact;
  }
  throw malformed(at, 'must be base64');
}

/** Parses a link to a record: `7` or `{"id": 7, …}`. */
function parseLink(value: unknown, at: string): number {
  const id = isObject(value) ? value['id'] : value;
  if (Number.isSafeInteger(id) && (id as number) > 0) return id as number;
  throw malformed(at, 'must be the id of a record, or an object with its "id"');
}

/** Parses a reference: `{"model": "res.partner", "id": 7}`, or Odoo's own `"res.partner,7"`. */
function parseReference(value: unknown, at: string): string | false {
  if (value === false) return false;
  if (typeof value === 'string') return value;
  if (isObject(value) && typeof value['model'] === 'string') return `${value['model']},${parseLink(value, at)}`;
  throw malformed(at, 'must be an object with "model" and "id"');
}

/** Parses properties: `{"<name>": value}`, or the list of definitions with values, as returned by a read. */
function parseProperties(value: unknown, at: string): unknown {
  if (value === false) return false;
  if (Array.isArray(value)) return value.map((definition, i) => parseProperty(definition, `${at}[${i}]`));
  if (!isObject(value)) throw malformed(at, 'must be an object of property names and values');
  return Object.fromEntries(Object.entries(value).map(([name, given]) => [name, parsePropertyValue(given)]));
}

function parseProperty(definition: unknown, at: string): unknown {
  if (!isObject(definition)) throw malformed(at, 'must be an object with the "name" and "value" of a property');
  const { type, value } = definition;
  if (value === undefined) return definition;
  if (typeof value === 'string' && type === 'datetime') return { ...definition, value: parseDateTime(value, `${at}.value`) };
  return { ...definition, value: parsePropertyValue(value) };
}

function parsePropertyValue(value: unknown): unknown {
  if (value === null) return false;
  if (Array.isArray(value)) return value.map((item) => (isObject(item) && 'id' in item ? item['id'] : item));
  return isObject(value) && 'id' in value ? value['id'] : value;
}

/** A list is merged into the linked records; `{"set": […]}` replaces them. */
function parseMany(value: unknown, at: string, type: FieldType, typesOf: TypesOf, depth: number): unknown {
  if (isObject(value)) {
    const others = Object.keys(value).filter((key) => key !== 'set');
    if (!Array.isArray(value['set']) || others.length > 0) throw malformed(at, 'must be a list, or an object with only "set"');
    const items = value['set'].map((item: unknown, i) => parseItem(item, `${at}.set[${i}]`, type, typesOf, depth));
    const kept = items.flatMap(([code, id]) => (code === command.link || code === command.update ? [id] : []));
    if (items.some(([code]) => code === command.delete || code === command.unlink)) {
      throw malformed(at, 'replaces the whole list: leave a record out instead of sending "_remove"');
    }
    return [[command.set, 0, kept], ...items.filter(([code]) => code !== command.link)];
  }
  if (value === false) return [[command.clear]];
  if (!Array.isArray(value)) throw malformed(at, 'must be a list of records');
  return value.map((item: unknown, i) => parseItem(item, `${at}[${i}]`, type, typesOf, depth));
}

function parseItem(item: unknown, at: string, type: FieldType, typesOf: TypesOf, depth: number): unknown[] {
  if (Array.isArray(item)) return parseCommand(item, at, type, typesOf, depth);
  if (isReference(item)) return [command.link, item];
  if (typeof item === 'number') return [command.link, parseLink(item, at)];
  if (!isObject(item)) throw malformed(at, 'must be an id or an object');
  const { id, _remove: remove, ...values } = item;
  if (remove !== undefined && remove !== true) throw malformed(`${at}._remove`, 'can only be true');
  if (remove === true) {
    if (id === undefined || Object.keys(values).length > 0) throw malformed(at, 'with "_remove" takes an "id" and nothing else');
    // The line of an order belongs to it, so it is deleted; a tag is only unlinked.
    return [type.type === 'one2many' ? command.delete : command.unlink, parseLink(id, at)];
  }
  const comodel = type.relation ?? '';
  if (id === undefined || id === null) return [command.create, 0, parseValues(values, comodel, typesOf, at, depth + 1)];
  const target = parseLink(id, at);
  // Reads return only the id and display_name of a record that a rule hides. Sent back in a write, they only link the record.
  if (Object.keys(values).every((name) => name === 'display_name')) return [command.link, target];
  return [command.update, target, parseValues(values, comodel, typesOf, at, depth + 1)];
}

/** Odoo's own command tuples; the values in them have the format of this module, too. */
function parseCommand(item: readonly unknown[], at: string, type: FieldType, typesOf: TypesOf, depth: number): unknown[] {
  const [code, id, values] = item;
  if (!Number.isInteger(code) || (code as number) < 0 || (code as number) > 6) {
    throw malformed(at, 'must begin with the number of an x2many command, 0 to 6');
  }
  if (code === command.create || code === command.update) {
    return [code, id ?? 0, parseValues(values, type.relation ?? '', typesOf, `${at}[2]`, depth + 1)];
  }
  return [...item];
}

function isInt4(value: number): boolean {
  return value >= -greatestInt4 - 1 && value <= greatestInt4;
}

function isMany({ type }: FieldType): boolean {
  return type === 'one2many' || type === 'many2many';
}

function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) && Array.isArray(value['set']) ? value['set'] : [];
}

/** Whether a value is a reference to an earlier result of a batch. Outside a batch, the executor refuses it like any object. */
export function isReference(value: unknown): boolean {
  return isObject(value) && typeof value['$ref'] === 'string' && Object.keys(value).length === 1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function orFalse(value: unknown): unknown {
  return value === null ? false : value;
}

function malformed(at: string, what: string): GatewayError {
  const where = at === '' ? 'The body' : at;
  return new GatewayError('body.value', { message: `${where} ${what}.`, details: at === '' ? undefined : { field: at } });
}
