// Keyset pages: where a page ended, as a token that the client gives back. It stands for the values of the order's
// fields in the last record, so a page costs the same however far down it is, and no record is shown twice or skipped
// because others came or went. It says nothing that the caller has not been shown.

import { GatewayError } from '../errors.ts';

export interface OrderTerm {
  readonly field: string;
  readonly descending: boolean;
}

export interface Cursor {
  readonly order: readonly OrderTerm[];
  /** Raw values of the order's fields in the last record of the page; the last one is its id. */
  readonly values: readonly (string | number | boolean)[];
}

const longest = 4_096;

/** Fields of the model itself, each once, with `id` at the end so that the order is total; undefined for others. */
export function keysetOrder(order: string | undefined): OrderTerm[] | undefined {
  const terms: OrderTerm[] = [];
  for (const text of (order ?? '').split(',')) {
    if (text.trim() === '') continue;
    const match = /^\s*([A-Za-z_]\w*)(?:\s+(asc|desc))?\s*$/i.exec(text);
    if (match === null) return undefined;
    const field = match[1] as string;
    if (terms.some((term) => term.field === field)) return undefined;
    terms.push({ field, descending: match[2]?.toLowerCase() === 'desc' });
    if (field === 'id') return terms;
  }
  return [...terms, { field: 'id', descending: terms.at(-1)?.descending ?? false }];
}

export function renderOrder(terms: readonly OrderTerm[]): string {
  return terms.map(({ field, descending }) => (descending ? `${field} desc` : field)).join(',');
}

export function encodeCursor({ order, values }: Cursor): string {
  return Buffer.from(JSON.stringify([renderOrder(order), ...values])).toString('base64url');
}

/** Throws `query.cursor`. */
export function decodeCursor(text: string): Cursor {
  const order = (found: unknown) => (typeof found === 'string' ? keysetOrder(found) : undefined);
  try {
    if (text.length > longest || !/^[\w-]+$/.test(text)) throw new Error('not base64url');
    const [found, ...values] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    const terms = order(found);
    if (terms === undefined || terms.length !== values.length || !values.every(isScalar)) throw new Error('malformed');
    return { order: terms, values };
  } catch (cause) {
    throw new GatewayError('query.cursor', { details: { cursor: text.slice(0, 100) }, cause });
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && !value.includes('\0'));
}
