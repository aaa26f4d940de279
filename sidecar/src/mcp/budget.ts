// Makes answers fit into a conversation: no empty fields, long text cut, and no more records than the budget holds. A single record
// that is larger than the budget is cut harder.

import type { Row } from '../records/collection.ts';

/** The longest text in a list. Text in a single record may be longer. */
const longestInList = 300;
const shareOfOneText = 0.5;
const mostItems = 50;
/** Strings and lists are never cut shorter than this. If that is not enough, whole fields are left out. */
const least = { text: 20, items: 3 };

interface Cut {
  readonly text: number;
  readonly items: number;
  readonly keepsEmpty?: boolean;
}

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '') + 1;

/** How many of the rows fit into the budget; at least one. */
export function fitting(rows: readonly unknown[], bytes: number): number {
  let left = bytes;
  const most = rows.findIndex((row) => {
    left -= sizeOf(row);
    return left < 0;
  });
  return most === -1 ? rows.length : Math.max(1, most);
}

/** The value, or the beginning of its JSON if it is too long. */
export function beginning(value: unknown, bytes: number): { result: unknown; hint?: string } {
  const text = JSON.stringify(value) ?? 'null';
  const size = Buffer.byteLength(text);
  if (size <= bytes) return { result: value };
  const result = cutText(text, Math.floor((bytes / size) * text.length));
  return { result, hint: `The result was cut at ${result.length} of ${text.length} characters.` };
}

/**
 * The beginning of a string. It never ends with half of a character, because clients in Python would then refuse the whole
 * answer.
 */
export function cutText(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** Records for an agent, without empty fields and with long text cut. A single record is cut until it fits into the budget. */
export function compact(rows: readonly Row[], bytes: number): Row[] {
  const [first] = rows;
  if (rows.length === 1 && first !== undefined) return [shrunk(first, bytes)];
  const cut = { text: longestInList, items: mostItems };
  return rows.map((row) => cutRow(row, cut));
}

/** The row, cut as hard as it must be to fit. */
export function shrunk(row: Row, bytes: number, keepsEmpty = false): Row {
  let cut = { text: Math.max(longestInList, Math.floor(bytes * shareOfOneText)), items: mostItems, keepsEmpty };
  for (;;) {
    const shown = cutRow(row, cut);
    if (sizeOf(shown) <= bytes) return shown;
    if (cut.text === least.text && cut.items === least.items) return fewerFields(shown, bytes);
    cut = { text: Math.max(least.text, cut.text >> 1), items: Math.max(least.items, cut.items >> 1), keepsEmpty };
  }
}

const roomForNote = 60;

function fewerFields(row: Row, bytes: number): Row {
  const entries = Object.entries(row);
  let left = bytes - roomForNote;
  const most = entries.findIndex(([name, value]) => {
    left -= sizeOf(name) + sizeOf(value);
    return left < 0;
  });
  return { ...Object.fromEntries(entries.slice(0, most)), '…': `${entries.length - most} more fields` };
}

function cutRow(row: Row, cut: Cut): Row {
  const kept: Row = {};
  for (const [name, value] of Object.entries(row)) {
    if (cut.keepsEmpty === true || !isEmpty(value)) kept[name] = shortened(value, cut);
  }
  return kept;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function shortened(value: unknown, cut: Cut): unknown {
  if (typeof value === 'string' && value.length > cut.text) {
    const shown = cutText(value, cut.text);
    return `${shown}… (${value.length - shown.length} more characters)`;
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, cut.items).map((item) => shortened(item, cut));
    return value.length > cut.items ? [...shown, `… (${value.length - cut.items} more)`] : shown;
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== null) return cutRow(value as Row, cut);
  return value;
}
