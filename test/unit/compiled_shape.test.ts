import { expect, test } from 'vitest';
import { shapeOf } from '../../sidecar/src/compiled/shape_key.ts';
import type { Domain } from '../../sidecar/src/executor/operations.ts';

const search = { op: 'search', model: 'res.partner', domain: [], limit: 80, offset: 0 } as const;
const ofDomain = (...domain: Domain) => shapeOf({ ...search, domain });
const keyOf = (...domain: Domain) => ofDomain(...domain)?.key;

test.each<[string, unknown, unknown]>([
  ['a number', 5, 7],
  ['a negative number', -5, -7],
  ['a fraction', 0.5, 1.25],
  ['a string', 'Azure', 'Bolt'],
  ['a day', '2026-01-31', '1999-12-01'],
  ['a moment', '2026-01-31 10:00:00', '2026-02-01 00:00:00'],
  ['a list of numbers, of any length', [1, 2, 3], [4]],
  ['a list of strings', ['a', 'b'], ['c']],
])('%s may vary within a shape', (_, one, other) => {
  const [a, b] = [ofDomain(['f', '=', one]), ofDomain(['f', '=', other])];
  expect(a?.key).toBe(b?.key);
  expect([a?.values, b?.values]).toEqual([[one], [other]]);
});

test.each<[string, unknown, unknown]>([
  ['another sign', 5, -5],
  ['zero', 5, 0],
  ['a fraction for a whole number', 5, 5.5],
  ['a number out of range of the column', 5, 2 ** 40],
  ['an empty string', 'a', ''],
  ['a boolean', true, false],
  ['null instead of a value', 'a', false],
  ['a number as a string', 5, '5'],
  ['a word that depends on the clock', 'a', 'today'],
  ['a relative date', 'a', '-3d'],
  ['a day that does not exist', '2026-01-31', '2026-02-31'],
  ['a date instead of a time', '2026-01-31 00:00:00', '2026-01-31'],
  ['a time in the last year, one second before its end', '2026-01-31 10:00:00', '9999-12-31 23:59:59'],
  ['a backslash at the end', 'a', 'a\\'],
  ['an empty list', [1], []],
  ['a list with an empty value', [1], [1, false]],
])('%s results in another shape', (_, one, other) => {
  expect(keyOf(['f', '=', one])).not.toBe(keyOf(['f', '=', other]));
});

test('equal values share a slot: Odoo merges conditions of equal values', () => {
  expect(keyOf(['a', '=', 1], ['a', '!=', 1])).not.toBe(keyOf(['a', '=', 1], ['a', '!=', 2]));
  expect(keyOf(['a', '=', 1], ['a', '!=', 1])).toBe(keyOf(['a', '=', 7], ['a', '!=', 7]));
  expect(keyOf(['a', '=', 1], ['b', 'in', [1]])).toBe(keyOf(['a', '=', 2], ['b', 'in', [3, 4]]));
});

test('values in nested conditions become slots, operators stay as they are', () => {
  const shape = ofDomain('|', ['a', '=', 'x'], ['b', 'any', ['!', ['c', '>', 3]]]);
  expect(shape?.values).toEqual(['x', 3]);
  expect(shape?.operation['domain']).toEqual([
    '|',
    ['a', '=', { $: 0, c: 'text' }],
    ['b', 'any', ['!', ['c', '>', { $: 1, c: 'int+' }]]],
  ]);
});

test('common limits are part of the text; other limits and the offset are values', () => {
  const shape = (limit: number, offset: number) => shapeOf({ ...search, limit, offset });
  expect(shape(80, 0)?.values).toEqual([]);
  expect(shape(80, 0)?.key).not.toBe(shape(100, 0)?.key);
  expect(shape(81, 160)?.key).toBe(shape(82, 320)?.key);
  expect(shape(81, 160)?.values).toEqual([81, 160]);
});

test('fields, order and count are part of the shape', () => {
  const keys = [
    search,
    { ...search, fields: { name: {} } },
    { ...search, fields: { name: {}, id: {} } },
    { ...search, order: 'name' },
    { ...search, count: 'exact' as const },
  ].map((operation) => shapeOf(operation)?.key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a cursor's strings may vary within a shape, but not its language; a cursor with shortened values has no shape", () => {
  const after = (...place: (string | null | readonly [string, string])[]) => shapeOf({ ...search, order: 'name', after: place });
  expect(after('Azure', '7', 'en_US')?.key).toBe(after('Bolt', '8', 'en_US')?.key);
  expect(after('Azure', '7', 'en_US')?.key).not.toBe(after('Azure', '7', 'fr_FR')?.key);
  expect(after(null, '7', null)?.key).not.toBe(after('Azure', '7', null)?.key);
  expect(after(['Azure and so on', 'digest'], '7', null)).toBeUndefined();
});

test('reads by ids have the same shape, however many ids they name', () => {
  const read = (...ids: number[]) => shapeOf({ op: 'read', model: 'res.partner', ids });
  expect(read(1)?.key).toBe(read(2, 3)?.key);
  expect(read(2, 3)?.values).toEqual([[2, 3]]);
});

test("calls of the ORM's reading methods have shapes, with arguments by position or by name", () => {
  const call = (method: string, args: unknown[], kwargs: Record<string, unknown> = {}) =>
    shapeOf({ op: 'call', model: 'res.partner', method, args, kwargs });
  expect(call('search_read', [[['name', '=', 'a']], ['name'], 0, 7])?.values).toEqual(['a', 7]);
  expect(call('search_read', [], { domain: [['name', '=', 'b']], fields: ['name'], limit: 8 })?.values).toEqual(['b', 8]);
  expect(call('read', [[1, 2], ['name']])?.values).toEqual([[1, 2]]);
  expect(call('search_count', [[['id', '>', 3]]], { context: { lang: 'fr_FR', allowed_company_ids: [1] } })?.values).toEqual([3]);
  expect(call('search', [[]], { context: { x: { y: 1 } } })).toBeUndefined();
  expect(call('name_search', ['a'])).toBeUndefined();
  expect(call('read', [])).toBeUndefined();
});

test.each([
  ['an estimate', { ...search, count: 'estimated' }],
  ['a reference of a batch', { ...search, domain: [['a', '=', { $ref: 'x.id' }]] }],
  ['a value that looks like a slot', { ...search, domain: [['a', '=', { $: 0, c: 'text' }]] }],
  ['repeated ids', { op: 'read', model: 'res.partner', ids: [7, 7] }],
  ['ids that are strings', { op: 'read', model: 'res.partner', ids: ['7'] }],
  ['a very long domain', { ...search, domain: Array.from({ length: 500 }, (_, i) => [`field_${i}`, '=', true]) }],
  ['a write', { op: 'unlink', model: 'res.partner', ids: [7] }],
] as const)('%s has no shape', (_, operation) => {
  expect(shapeOf(operation as unknown as Parameters<typeof shapeOf>[0])).toBeUndefined();
});

test('a read of the few most useful fields has a different shape from a read of all', () => {
  const search = { op: 'search', model: 'res.partner', domain: [], limit: 10, offset: 0 } as const;
  const [all, brief] = [shapeOf(search), shapeOf({ ...search, brief: true })];
  expect(brief?.key).not.toBe(all?.key);
  expect(brief?.operation).toMatchObject({ brief: true });
  expect(shapeOf({ op: 'read', model: 'res.partner', ids: [1], brief: true })?.operation).toMatchObject({ brief: true });
});
