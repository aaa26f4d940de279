// Output values: converts Odoo's raw values, as returned by `read`, to the format that clients of a JSON API expect. This is done
// here, by field types, because Odoo's CPU time is the scarcest resource.
//
//   empty                false, or an empty string  → null
//   datetime             "2026-11-22 10:00:00"    → "2026-11-22T10:00:00Z"
//   many2one             [7, "Azure"]             → {"id": 7, "name": "Azure"}
//   reference            "res.partner,7"          → {"model": "res.partner", "id": 7}
//   expanded relations   objects, by their own fields
//
// There is one function per type of field, as in values.ts.

import type { FieldTree, FieldType, ModelTypes, TypesOf } from '../executor/operations.ts';

type Row = Record<string, unknown>;
type Shaper = (value: unknown) => unknown;

const orNull: Shaper = (value) => (value === false ? null : value);
/** Odoo's web client does not distinguish between an empty string and no value, either. */
const text: Shaper = (value) => (value === '' ? null : orNull(value));

const shapers: Readonly<Record<string, Shaper | undefined>> = {
  boolean: undefined,
  char: text,
  text,
  html: text,
  datetime: (value) => (typeof value === 'string' ? isoTime(value) : orNull(value)),
  many2one: (value) => (Array.isArray(value) ? { id: value[0], name: orNull(value[1]) } : orNull(value)),
  // Here, Odoo also uses zero for "no record".
  many2one_reference: (value) => (value === 0 ? null : orNull(value)),
  reference: (value) => (typeof value === 'string' ? reference(value) : orNull(value)),
  one2many: undefined,
  many2many: undefined,
  properties: (value) => (Array.isArray(value) ? value.map(property) : orNull(value)),
};

/** Converts the rows in place, so that a page of a thousand records is not copied. A field without a type stays unchanged. */
export function shapeRows(rows: readonly Row[], model: string, tree: FieldTree | undefined, typesOf: TypesOf): void {
  const [first] = rows;
  if (first === undefined) return;
  const types = typesOf(model);
  const steps: [string, Shaper][] = [];
  // All rows of a read have the same fields.
  for (const name of Object.keys(first)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) continue;
    const subtree = tree !== undefined && Object.hasOwn(tree, name) ? tree[name]?.fields : undefined;
    const shaper = subtree === undefined ? shaperOf(type.type) : expansion(type, subtree, typesOf);
    if (shaper !== undefined) steps.push([name, shaper]);
  }
  for (const [name, shape] of steps) for (const row of rows) row[name] = shape(row[name]);
}

/** Further models whose types `shapeRows` will need, as far as the known types show. */
export function modelsBehind(tree: FieldTree | undefined, types: ModelTypes): { model: string; tree: FieldTree }[] {
  const found: { model: string; tree: FieldTree }[] = [];
  for (const [name, { fields }] of Object.entries(tree ?? {})) {
    const relation = Object.hasOwn(types, name) ? types[name]?.relation : undefined;
    if (fields !== undefined && relation !== undefined) found.push({ model: relation, tree: fields });
  }
  return found;
}

function shaperOf(type: string): Shaper | undefined {
  return Object.hasOwn(shapers, type) ? shapers[type] : orNull;
}

function expansion({ type, relation }: FieldType, tree: FieldTree, typesOf: TypesOf): Shaper | undefined {
  if (relation === undefined) return undefined;
  const shapeAll = (rows: Row[]) => {
    shapeRows(rows, relation, tree, typesOf);
    return rows;
  };
  if (type !== 'many2one') return (value) => (Array.isArray(value) ? shapeAll(value as Row[]) : []);
  return (value) => {
    if (typeof value !== 'object' || value === null) return null;
    const row = value as Row;
    return isHidden(row, tree) ? { id: row['id'], name: orNull(row['display_name']) } : shapeAll([row])[0];
  };
}

/** A record that a rule hides has only its id and name, which the relation itself shows. */
function isHidden(row: Row, tree: FieldTree): boolean {
  return 'display_name' in row && !Object.hasOwn(tree, 'display_name');
}

function isoTime(value: string): string {
  return `${value.slice(0, 10)}T${value.slice(11)}Z`;
}

function reference(value: string): unknown {
  const comma = value.lastIndexOf(',');
  return { model: value.slice(0, comma), id: Number(value.slice(comma + 1)) };
}

/** One of a record's properties: its definition with its value, converted by the type in the definition. */
function property(definition: unknown): unknown {
  if (typeof definition !== 'object' || definition === null) return definition;
  const { type, value } = definition as { type?: unknown; value?: unknown };
  if (value === undefined) return definition;
  if (type === 'many2many' && Array.isArray(value)) {
    return { ...definition, value: value.map((item) => (Array.isArray(item) ? { id: item[0], name: orNull(item[1]) } : item)) };
  }
  const shaper = typeof type === 'string' ? shaperOf(type) : undefined;
  return shaper === undefined ? definition : { ...definition, value: shaper(value) };
}
