// The position at which a page ended, in the format of the executor's `next` (see executor/keyset.py).

import { createHash } from 'node:crypto';
import type { Place } from '../executor/operations.ts';

const mostBytes = 240;
const beginning = 30;

/** @param values of the order's terms in the last record, as Postgres writes them; null: empty */
export function placeOf(values: readonly (string | null)[], lang: string | null): Place {
  return [...values.map(short), lang];
}

/** Shortens a value that does not fit into a URL to its beginning and its digest. */
function short(value: string | null): string | null | [string, string] {
  if (value === null || Buffer.byteLength(JSON.stringify(value)) <= mostBytes) return value;
  const digest = createHash('sha256').update(value).digest('hex').slice(0, 32);
  return [Array.from(value).slice(0, beginning).join(''), digest];
}
