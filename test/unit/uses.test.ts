// The record of usage keeps the names and choices of each operation, but no other values.

import { expect, test } from 'vitest';
import type { Operation } from '../../sidecar/src/executor/operations.ts';
import { usesOf } from '../../sidecar/src/executor/uses.ts';

const types: Record<string, string> = {
  'sale.order user_id': 'many2one',
  'sale.order date_order': 'datetime',
  'sale.order partner_id.city': 'char',
  'sale.order id': 'integer',
  'sale.order state': 'selection',
  'sale.order order_line.display_type': 'selection',
};
const typeAt = (model: string, path: string) => types[`${model} ${path}`];
const used = (operation: Operation) =>
  [...new Set([...usesOf(operation, typeAt)].map(({ model, action, name }) => `${model} ${action} ${name}`.trim()))].sort();

const model = 'sale.order';
const list = { model, limit: 80, offset: 0 };

test.each<[name: string, operation: Operation, uses: string[]]>([
  [
    'a search',
    {
      ...list,
      op: 'search',
      fields: { name: {}, partner_id: { fields: { city: {} } } },
      domain: ['|', ['state', 'in', ['sale', 'sent']], ['partner_id.email', '=', 'secret@example.com']],
      order: 'date_order desc, id',
    },
    [
      'choice state=sale',
      'choice state=sent',
      'read',
      'read date_order',
      'read id',
      'read name',
      'read partner_id.city',
      'read partner_id.email',
      'read state',
    ],
  ],
  [
    'a condition about lines',
    {
      ...list,
      op: 'search',
      domain: [
        [
          'order_line',
          'any',
          [
            ['display_type', '=', 'line_note'],
            ['name', '=', 'secret'],
          ],
        ],
      ],
    },
    [
      'choice order_line.display_type=line_note',
      'read',
      'read order_line',
      'read order_line.display_type',
      'read order_line.name',
    ],
  ],
  [
    'names of related records, as conditions and order',
    {
      ...list,
      op: 'search',
      domain: [
        ['user_id', 'ilike', 'secret'],
        ['user_id', '=', 7],
      ],
      order: 'user_id desc',
    },
    ['read', 'read user_id', 'read user_id.display_name'],
  ],
  [
    'groups',
    {
      ...list,
      op: 'aggregate',
      domain: [],
      group: ['date_order:month', 'partner_id.city'],
      measures: ['__count', 'amount_total:sum'],
      having: [],
    },
    ['read', 'read amount_total', 'read date_order', 'read partner_id.city'],
  ],
  [
    'a new record with lines',
    {
      op: 'create',
      model,
      values: [
        {
          note: 'secret',
          state: 'draft',
          order_line: [
            [0, 0, { display_type: 'line_note' }],
            [4, 6],
            [2, 7],
          ],
        },
      ],
    },
    [
      'choice order_line.display_type=line_note',
      'choice state=draft',
      'delete order_line',
      'write',
      'write note',
      'write order_line',
      'write order_line.display_type',
      'write state',
    ],
  ],
  [
    'a change, then read',
    { op: 'write', model, ids: [1], values: { note: 'x' }, fields: { name: {} } },
    ['read name', 'write', 'write note'],
  ],
  [
    'an upsert',
    { op: 'upsert', model, key: 'client_order_ref', items: [{ value: 'secret', values: { note: 'x' } }], namespace: 'key' },
    ['read client_order_ref', 'write', 'write note'],
  ],
  [
    'a deletion of the records that a domain finds',
    { op: 'unlink_found', model, domain: [['state', '=', 'cancel']], max_affected: 9 },
    ['choice state=cancel', 'delete', 'read state'],
  ],
  ['a method', { op: 'call', model, method: 'action_confirm', ids: [1], args: ['secret'], kwargs: {} }, ['call action_confirm']],
  [
    'the ORM’s search_read, with arguments by position',
    { op: 'call', model, method: 'search_read', args: [[['state', '=', 'sale']], ['name']], kwargs: { order: 'id' } },
    ['choice state=sale', 'read', 'read id', 'read name', 'read state'],
  ],
  [
    'the ORM’s write, with ids first',
    { op: 'call', model, method: 'write', args: [[1], { note: 'secret' }], kwargs: {} },
    ['write', 'write note'],
  ],
  [
    'the ORM’s create, with arguments by name',
    { op: 'call', model, method: 'create', args: [], kwargs: { vals_list: [{ note: 'x' }] } },
    ['write', 'write note'],
  ],
  ['a request that the gateway itself makes', { op: 'types', models: [model] }, []],
])('the uses are recorded: %s', (_name, operation, uses) => {
  expect(used(operation)).toEqual(uses.map((use) => `${model} ${use}`));
});

test('unexpected arguments of methods cause no error', () => {
  const hostile = {
    domain: 7,
    fields: [null, {}],
    order: [],
    vals: null,
    specification: { a: null, b: { fields: 7 } },
    groupby: 'a:b',
  };
  for (const method of ['search_read', 'write', 'web_read', 'constructor', 'read_group']) {
    expect(used({ op: 'call', model, method, args: [null, [[null]], 'x'], kwargs: hostile }).length).toBeGreaterThan(0);
  }
});
