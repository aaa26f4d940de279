import { expect, test } from 'vitest';
import type { ModelTypes } from '../../sidecar/src/executor/operations.ts';
import { modelsIn, parseValues } from '../../sidecar/src/records/values.ts';

const types: Record<string, ModelTypes> = {
  'sale.order': {
    order_line: { type: 'one2many', relation: 'sale.order.line' },
    tag_ids: { type: 'many2many', relation: 'crm.tag' },
  },
  'sale.order.line': { product_id: { type: 'many2one', relation: 'product.product' }, date: { type: 'datetime' } },
};
const typesOf = (model: string) => types[model] ?? {};

function parsedValue(type: string, value: unknown): unknown {
  return parseValues({ field: value }, 'a.model', () => ({ field: { type } }))['field'];
}

test.each([
  ['char', 'x', 'x'],
  ['char', null, false],
  ['boolean', false, false],
  ['integer', 7, 7],
  ['integer', -2_147_483_648, -2_147_483_648],
  ['float', 1, 1],
  ['date', '2026-11-22', '2026-11-22'],
  ['date', null, false],
  ['datetime', '2026-11-22T10:00:00Z', '2026-11-22 10:00:00'],
  ['datetime', '2026-11-22T10:00:00.999+02:00', '2026-11-22 08:00:00'],
  ['datetime', '2026-11-22T23:30:00-0530', '2026-11-23 05:00:00'],
  ['datetime', '2026-11-22 10:00', '2026-11-22 10:00:00'],
  ['datetime', '2026-11-22 10:00:00', '2026-11-22 10:00:00'],
  ['binary', 'aGVsbG8=', 'aGVsbG8='],
  ['many2one', 7, 7],
  ['many2one', { id: 7, name: 'Azure' }, 7],
  ['many2one', null, false],
  ['reference', { model: 'res.partner', id: 7 }, 'res.partner,7'],
  ['json', { any: [1, null] }, { any: [1, null] }],
  ['properties', { colour: 'red', owner: { id: 3, name: 'X' }, gone: null }, { colour: 'red', owner: 3, gone: false }],
])('a %s given as %j is written as %j', (type, value, written) => {
  expect(parsedValue(type, value)).toEqual(written);
});

test.each([
  ['char', 7],
  ['char', 'a\0b'],
  ['boolean', 'yes'],
  ['integer', 1.5],
  ['integer', '7'],
  ['integer', 2_147_483_648],
  ['integer', -2_147_483_649],
  ['float', 'NaN'],
  ['monetary', 'Infinity'],
  ['float', '7'],
  ['date', '2026-02-30'],
  ['date', '22/11/2026'],
  ['datetime', '2026-11-22'],
  ['datetime', '2026-02-30T10:00:00Z'],
  ['datetime', '2026-11-22T25:00:00Z'],
  ['binary', 'not base64!'],
  ['many2one', 'Azure'],
  ['many2one', { name: 'Azure' }],
  ['many2one', -1],
  ['reference', { id: 7 }],
])('a %s cannot be %j, and the answer names the field', (type, value) => {
  expect(() => parsedValue(type, value)).toThrow(expect.objectContaining({ reason: 'body.value', details: { field: 'field' } }));
});

test('a list of lines is merged: lines may be new, changed, linked or removed', () => {
  const lines = [{ product_id: { id: 4, name: 'Desk' } }, { id: 3, product_id: 5 }, { id: 6 }, 7, { id: 8, _remove: true }];
  expect(parseValues({ order_line: lines }, 'sale.order', typesOf)['order_line']).toEqual([
    [0, 0, { product_id: 4 }],
    [1, 3, { product_id: 5 }],
    [4, 6],
    [4, 7],
    [2, 8],
  ]);
});

test('removing a tag unlinks it, removing a line deletes it', () => {
  expect(parseValues({ tag_ids: [{ id: 8, _remove: true }] }, 'sale.order', typesOf)['tag_ids']).toEqual([[3, 8]]);
});

test('"set" replaces the linked records', () => {
  const lines = { set: [3, { id: 4, product_id: 9 }, { product_id: 1 }] };
  expect(parseValues({ order_line: lines }, 'sale.order', typesOf)['order_line']).toEqual([
    [6, 0, [3, 4]],
    [1, 4, { product_id: 9 }],
    [0, 0, { product_id: 1 }],
  ]);
});

test("Odoo's own commands are accepted, with values in the API's format", () => {
  const lines = [[0, 0, { date: '2026-11-22T10:00:00+01:00' }], [5], [6, 0, [1, 2]]];
  expect(parseValues({ order_line: lines }, 'sale.order', typesOf)['order_line']).toEqual([
    [0, 0, { date: '2026-11-22 09:00:00' }],
    [5],
    [6, 0, [1, 2]],
  ]);
});

test('an error deep in a body names its path', () => {
  const body = { order_line: [{ product_id: 1 }, { product_id: 'Desk' }] };
  expect(() => parseValues(body, 'sale.order', typesOf)).toThrow('order_line[1].product_id must be the id of a record');
});

test('a field named __proto__ is a field like any other', () => {
  const parsed = parseValues(JSON.parse('{"__proto__": {"x": 1}}'), 'sale.order', typesOf);
  expect(Object.keys(parsed)).toEqual(['__proto__']);
});

test('the models that a body reaches are found, even through commands', () => {
  const body = { order_line: [{ product_id: 1 }, [0, 0, { product_id: 2 }], 5], tag_ids: { set: [1] } };
  expect(modelsIn(body, typesOf('sale.order'))).toEqual([
    { model: 'sale.order.line', values: [{ product_id: 1 }, { product_id: 2 }] },
  ]);
});

test.each(['0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01'])(
  'a time is refused if its offset moves it out of the supported years: %s',
  (at) => {
    const types: ModelTypes = { date: { type: 'datetime' } };
    expect(() => parseValues({ date: at }, 'x.thing', () => types)).toThrow('date must be a time like');
  },
);
