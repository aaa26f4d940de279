// Answers for agents stay within their budget, whatever the records hold.

import { describe, expect, test } from 'vitest';
import { beginning, compact, cutText, fitting, shrunk } from '../../sidecar/src/mcp/budget.ts';

const budget = 4_096;
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const long = 'é'.repeat(100_000);
const wide = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`field_${i}`, long]));
const lines = (depth: number): unknown[] =>
  Array.from({ length: 60 }, (_, id) => (depth === 0 ? id : { id, name: long.slice(0, 500), lines: lines(depth - 1) }));

describe('a single record fits', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a long text', { id: 1, comment: long }],
    ['several long strings', { id: 1, a: long, b: long, c: long, d: long }],
    ['thousands of fields', { id: 1, ...wide }],
    ['lists in lists', { id: 1, lines: lines(2) }],
  ])('%s', (_, row) => {
    const [shown] = compact([row], budget);
    expect(sizeOf(shown)).toBeLessThanOrEqual(budget);
    expect(sizeOf(shown)).toBeGreaterThan(budget / 8);
    expect(shown?.['id']).toBe(1);
  });
});

test('fields that are left out are counted', () => {
  const [shown = {}] = compact([{ id: 1, ...wide }], budget);
  const named = Object.keys(shown).length - 1;
  expect(shown['…']).toBe(`${3_001 - named} more fields`);
});

test('empty fields are left out, except where it matters that they are empty', () => {
  const row = { id: 1, name: '', phone: null, tags: [], active: false, count: 0 };
  expect(compact([row, row], budget)[0]).toEqual({ id: 1, active: false, count: 0 });
  expect(shrunk(row, budget, true)).toEqual(row);
});

test('only as many rows are shown as fit, but at least one', () => {
  const rows = Array.from({ length: 10 }, (_, id) => ({ id, name: 'x'.repeat(1_000) }));
  expect(fitting(rows, budget)).toBe(4);
  expect(fitting(rows, 10)).toBe(1);
});

test('a string is never cut in the middle of a character', () => {
  expect(cutText('a😀', 2)).toBe('a');
  expect(cutText('a😀', 3)).toBe('a😀');
  const [shown] = compact([{ text: `a${'😀'.repeat(5_000)}` }], budget);
  expect(JSON.stringify(shown)).not.toMatch(/\\ud8/i);
});

test('a long result is cut to the budget in bytes, with a hint about its length', () => {
  const { result, hint } = beginning([long], budget);
  expect(sizeOf(result)).toBeLessThanOrEqual(budget * 1.1);
  expect(hint).toContain('of 100004 characters');
  expect(beginning(undefined, budget)).toEqual({ result: undefined });
});
