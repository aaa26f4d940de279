// Facts about fields, on which the types in all languages are based.

import type { Field } from './schema.ts';

/** Longer lists of choices, such as time zones, become plain strings. */
const mostChoices = 100;

/**
 * Whether a record that is read without `fields` contains this field. Such records contain the stored columns (guide, "Read").
 */
export function isInRow({ type, store }: Field): boolean {
  return store !== false && type !== 'binary' && !isMany({ type });
}

export function isMany({ type }: Pick<Field, 'type'>): boolean {
  return type === 'one2many' || type === 'many2many';
}

/** Whether the choices of the field become a type. */
export function hasChoices({ type, selection }: Field): boolean {
  if (type !== 'selection' || selection === undefined) return false;
  // Choices become literals in TypeScript and Python, so only strings and whole numbers are possible.
  const areTexts = selection.every(([value]) => typeof value === 'string' || Number.isSafeInteger(value));
  return areTexts && selection.length > 0 && selection.length <= mostChoices;
}

const neverNull = new Set(['boolean', 'integer', 'float', 'monetary', 'one2many', 'many2many']);

/** Whether a record may have no value for the field. */
export function mayBeNull({ type, required, company_dependent: varies }: Field): boolean {
  return !neverNull.has(type) && (required !== true || varies === true);
}

/** Whether a new record must have a value for the field. */
export function isNeeded({ required, has_default: hasDefault }: Field): boolean {
  return required === true && hasDefault !== true;
}
