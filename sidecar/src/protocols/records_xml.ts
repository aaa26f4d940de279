// Records as Odoo's XML-RPC writes them, from their JSON and the types of their fields. JSON does not show which numbers are
// floats, but the types do. So Odoo need not format the results of these reads, and statements can answer them without Odoo.

import type { CallOperation, FieldType, ModelTypes } from '../executor/operations.ts';
import { writeValue } from './xml.ts';

/** Types of fields that can hold any kind of value: only Python still knows which numbers in them are floats. */
const anything: ReadonlySet<string> = new Set(['properties', 'properties_definition', 'json', 'serialized']);
const floats: ReadonlySet<string> = new Set(['float', 'monetary']);
/** Odoo turns larger whole numbers into floats. */
const mostInt = 2 ** 31 - 1;

/**
 * The fields that a call of `read` or `search_read` requests; undefined for other calls, and if it requests no particular
 * fields.
 */
export function fieldsNamed({ method, args, kwargs }: CallOperation): readonly string[] | undefined {
  if (method !== 'read' && method !== 'search_read') return undefined;
  const given = args[1] ?? kwargs['fields'];
  const isList = Array.isArray(given) && given.length > 0 && given.every((name) => typeof name === 'string');
  return isList ? given : undefined;
}

export function canWrite(types: ModelTypes, names: readonly string[]): boolean {
  return names.every((name) => Object.hasOwn(types, name) && !anything.has(types[name]?.type ?? ''));
}

/** Writes records as a `<value>`. @param records as `read` returns them */
export function writeRecords(records: readonly Readonly<Record<string, unknown>>[], types: ModelTypes): string {
  const structs = records.map((record) => {
    const members = Object.entries(record).map(
      ([name, value]) => `<member><name>${name}</name>${written(value, types[name])}</member>`,
    );
    return `<value><struct>${members.join('')}</struct></value>`;
  });
  return `<value><array><data>${structs.join('')}</data></array></value>`;
}

function written(value: unknown, type: FieldType | undefined): string {
  if (typeof value === 'number' && (floats.has(type?.type ?? '') || value > mostInt)) {
    return `<value><double>${pythonFloat(value)}</double></value>`;
  }
  return writeValue(value);
}

/** A float as Python's `repr` writes it: `2.0`, `1e-05`, `1e+16`. */
export function pythonFloat(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('.') ? text : `${text}.0`;
}
