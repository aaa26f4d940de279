// Makes answers fit into a conversation: without empty fields, with long texts cut, and with no more records than the budget
// allows.

import type { Row } from '../records/collection.ts';

/** The longest text in a list. Texts of a single record may be longer. */
const longestInList = 300;
const shareOfOneText = 0.5;
const mostItems = 50;

/** How many of the rows fit; at least one. */
export function fitting(rows: readonly unknown[], bytes: number): number {
  let left = bytes;
  const most = rows.findIndex((row) => {
    left -= Buffer.byteLength(JSON.stringify(row)) + 1;
    return left < 0;
  });
  return most === -1 ? rows.length : Math.max(1, most);
}

/** The value, or the beginning of its JSON if it is too long. */
export function beginning(value: unknown, bytes: number): { result: unknown; hint?: string } {
  const text = JSON.stringify(value) ?? 'null';
  if (text.length <= bytes) return { result: value };
  return { result: text.slice(0, bytes), hint: `The result was cut at ${bytes} of ${text.length} characters.` };
}

/** Records for an agent, without empty fields and with long texts cut. */
export function compact(rows: readonly Row[], bytes: number): Row[] {
  const longest = rows.length === 1 ? Math.max(longestInList, Math.floor(bytes * shareOfOneText)) : longestInList;
  return rows.map((row) => compactRow(row, longest));
}

function compactRow(row: Row, longest: number): Row {
  const kept: Row = {};
  for (const [name, value] of Object.entries(row)) if (!isEmpty(value)) kept[name] = shortened(value, longest);
  return kept;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function shortened(value: unknown, longest: number): unknown {
  if (typeof value === 'string' && value.length > longest) {
    return `${value.slice(0, longest)}… (${value.length - longest} more characters)`;
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, mostItems).map((item) => shortened(item, longest));
    return value.length > mostItems ? [...shown, `… (${value.length - mostItems} more)`] : shown;
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== null) {
    return compactRow(value as Row, longest);
  }
  return value;
}
