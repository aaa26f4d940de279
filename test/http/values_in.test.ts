// Every way a value can come in: whatever route brings it, a narrowed key makes no administrator, and nobody's lines are
// changed through another's record.

import { describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const admin = await OdooWeb.login(gateway);
const partners = '/api/v1/res.partner';
const model = 'res.partner';

function send(method: string, path: string, body: unknown, key = gateway.keys.admin) {
  return gateway.request(method, path, { key, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

describe('a key for res.partner:read and res.partner:write', async () => {
  const { secret: key } = await admin.create('gateway.key', {
    name: 'partners',
    scopes: 'res.partner:read res.partner:write',
  });
  const [rights] = await gateway.sql<{ res_id: number }>(
    "select res_id from ir_model_data where module = 'base' and name = 'group_system'",
  );
  const [partner] = await gateway.orm<number[]>(model, 'create', { vals_list: [{ name: 'Of nobody' }] });
  const [user] = await gateway.sql<{ id: number }>("select id from res_users where login = 'admin'");
  const sneaky = [[0, 0, { name: 'Sneaky', login: 'sneaky', group_ids: [[6, 0, [rights?.res_id]]] }]];
  const context = { default_user_ids: sneaky };
  const values = { name: 'P', user_ids: sneaky };
  test.each<[string, string, string, unknown]>([
    ['a new record', 'POST', partners, values],
    ['a change', 'PATCH', `${partners}/${partner}`, values],
    ['a line', 'POST', partners, { name: 'P', child_ids: [values] }],
    ['/call create', 'POST', '/call', { model, method: 'create', args: [{ name: 'P' }], kwargs: { context } }],
    ['/call name_create', 'POST', '/call', { model, method: 'name_create', args: ['P'], kwargs: { context } }],
    ['/call web_save', 'POST', '/call', { model, method: 'web_save', args: [[], { name: 'P' }, {}], kwargs: { context } }],
    ['/call load', 'POST', '/call', { model, method: 'load', args: [['name'], [['P']]], kwargs: { context } }],
    ['/call copy', 'POST', '/call', { model, method: 'copy', args: [[partner], { name: 'P' }], kwargs: { context } }],
    ['a column of a file', 'POST', '/call', { model, method: 'load', args: [['name', 'user_ids/login'], [['P', 'sneaky']]] }],
    [
      'a column of ids',
      'POST',
      '/call',
      { model, method: 'load', args: [['.id', 'user_ids/.id'], [[`${partner}`, `${user?.id}`]]] },
    ],
    ["a model's method", 'POST', `${partners}/name_create`, { args: ['P'], kwargs: { context } }],
    ["a record's method", 'POST', `${partners}/${partner}/copy`, { kwargs: { context } }],
    ['a batch', 'POST', '/api/v1/batch', [{ op: 'call', model, method: 'name_create', args: ['P'], kwargs: { context } }]],
  ])('%s makes no administrator', async (_what, method, path, body) => {
    const answer = await send(method, path, body, key);
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('res.users')]);
    expect(await gateway.sql("select from res_users where login = 'sneaky'")).toEqual([]);
  });

  test('takes the defaults of a context that it may write', async () => {
    const kwargs = { context: { default_color: 7 } };
    const answer = await send('POST', `${partners}/name_create`, { args: ['Coloured'], kwargs }, key);
    expect(answer.status).toBe(200);
    expect(await gateway.sql("select color from res_partner where name = 'Coloured'")).toEqual([{ color: 7 }]);
  });
});

describe('the lines of an order', async () => {
  const order = async () => {
    const body = { partner_id: 3, order_line: [{ product_id: 1, product_uom_qty: 2 }] };
    const { json } = await send('POST', '/api/v1/sale.order?fields=order_line.product_uom_qty', body);
    return { id: json.data.id as number, line: json.data.order_line[0].id as number };
  };
  const [mine, theirs] = [await order(), await order()];
  const path = `/api/v1/sale.order/${mine.id}`;
  const { line } = theirs;
  const quantity = async () =>
    gateway.sql('select order_id, product_uom_qty::float as quantity from sale_order_line where id = $1', [line]);
  test.each<[string, string, string, unknown]>([
    ['changed', 'PATCH', path, { order_line: [{ id: line, product_uom_qty: 99 }] }],
    ['changed by PUT', 'PUT', path, { order_line: [{ id: line, product_uom_qty: 99 }] }],
    ['removed', 'PATCH', path, { order_line: [{ id: line, _remove: true }] }],
    ['taken', 'PATCH', path, { order_line: [line] }],
    ['taken by set', 'PATCH', path, { order_line: { set: [{ id: line, product_uom_qty: 99 }] } }],
    ['taken by a command', 'PATCH', path, { order_line: [[4, line]] }],
    ['taken by a new order', 'POST', '/api/v1/sale.order', { partner_id: 3, order_line: [{ id: line, product_uom_qty: 99 }] }],
    ['changed by a resource', 'PATCH', `/api/v1/orders/${mine.id}`, { order_lines: [{ id: line, qty: 99 }] }],
    [
      'changed in a batch',
      'POST',
      '/api/v1/batch',
      [{ op: 'update', model: 'sale.order', ids: [mine.id], values: { order_line: [{ id: line, product_uom_qty: 99 }] } }],
    ],
    [
      'changed by /call',
      'POST',
      '/call',
      {
        model: 'sale.order',
        method: 'write',
        args: [[mine.id], { order_line: [[1, line, { product_uom_qty: 99 }]] }],
      },
    ],
    ['changed by a method', 'POST', `${path}/write`, { args: [{ order_line: [[1, line, { product_uom_qty: 99 }]] }] }],
  ])('are not %s through another order', async (_what, method, target, body) => {
    const answer = await send(method, target, body);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(`sale.order.line ${line}`)]);
    expect(await quantity()).toEqual([{ order_id: theirs.id, quantity: 2 }]);
  });

  test('are changed through their own', async () => {
    const answer = await send('PATCH', `/api/v1/sale.order/${theirs.id}`, { order_line: [{ id: line, product_uom_qty: 3 }] });
    expect(answer.status).toBe(200);
    expect(await quantity()).toEqual([{ order_id: theirs.id, quantity: 3 }]);
  });
});
