// Keyset pages: where a page ended, as a token that the client gives back. It holds the order and the values of its
// fields in the last record, so a page costs the same however far down it is, and no record is shown twice or skipped
// because others came or went. It says nothing that the caller has not been shown.

import { GatewayError } from '../errors.ts';

export interface Cursor {
  readonly order: string;
  /** As text, in the order's sequence; null for an empty value. */
  readonly after: readonly (string | null)[];
}

/** It travels in the path and in the header `Link`; clients and proxies take 16 KiB of headers at most. */
const longest = 4_096;

/** Undefined when the place does not fit into a cursor. */
export function encodeCursor({ order, after }: Cursor): string | undefined {
  const text = Buffer.from(JSON.stringify([order, ...after])).toString('base64url');
  return text.length > longest ? undefined : text;
}

/** Throws `query.cursor`. Whether the order fits the model is for Odoo to say. */
export function decodeCursor(text: string): Cursor {
  try {
    if (text.length > longest || !/^[\w-]+$/.test(text)) throw new Error('not base64url');
    const [order, ...after] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    if (typeof order !== 'string' || after.length === 0 || !after.every(isPlace)) throw new Error('malformed');
    return { order, after };
  } catch (cause) {
    throw new GatewayError('query.cursor', { details: { cursor: text.slice(0, 100) }, cause });
  }
}

function isPlace(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && !value.includes('\0'));
}
