// Converts between a resource's public names and its model's fields.

import type { Resource, ResourceField } from '../db/resources.ts';
import { GatewayError } from '../errors.ts';
import type { FieldTree, FieldType, ModelTypes, TypesOf } from '../executor/operations.ts';

type Row = Record<string, unknown>;
type Lines = readonly Omit<ResourceField, 'nested'>[];

/**
 * The format of an e-mail address. It requires only a local part, one @ and a domain with a dot; mail servers report all other
 * faults.
 */
const email = /^[^\s@<>(),;:"[\]\\]{1,64}@[^\s@<>(),;:"[\]\\]{1,190}\.[A-Za-z]{2,63}$/;

/**
 * Values for the model's fields, and the ignored names: those that the resource does not have, or that the model lacks because
 * an app is not installed.
 */
export interface Mapped {
  readonly values: Row;
  readonly ignored: readonly string[];
}

/** The existing fields to read. @param asked public names; undefined: all readable fields */
export function treeOf({ fields, name }: Resource, typesOf: TypesOf, model: string, asked?: readonly string[]): FieldTree {
  const tree: FieldTree = Object.create(null) as FieldTree;
  const readable = fields.filter((field) => field.read && Object.hasOwn(typesOf(model), field.field));
  const unknown = asked?.find((public_) => public_ !== 'id' && !readable.some((field) => field.name === public_));
  if (unknown !== undefined) {
    const message = `fields: "${unknown}" is not a field of ${name}. It has ${readable.map((field) => field.name).join(', ')}.`;
    throw new GatewayError('query.fields', { message, details: { field: unknown } });
  }
  for (const field of readable) {
    if (asked !== undefined && !asked.includes(field.name)) continue;
    tree[field.field] = field.nested === null ? {} : { fields: nestedTree(field.nested.fields, typesOf(field.nested.model)) };
  }
  return tree;
}

function nestedTree(fields: Lines, types: ModelTypes): FieldTree {
  const tree: FieldTree = Object.create(null) as FieldTree;
  for (const field of fields) if (field.read && Object.hasOwn(types, field.field)) tree[field.field] = {};
  return tree;
}

/** A converted record with public names, in the resource's order. */
export function present({ fields }: Resource, row: Row): Row {
  const shown: Row = { id: row['id'] };
  for (const field of fields) {
    if (!field.read || !Object.hasOwn(row, field.field)) continue;
    const value = row[field.field];
    shown[field.name] =
      field.nested === null || !Array.isArray(value)
        ? value
        : value.map((item: Row) => presentLine(field.nested?.fields ?? [], item));
  }
  return shown;
}

function presentLine(fields: Lines, row: Row): Row {
  const shown: Row = { id: row['id'] };
  for (const field of fields) if (field.read && Object.hasOwn(row, field.field)) shown[field.name] = row[field.field];
  return shown;
}

/**
 * The fields to write. Names that the resource does not have are ignored and reported. Throws `body.missing` if a required
 * field is missing, `body.value` for a malformed e-mail address.
 */
export function accept({ fields, model }: Resource, body: Row, typesOf: TypesOf, isNew: boolean): Mapped {
  const { values, ignored } = acceptLines(fields, body, typesOf(model), isNew, '');
  for (const field of fields) {
    const { nested } = field;
    const given = body[field.name];
    if (nested === null || !field.write || given === undefined || given === null) continue;
    if (!Array.isArray(given) || (field.required && isNew && given.length === 0)) {
      throw new GatewayError('body.value', {
        message: `${field.name} must be a list of objects.`,
        details: { field: field.name },
      });
    }
    values[field.field] = given.map((item: unknown, i) => {
      const at = `${field.name}[${i}]`;
      if (typeof item !== 'object' || item === null || Array.isArray(item)) {
        throw new GatewayError('body.value', { message: `${at} must be an object.`, details: { field: at } });
      }
      const { id, _remove: remove, ...rest } = item as Row;
      const kept = { ...(id === undefined ? {} : { id }), ...(remove === undefined ? {} : { _remove: remove }) };
      const line = acceptLines(nested.fields, rest, typesOf(nested.model), id === undefined, `${at}.`);
      ignored.push(...line.ignored);
      return { ...kept, ...line.values };
    });
  }
  return { values, ignored };
}

function acceptLines(
  fields: Lines,
  body: Row,
  types: ModelTypes,
  isNew: boolean,
  at: string,
): { values: Row; ignored: string[] } {
  const values: Row = {};
  const writable = fields.filter((field) => field.write);
  const ignored = Object.keys(body)
    .filter((name) => !writable.some((field) => field.name === name))
    .map((name) => at + name);
  for (const field of writable) {
    const given = body[field.name];
    const where = at + field.name;
    const isEmpty = given === undefined || given === null || given === '';
    if (isEmpty && field.required && (isNew || given !== undefined)) {
      throw new GatewayError('body.missing', { message: `Missing required field: ${where}`, details: { field: where } });
    }
    if (given === undefined) continue;
    if (field.format === 'email' && !isEmpty && (typeof given !== 'string' || !email.test(given))) {
      throw new GatewayError('body.value', { message: `${where} must be an e-mail address.`, details: { field: where } });
    }
    const isNested = 'nested' in field && field.nested !== null;
    if (isMany(types[field.field]) && !isNested) requireLinks(given, where);
    const standsFor = typeof given === 'string' && field.values !== null ? field.values[given] : undefined;
    for (const [name, value] of Object.entries(standsFor ?? { [field.field]: given })) {
      if (Object.hasOwn(types, name)) values[name] = value;
      else if (name === field.field) ignored.push(where);
    }
  }
  return { values, ignored };
}

/** A resource lists the fields that can be written. If it lists none for a relation's records, these can only be linked. */
function requireLinks(given: unknown, at: string): void {
  const items: unknown = typeof given === 'object' && given !== null && 'set' in given ? given.set : given;
  if (!Array.isArray(items)) return;
  for (const [i, item] of items.entries()) {
    if (typeof item !== 'object' || item === null) continue;
    if (Array.isArray(item) ? item[0] !== 0 && item[0] !== 1 : isLink(item)) continue;
    const message = `${at}[${i}] must be an id: fields of these records cannot be written here.`;
    throw new GatewayError('body.value', { message, details: { field: `${at}[${i}]` } });
  }
}

/** Whether an item is only a link. If a rule hides a record, a read shows only its id and name, so a name is allowed. */
function isLink(item: object): boolean {
  return 'id' in item && Object.keys(item).every((name) => name === 'id' || name === 'display_name' || name === '_remove');
}

function isMany(type: FieldType | undefined): boolean {
  return type?.type === 'one2many' || type?.type === 'many2many';
}

/** Translates the terms of an order (`-?name`) or the paths of filters from public names to fields. */
export function fieldOf({ fields, name }: Resource, public_: string, parameter: string): string {
  const [first = '', ...rest] = public_.split('.');
  if (first === 'id') return public_;
  const field = fields.find((candidate) => candidate.read && candidate.name === first);
  if (field === undefined || rest.length > 0) {
    const message = `${parameter}: "${public_}" is not a field of ${name}.`;
    throw new GatewayError(parameter === 'order' ? 'query.order' : 'query.filter', { message, details: { field: public_ } });
  }
  return field.field;
}

/** Translates paths in a model's values, like `order_line[0].price_subtotal`, to the resource's names. */
export function publicPaths({ fields }: Resource, paths: readonly string[] = []): string[] {
  return paths.map((path) => {
    const [, name = path, place = '', inner] = /^(\w+)(\[\d+\]|\.set)?(?:\.(\w+))?$/.exec(path) ?? [];
    const field = fields.find((candidate) => candidate.write && candidate.field === name);
    const line = inner === undefined ? undefined : field?.nested?.fields.find((candidate) => candidate.field === inner);
    return `${field?.name ?? name}${place}${inner === undefined ? '' : `.${line?.name ?? inner}`}`;
  });
}
