import { expect, test } from 'vitest';
import type { FieldTree, ModelTypes } from '../../sidecar/src/executor/operations.ts';
import { parseFields } from '../../sidecar/src/records/fields.ts';
import { modelsBehind, shapeRows } from '../../sidecar/src/records/shape.ts';

const types: Record<string, ModelTypes> = {
  'sale.order': {
    name: { type: 'char' },
    partner_id: { type: 'many2one', relation: 'res.partner' },
    order_line: { type: 'one2many', relation: 'sale.order.line' },
  },
  'sale.order.line': { id: { type: 'integer' }, product_id: { type: 'many2one', relation: 'product.product' } },
  'res.partner': {
    name: { type: 'char' },
    email: { type: 'char' },
    display_name: { type: 'char' },
    create_date: { type: 'datetime' },
  },
  'product.product': { name: { type: 'char' } },
};

function shapedValue(type: string, value: unknown): unknown {
  const rows = [{ field: value }];
  shapeRows(rows, 'a.model', undefined, () => ({ field: { type } }));
  return rows[0]?.field;
}

test.each([
  ['char', 'x', 'x'],
  ['char', false, null],
  ['char', '', null],
  ['text', false, null],
  ['html', '<p>x</p>', '<p>x</p>'],
  ['boolean', false, false],
  ['boolean', true, true],
  ['integer', 0, 0],
  ['float', 0, 0],
  ['monetary', 12.5, 12.5],
  ['date', '2026-11-22', '2026-11-22'],
  ['date', false, null],
  ['datetime', '2026-11-22 23:59:59', '2026-11-22T23:59:59Z'],
  ['datetime', '2026-11-22 23:59:59.123456', '2026-11-22T23:59:59.123456Z'],
  ['datetime', false, null],
  ['selection', 'draft', 'draft'],
  ['selection', false, null],
  ['binary', false, null],
  ['many2one', [7, 'Azure'], { id: 7, name: 'Azure' }],
  ['many2one', [7, false], { id: 7, name: null }],
  ['many2one', false, null],
  ['one2many', [1, 2], [1, 2]],
  ['many2many', [], []],
  ['reference', 'res.partner,7', { model: 'res.partner', id: 7 }],
  ['reference', false, null],
  ['many2one_reference', 7, 7],
  ['many2one_reference', 0, null],
  ['many2one_reference', false, null],
  ['json', { a: false }, { a: false }],
  ['json', false, null],
  ['properties', false, null],
  [
    'properties',
    [
      { name: 'a', type: 'boolean', string: 'A', value: false },
      { name: 'b', type: 'char', string: 'B', value: false },
      { name: 'c', type: 'datetime', string: 'C', value: '2026-11-22 10:00:00' },
      { name: 'd', type: 'many2one', string: 'D', value: [7, 'Azure'] },
      { name: 'e', type: 'many2many', string: 'E', value: [[7, 'Azure']] },
      { name: 'f', type: 'char', string: 'F' },
    ],
    [
      { name: 'a', type: 'boolean', string: 'A', value: false },
      { name: 'b', type: 'char', string: 'B', value: null },
      { name: 'c', type: 'datetime', string: 'C', value: '2026-11-22T10:00:00Z' },
      { name: 'd', type: 'many2one', string: 'D', value: { id: 7, name: 'Azure' } },
      { name: 'e', type: 'many2many', string: 'E', value: [{ id: 7, name: 'Azure' }] },
      { name: 'f', type: 'char', string: 'F' },
    ],
  ],
  ['a type of another module', false, null],
  ['a type of another module', 'x', 'x'],
])('%s %j becomes %j', (type, raw, shaped) => {
  expect(shapedValue(type, raw)).toEqual(shaped);
});

function shaped(rows: Record<string, unknown>[], fields: FieldTree): unknown {
  shapeRows(rows, 'sale.order', fields, (model) => types[model] ?? {});
  return rows;
}

test('expanded relations become objects with their own fields', () => {
  const fields = parseFields('name,partner_id.name,partner_id.create_date,order_line.product_id.name');
  const rows = [
    {
      id: 1,
      name: 'S1',
      partner_id: { id: 7, name: false, create_date: '2026-11-22 10:00:00' },
      order_line: [
        { id: 3, product_id: { id: 5, name: 'Desk' } },
        { id: 4, product_id: false },
      ],
    },
    { id: 2, name: false, partner_id: false, order_line: [] },
  ];
  expect(shaped(rows, fields)).toEqual([
    {
      id: 1,
      name: 'S1',
      partner_id: { id: 7, name: null, create_date: '2026-11-22T10:00:00Z' },
      order_line: [
        { id: 3, product_id: { id: 5, name: 'Desk' } },
        { id: 4, product_id: null },
      ],
    },
    { id: 2, name: null, partner_id: null, order_line: [] },
  ]);
});

test('a record that a rule hides shows its id and name', () => {
  const rows = [{ id: 1, partner_id: { id: 7, display_name: 'Hidden' } }];
  expect(shaped(rows, parseFields('partner_id.email'))).toEqual([{ id: 1, partner_id: { id: 7, name: 'Hidden' } }]);
});

test('a display name that is requested is called display_name, not name', () => {
  const rows = [{ id: 1, partner_id: { id: 7, display_name: 'Azure' } }];
  expect(shaped(rows, parseFields('partner_id.display_name'))).toEqual([{ id: 1, partner_id: { id: 7, display_name: 'Azure' } }]);
});

test('the models of a tree are those that it expands', () => {
  const fields = parseFields('name,partner_id,order_line.product_id.name,nothing.name');
  expect(modelsBehind(fields, types['sale.order'] ?? {})).toEqual([
    { model: 'sale.order.line', tree: { product_id: { fields: { name: {} } } } },
  ]);
});
