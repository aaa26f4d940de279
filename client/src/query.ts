// The parameters of a list, as a query (guide, "Read") or as a body (guide, "Search by a body").

import { GatewayError } from './error.ts';

export interface Parameters {
  readonly [name: string]: unknown;
  readonly filter?: object | undefined;
}

/** Longer queries are sent as a body. */
const longest = 2_000;

/** `?fields=name,email&filter[city][in]="Gent","Lyon"`, or nothing. */
export function queryOf({ filter, ...others }: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    const isJson = name === 'domain' || name === 'having';
    query.set(name, isJson ? JSON.stringify(value) : Array.isArray(value) ? value.join() : String(value));
  }
  for (const [path, asked] of Object.entries(filter ?? {})) {
    const conditions: [string, unknown][] = isPlain(asked) ? [['', asked]] : Object.entries(asked ?? {});
    if (conditions.length === 0) throw unclear(path);
    for (const [operator, operand] of conditions) {
      const place = operator === '' ? '' : `[${operator}]`;
      if (!(Array.isArray(operand) ? operand.every(isPlain) : isPlain(operand))) throw unclear(path + place);
      query.set(`filter[${path}]${place}`, Array.isArray(operand) ? operand.map(quoted).join() : String(operand));
    }
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The request for a page of a list. */
export function listRequest(path: string, parameters: Parameters): { method: string; path: string; body?: unknown } {
  const query = queryOf(parameters);
  return query.length > longest
    ? { method: 'POST', path: `${path}/search`, body: parameters }
    : { method: 'GET', path: path + query };
}

const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Without such a condition, a request would find more records than intended, and a write would change them. */
function unclear(place: string): GatewayError {
  const message = `filter.${place} must be a string, a number or a boolean. For an empty value, write { null: true }.`;
  return new GatewayError({ status: 0, reason: 'client.request', message });
}

/** One value of a list, in quotation marks, so that a comma in it is not a separator. */
const quoted = (value: unknown): string => `"${String(value).replaceAll('"', '""')}"`;
