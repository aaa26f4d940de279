// Records as CSV (RFC 4180): one line each, with relations flattened. Spreadsheets execute values that look like formulas, so such
// values are prefixed with an apostrophe.

import type { FieldTree, FieldType, TypesOf } from '../executor/operations.ts';
import type { Row } from '../records/collection.ts';

export interface Column {
  readonly header: string;
  /** A value of a converted record (`records/shape.ts`). */
  readonly cell: (row: Row) => unknown;
}

export interface Naming {
  /** The heading of a field; its technical name if it has no heading. */
  readonly of: (model: string, field: string) => string;
  /** Separates a relation from its record's field. */
  readonly separator: string;
}

/** Columns have technical names, as in JSON. */
export const byName: Naming = { of: (_model, field) => field, separator: '.' };

/**
 * A relation to one record takes two columns (its id and its name), or one or more for each of its requested fields. A relation
 * to many takes one column: ids, or JSON of the records.
 */
export function columnsOf(model: string, names: readonly string[], tree: FieldTree, typesOf: TypesOf, naming: Naming): Column[] {
  const id: Column = { header: naming.of(model, 'id'), cell: (row) => row['id'] };
  const fields = names.filter((name) => name !== 'id');
  return [id, ...fields.flatMap((name) => ofField(model, name, tree[name]?.fields, typesOf, naming))];
}

function ofField(model: string, name: string, below: FieldTree | undefined, typesOf: TypesOf, naming: Naming): Column[] {
  const types = typesOf(model);
  const type: FieldType | undefined = Object.hasOwn(types, name) ? types[name] : undefined;
  const header = naming.of(model, name);
  if (type?.type !== 'many2one') return [{ header, cell: (row) => row[name] }];
  const { relation = '' } = type;
  const inner: Column[] =
    below === undefined
      ? ['id', 'name'].map((part) => ({ header: part, cell: (row) => row[part] }))
      : columnsOf(relation, Object.keys(below), below, typesOf, naming);
  return inner.map((column) => ({
    header: `${header}${naming.separator}${column.header}`,
    cell: (row) => {
      const target = row[name];
      return typeof target === 'object' && target !== null ? column.cell(target as Row) : null;
    },
  }));
}

/** @param isGuarded whether a value that a spreadsheet would take for a formula is prefixed with an apostrophe */
export function csvLine(values: readonly unknown[], isGuarded: boolean): string {
  return `${values.map((value) => written(value, isGuarded)).join(',')}\r\n`;
}

/** Excel treats the full-width characters like the normal ones. */
const formula = /^[=+\-@＝＋－＠\t\r\n]/;
const needsQuotes = /[",\r\n]|^\s|\s$/;

function written(value: unknown, isGuarded: boolean): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = textOf(value);
  const safe = isGuarded && formula.test(text) ? `'${text}` : text;
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const areIds = Array.isArray(value) && value.every((item) => typeof item === 'number');
  return areIds ? value.join(',') : JSON.stringify(value);
}
