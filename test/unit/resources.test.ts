import { expect, test } from 'vitest';
import type { Resource } from '../../sidecar/src/db/resources.ts';
import { accept } from '../../sidecar/src/records/resources.ts';

const line = { read: true, write: true, required: false, format: null, values: null };
const flat = { ...line, name: 'contacts', field: 'child_ids', nested: null };
const lines = {
  ...line,
  name: 'lines',
  field: 'line_ids',
  nested: { model: 'line', fields: [{ ...line, name: 'label', field: 'name', nested: null }] },
};
const resource: Resource = {
  name: 'shops',
  model: 'shop',
  app: null,
  label: 'Shop',
  domain: [],
  order: null,
  fields: [flat, lines],
};
const many = (relation: string) => ({ type: 'one2many', relation });
const types: Record<string, Record<string, { type: string; relation?: string }>> = {
  shop: { child_ids: many('shop'), line_ids: many('line') },
  line: { name: { type: 'char' } },
};
const accepted = (body: Record<string, unknown>) => accept(resource, body, (model) => types[model] ?? {}, false);

test.each([
  [[{ name: 'new', vat: 'x' }]],
  [[{ id: 7, vat: 'x' }]],
  [[{ display_name: 'new' }]],
  [[3, [0, 0, { vat: 'x' }]]],
  [[[1, 7, { vat: 'x' }]]],
  [{ set: [3, { id: 7, vat: 'x' }] }],
])('fields of records that a resource only links are not written: %j', (contacts) => {
  expect(() => accepted({ contacts })).toThrow(expect.objectContaining({ reason: 'body.value', status: 422 }));
});

test.each([
  [[3, { id: 4 }, { id: 5, display_name: 'Azure' }, { id: 6, _remove: true }, [6, 0, [7]], [4, 8]]],
  [{ set: [3] }],
  [null],
  [false],
])('records are linked and taken off: %j', (contacts) => {
  expect(accepted({ contacts })).toEqual({ values: { child_ids: contacts }, ignored: [] });
});

test('of nested records the fields are written that the resource names', () => {
  expect(accepted({ lines: [{ id: 3, label: 'a', other: 'b' }] })).toEqual({
    values: { line_ids: [{ id: 3, name: 'a' }] },
    ignored: ['lines[0].other'],
  });
});
