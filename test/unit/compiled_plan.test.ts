import { createHmac, createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parametersOf } from '../../sidecar/src/compiled/parameters.ts';
import { placeOf } from '../../sidecar/src/compiled/places.ts';
import type { Plan } from '../../sidecar/src/compiled/plan.ts';
import { readPlan } from '../../sidecar/src/compiled/plan.ts';
import { FlatReader, TreeReader } from '../../sidecar/src/compiled/rows.ts';

const secret = createSecretKey(Buffer.from('channel'));
const wanted = { uid: 6, database: 'a-uuid', secret };
const column = (field: string, form: string, more: object = {}) => ({ field, as: field, form, ...more });
const content = {
  uid: 6,
  database: 'a-uuid',
  text: 'select …',
  parameters: [{ slot: 0, as: 'contains' }],
  levels: [{ name: 'l0', model: 'res.partner', columns: [column('name', 'plain')] }],
  flat: true,
  omitted: [],
  fields: ['name'],
  languages: ['en-US'],
  next: null,
  count: null,
  versions: '1.2.3.4/5',
};
const sign = (text: string) => createHmac('sha256', secret).update(text).digest('hex');
const signed = (plan: object) => ({ plan_text: JSON.stringify(plan), signature: sign(JSON.stringify(plan)) });
const planOf = (levels: object[]) => readPlan(signed({ ...content, levels }), wanted) as Plan;

describe('a plan is accepted only in the form that Odoo has signed', () => {
  test('an unaltered plan is accepted', () =>
    expect(readPlan(signed(content), wanted)).toMatchObject({ text: 'select …', versions: '1.2.3.4/5' }));
  test.each([
    ['an altered text', { ...signed(content), plan_text: JSON.stringify({ ...content, text: 'select secret' }) }],
    ['another signature', { ...signed(content), signature: sign('another') }],
    ['no signature', { plan_text: JSON.stringify(content) }],
    ["another user's", signed({ ...content, uid: 7 })],
    ["another database's", signed({ ...content, database: 'b-uuid' })],
    ['a parameter of an unknown kind', signed({ ...content, parameters: [{ slot: 0, as: 'lower' }] })],
    ['nothing', null],
  ])('%s is refused', (_, given) => expect(() => readPlan(given, wanted)).toThrow());
  test('a refusal with its reason is kept', () => {
    expect(readPlan({ refused: { why: 'field', what: 'res.partner.vat' } }, wanted)).toEqual({
      why: 'field',
      what: 'res.partner.vat',
    });
  });
});

test.each([
  ['same', 5, 5],
  ['text', 5, '5'],
  ['contains', 'azure', '%azure%'],
  ['begins', 'azure', 'azure%'],
  ['plus1s', '2026-12-31 23:59:59', '2027-01-01 00:00:00'],
  ['fixed:2', 5, '5.00'],
  ['fixed:2', -1.5, '-1.50'],
])('with the conversion %s, the value %j becomes the parameter %j', (as, value, expected) => {
  expect(parametersOf([{ slot: 0, as, list: false }], [value])).toEqual([expected]);
  expect(parametersOf([{ slot: 0, as, list: true }], [[value]])).toEqual([[expected]]);
});

test('a read with a number that Odoo would round goes through Odoo', () => {
  for (const value of [1.005, 1e21, 1e-7]) {
    expect(() => parametersOf([{ slot: 0, as: 'fixed:2', list: false }], [value])).toThrow('values');
  }
});

test('rows of a flat plan become the values that the ORM reads', () => {
  const plan = planOf([
    {
      name: 'l0',
      model: 'res.partner',
      columns: [
        column('name', 'plain'),
        column('color', 'integer0'),
        column('share', 'boolean'),
        column('amount', 'float0'),
        column('seen', 'plain'),
        column('parent_id', 'named', { name: 'parent_name' }),
      ],
    },
  ]);
  const names = ['id', 'name', 'color', 'share', 'amount', 'seen', 'parent_id', 'parent_name', 'versions'];
  const reader = new FlatReader(plan, names);
  expect(reader.record(['7', 'Azure', '3', 't', '2400.80', '2026-11-22 10:00:00', '9', 'Boss', ''])).toEqual({
    id: 7,
    name: 'Azure',
    color: 3,
    share: true,
    amount: 2400.8,
    seen: '2026-11-22 10:00:00',
    parent_id: [9, 'Boss'],
  });
  expect(reader.record(['8', null, null, null, null, null, null, null, ''])).toEqual({
    id: 8,
    name: false,
    color: 0,
    share: false,
    amount: 0,
    seen: false,
    parent_id: false,
  });
  expect(() => reader.record(['8', null, null, null, 'NaN', null, null, null, ''])).toThrow('values');
  expect(() => new FlatReader(plan, ['id', 'name'])).toThrow('plan');
});

test('columns of a tree become nested records, each with an object of its own', () => {
  const plan = planOf([
    {
      name: 'l0',
      model: 'sale.order',
      columns: [
        { field: 'tag_ids', form: 'ids', level: 'l1' },
        column('partner_id', 'one', { name: 'partners', level: 'l2' }),
        { field: 'line_ids', form: 'many', level: 'l3' },
      ],
    },
    { name: 'l1', model: 'crm.tag', columns: [] },
    { name: 'l2', model: 'res.partner', columns: [column('name', 'plain')] },
    { name: 'l3', model: 'sale.order.line', columns: [column('qty', 'float0')], most: 2 },
  ]);
  const columns: Record<string, unknown[]> = {
    l0_id: [1, 2, 3, 4],
    l0_partner_id: [5, 5, 6, null],
    partners_id: [6, 5],
    partners_name: [null, 'Five'],
    l1_id: [9, 8, 9],
    l1_p: [1, 1, 2],
    l2_id: [5],
    l2_name: ['Five'],
    l3_id: [31],
    l3_p: [2],
    l3_qty: [1.5],
  };
  const read = (given: Record<string, unknown>) =>
    new TreeReader(plan, (name) => (given[name] === undefined ? null : JSON.stringify(given[name]))).records();
  const records = read(columns);
  expect(records).toEqual([
    { id: 1, tag_ids: [9, 8], partner_id: { id: 5, name: 'Five' }, line_ids: [] },
    { id: 2, tag_ids: [9], partner_id: { id: 5, name: 'Five' }, line_ids: [{ id: 31, qty: 1.5 }] },
    { id: 3, tag_ids: [], partner_id: { id: 6, display_name: false }, line_ids: [] },
    { id: 4, tag_ids: [], partner_id: false, line_ids: [] },
  ]);
  expect(records[0]?.['partner_id']).not.toBe(records[1]?.['partner_id']);
  expect(read({})).toEqual([]);
  expect(() => read({ ...columns, l3_id: [1, 2, 3], l3_p: [1, 1, 1], l3_qty: [1, 1, 1] })).toThrow('large');
});

test("the position in a cursor has Odoo's format", () => {
  expect(placeOf(['Azure', null, '7'], 'en_US')).toEqual(['Azure', null, '7', 'en_US']);
  // Computed in Python: hashlib.sha256(text.encode()).hexdigest()[:32], and text[:30].
  const place = placeOf([`${'😀'.repeat(40)}${'x'.repeat(300)}`], null);
  expect(place).toEqual([['😀'.repeat(30), 'dacc29dfcd403ffe23fdc423fa3d9151'], null]);
});
