// The values of a statement's parameters: the caller's values, converted as Odoo converts them before it compares.

import { Doubt } from './doubt.ts';
import type { Parameter } from './plan.ts';

/** The values in the order of `$1`, `$2` … */
export function parametersOf(parameters: readonly Parameter[], values: readonly unknown[]): unknown[] {
  return parameters.map(({ slot, as, list }) => {
    const value = values[slot];
    if (!list) return transformed(value, as);
    if (!Array.isArray(value)) throw new Doubt('values');
    return value.map((item) => transformed(item, as));
  });
}

function transformed(value: unknown, as: string): unknown {
  switch (as) {
    case 'same':
    case 'float':
      return value;
    case 'text':
      return String(value);
    case 'contains':
      return `%${String(value)}%`;
    case 'begins':
      return `${String(value)}%`;
    case 'ends':
      return `%${String(value)}`;
    case 'plus1s':
      return new Date(Date.parse(`${String(value).replace(' ', 'T')}Z`) + 1_000).toISOString().slice(0, 19).replace('T', ' ');
    default:
      return fixed(Number(value), Number(as.slice('fixed:'.length)));
  }
}

/** Pads the number with zeros. A number with more digits would have to be rounded by Odoo's rules. */
function fixed(value: number, digits: number): string {
  const [, decimals = ''] = /^-?\d{1,15}(?:\.(\d+))?$/.exec(String(value)) ?? [undefined, '0'.repeat(digits + 1)];
  if (decimals.length > digits) throw new Doubt('values');
  return value.toFixed(digits);
}
