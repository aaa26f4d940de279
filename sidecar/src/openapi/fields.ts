// Describes fields as JSON Schema: their values for reading (records/shape.ts) and for writing (records/values.ts).

import type { FieldDescription, Fields, ResourceLine, Schema } from './description.ts';
import { asMarkdown } from './markdown.ts';

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
/** An object with any fields. Without this, tools assume that an object has no fields. */
export const anyObject: Schema = { type: 'object', additionalProperties: true };
/** @param items by default anything is allowed, because many tools do not accept a list without `items` */
export const list = (items: Schema = {}): Schema => ({ type: 'array', items });

/** Longer lists, such as time zones, are left out: they are not worth their size. */
const mostOptions = 50;
/** Odoo stores integers as Postgres' integers, with 32 bits. */
const int32 = { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 } as const;

/** The schema of a record in answers. Only `id` is always present; the others depend on `fields`. */
export function recordSchema(fields: Fields): Schema {
  const properties: Record<string, Schema> = { id: ref('Id') };
  for (const [name, field] of Object.entries(fields)) if (name !== 'id') properties[name] = readable(field);
  return { type: 'object', required: ['id'], properties };
}

/** The fields that can be written. */
export function valuesSchema(fields: Fields): Schema {
  const properties: Record<string, Schema> = {};
  for (const [name, field] of writable(fields)) properties[name] = labelled(writeOf(field), field);
  return { type: 'object', properties, additionalProperties: false };
}

/** The required fields of a new record; undefined if Odoo fills in all of them. */
export function requiredOf(fields: Fields): string[] {
  return writable(fields)
    .filter(([, field]) => field.required === true && field.has_default !== true)
    .map(([name]) => name);
}

function writable(fields: Fields): [string, FieldDescription][] {
  return Object.entries(fields).filter(([name, field]) => name !== 'id' && field.readonly !== true);
}

/** A short example body, for readers and for "try it". */
export function exampleOf(fields: Fields): Record<string, unknown> {
  const example: Record<string, unknown> = {};
  for (const name of requiredOf(fields)) {
    const field = fields[name];
    if (field !== undefined) example[name] = sampleOf(field);
  }
  for (const name of ['name', 'email', 'phone', 'list_price', 'date', 'partner_id']) {
    const field = fields[name];
    if (Object.keys(example).length < 4 && field !== undefined && field.readonly !== true) example[name] ??= sampleOf(field);
  }
  return example;
}

function sampleOf(field: FieldDescription): unknown {
  const { type, string = '', selection = [] } = field;
  if (type === 'selection') return selection[0]?.[0] ?? '';
  if (type === 'char' && /mail/i.test(string)) return 'mary@example.com';
  return samples[type] ?? string;
}

const samples: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  float: 9.5,
  monetary: 9.5,
  date: '2026-11-22',
  datetime: '2026-11-22T10:00:00Z',
  many2one: 1,
  many2one_reference: 1,
  one2many: [],
  many2many: [],
  binary: 'aGVsbG8=',
  reference: { model: 'res.partner', id: 1 },
  json: {},
  properties: {},
};

/** The schema of a resource's lines in answers. */
export function resourceSchema(lines: readonly ResourceLine[]): Schema {
  const properties: Record<string, Schema> = { id: ref('Id') };
  for (const { name, read, field, nested } of lines) {
    if (read) properties[name] = nested === undefined ? readable(field) : list(resourceSchema(nested));
  }
  return { type: 'object', required: ['id'], properties };
}

/** The schema of a resource's lines in requests. Unknown fields are ignored, so the schema allows any. */
export function resourceValuesSchema(lines: readonly ResourceLine[], isNew: boolean): Schema {
  const properties: Record<string, Schema> = {};
  const written = lines.filter(({ write }) => write);
  for (const line of written) properties[line.name] = lineSchema(line, isNew);
  const required = written.filter((line) => line.required && isNew).map(({ name }) => name);
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function lineSchema({ field, nested, words, isEmail, required }: ResourceLine, isNew: boolean): Schema {
  if (nested !== undefined) {
    const line = resourceValuesSchema(nested, false);
    const existing = { id: ref('Id'), _remove: { const: true, description: 'Removes the line.' } };
    return labelled(list({ ...line, properties: { ...existing, ...Object(line['properties']) } }), field);
  }
  if (words !== undefined) return labelled({ type: 'string', examples: words }, field);
  // A new record is refused if this field is missing or null.
  const schema = writeOf({ ...field, required: required && isNew });
  return labelled({ ...schema, ...(isEmail ? { format: 'email' } : {}) }, field);
}

/**
 * Adds the field's label. Generators name types after titles, so a translated label would rename a type, and a repeated label would
 * duplicate it. A schema that becomes a type therefore has its label in the description.
 */
function labelled(schema: Schema, { string, type }: FieldDescription, sentences: readonly string[] = []): Schema {
  const label = string ?? type;
  const becomesType = ['enum', 'items', '$ref'].some((word) => word in schema);
  const description = (becomesType ? [`${asMarkdown(label)}.`, ...sentences] : sentences).join(' ');
  return { ...schema, ...(becomesType ? {} : { title: label }), ...(description === '' ? {} : { description }) };
}

function readable(field: FieldDescription): Schema {
  const { help, selection, relation, store, readonly } = field;
  const sentences = [
    typeof help === 'string' && help !== '' ? asMarkdown(help) : '',
    selection !== undefined && selection.length > 0 && selection.length <= mostOptions ? options(selection) : '',
    relation === undefined ? '' : `Links to \`${relation}\`.`,
    store === false ? 'Only in the answer if `fields` names it.' : '',
  ].filter((text) => text !== '');
  return { ...labelled(readOf(field), field, sentences), ...(readonly === true ? { readOnly: true } : {}) };
}

function options(selection: readonly (readonly [unknown, string])[]): string {
  return `${selection.map(([value, label]) => `\`${String(value).replaceAll('`', '')}\` ${asMarkdown(label)}`).join(', ')}.`;
}

function readOf({ type, selection, choices_vary: vary }: FieldDescription): Schema {
  switch (type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer' };
    case 'float':
    case 'monetary':
      return { type: 'number' };
    case 'date':
      return { type: ['string', 'null'], format: 'date' };
    case 'datetime':
      return { type: ['string', 'null'], format: 'date-time' };
    case 'selection':
      return chosen(vary === true ? undefined : selection, true);
    case 'many2one':
      return ref('LinkOrNull');
    case 'one2many':
    case 'many2many':
      return ref('Links');
    case 'reference':
      return ref('ReferenceOrNull');
    case 'many2one_reference':
      return { type: ['integer', 'null'] };
    case 'binary':
      return { type: ['string', 'null'], contentEncoding: 'base64' };
    case 'html':
      return { type: ['string', 'null'], contentMediaType: 'text/html' };
    case 'char':
    case 'text':
      return { type: ['string', 'null'] };
    case 'properties':
    case 'properties_definition':
      return { type: ['array', 'null'], items: anyObject };
    default:
      return {};
  }
}

function writeOf({ type, selection, required }: FieldDescription): Schema {
  const orNull = (schema: Schema): Schema => (required === true ? schema : { ...schema, type: [schema['type'], 'null'].flat() });
  switch (type) {
    case 'boolean':
      return { type: ['boolean', 'null'] };
    case 'integer':
      return { ...int32, type: ['integer', 'null'] };
    case 'float':
    case 'monetary':
      return { type: ['number', 'null'] };
    case 'date':
    case 'datetime':
      return orNull({ type: 'string', format: type === 'date' ? 'date' : 'date-time' });
    case 'selection':
      return chosen(selection, required !== true);
    case 'many2one':
      return ref(required === true ? 'LinkTo' : 'LinkToOrNull');
    case 'one2many':
    case 'many2many':
      return ref('LinksTo');
    case 'binary':
      return orNull({ type: 'string', contentEncoding: 'base64' });
    case 'char':
    case 'text':
    case 'html':
      return orNull({ type: 'string' });
    default:
      return {};
  }
}

function chosen(selection: FieldDescription['selection'], orNull: boolean): Schema {
  const values = (selection ?? []).map(([value]) => value);
  const types = values.every((value) => typeof value === 'string') ? 'string' : undefined;
  if (types === undefined) return {};
  const type = orNull ? [types, 'null'] : types;
  if (values.length === 0 || values.length > mostOptions) return { type };
  return { type, enum: orNull ? [...values, null] : values };
}
