// The parameters of a list as a JSON body, for filters that are too long for a URL.

import { GatewayError } from '../errors.ts';
import { asObject } from './record_shapes.ts';

const lists = new Set(['fields', 'order']);

/**
 * The equivalent query string: `{"filter": {"city": {"in": ["Gent", "Lyon"]}}, "fields": ["name"], "limit": 5}`.
 * The query parser checks the parameters and their values. Throws `body.form`.
 */
export function queryOf(body: unknown): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asObject(body ?? {}))) {
    if (name === 'domain' && typeof value !== 'string') query.set(name, JSON.stringify(value));
    else if (name === 'filter') for (const [key, text] of filtersOf(value)) query.set(key, text);
    else if (lists.has(name) && Array.isArray(value)) {
      query.set(name, value.map((item: unknown, i) => textOf(item, `${name}[${i}]`)).join(','));
    } else query.set(name, textOf(value, name));
  }
  return query.toString();
}

function* filtersOf(value: unknown): Generator<[name: string, text: string]> {
  for (const [field, asked] of Object.entries(asObject(value, 'filter'))) {
    const name = `filter[${field}]`;
    if (typeof asked !== 'object' || asked === null) {
      yield [name, textOf(asked, name)];
      continue;
    }
    for (const [operator, operand] of Object.entries(asObject(asked, name))) {
      const place = `${name}[${operator}]`;
      yield [
        place,
        Array.isArray(operand) ? operand.map((item: unknown) => quoted(item, place)).join(',') : textOf(operand, place),
      ];
    }
  }
}

/** One value of a list, in quotation marks, so that a comma in it is not a separator. */
function quoted(value: unknown, place: string): string {
  return `"${textOf(value, place).replaceAll('"', '""')}"`;
}

function textOf(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new GatewayError('body.form', {
    message: `${place} must be a string, a number or a boolean.`,
    details: { field: place },
  });
}
