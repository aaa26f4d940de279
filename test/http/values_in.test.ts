// All ways to send a value: on every route, a restricted key cannot create an administrator, and lines cannot be changed through
// another record.

import { describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const admin = await OdooWeb.login(gateway);
const partners = '/api/v1/res.partner';
const model = 'res.partner';

function send(method: string, path: string, body: unknown, key = gateway.keys.admin) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return gateway.request(method, path, { key, headers: { 'Content-Type': 'application/json' }, ...json });
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
  ])('%s cannot create an administrator', async (_what, method, path, body) => {
    const answer = await send(method, path, body, key);
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('res.users')]);
    expect(await gateway.sql("select from res_users where login = 'sneaky'")).toEqual([]);
  });

  test('can send defaults in a context for fields that it may write', async () => {
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
  ])('cannot be changed or taken through another order: %s', async (_what, method, target, body) => {
    const answer = await send(method, target, body);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(`sale.order.line ${line}`)]);
    expect(await quantity()).toEqual([{ order_id: theirs.id, quantity: 2 }]);
  });

  test('can be changed through their own order', async () => {
    const answer = await send('PATCH', `/api/v1/sale.order/${theirs.id}`, { order_line: [{ id: line, product_uom_qty: 3 }] });
    expect(answer.status).toBe(200);
    expect(await quantity()).toEqual([{ order_id: theirs.id, quantity: 3 }]);
  });
});

describe('a number that cannot be stored exactly', async () => {
  const [id] = await gateway.orm<number[]>(model, 'create', { vals_list: [{ name: 'Of numbers' }] });
  const raw = (method: string, path: string, body: string) =>
    gateway.request(method, path, { key: gateway.keys.admin, headers: { 'Content-Type': 'application/json' }, body });
  const at = `${partners}/${id}`;
  const call = (args: string, kwargs = '{}', method = 'write') =>
    `{"model":"${model}","method":"${method}","args":${args},"kwargs":${kwargs}}`;
  const batch = (operation: string) => `[{"op":"search","model":"${model}","limit":1},${operation}]`;
  const cases: [string, string, string, string, string][] = ['1e400', '-1E+999', '9007199254740993', '1e-400'].flatMap((n) => {
    const latitude = `{"partner_latitude":${n}}`;
    return [
      ['PATCH', 'PATCH', at, latitude, 'partner_latitude'],
      ['PUT', 'PUT', at, latitude, 'partner_latitude'],
      ['POST', 'POST', partners, `{"name":"x","partner_latitude":${n}}`, 'partner_latitude'],
      ['a list', 'POST', partners, `[{"name":"x"},${latitude}]`, '[1].partner_latitude'],
      ['a line', 'PATCH', at, `{"child_ids":[{"name":"x","partner_latitude":${n}}]}`, 'child_ids[0].partner_latitude'],
      ['a command', 'PATCH', at, `{"child_ids":[[0,0,${latitude}]]}`, 'child_ids[0][2].partner_latitude'],
      ['properties', 'PATCH', at, `{"properties":{"weight":${n}}}`, 'properties.weight'],
      ['a resource', 'POST', '/api/v1/orders', `{"partner_id":3,"order_lines":[{"qty":${n}}]}`, 'order_lines[0].qty'],
      [
        'a batch',
        'POST',
        '/api/v1/batch',
        batch(`{"op":"update","model":"${model}","ids":[${id}],"values":${latitude}}`),
        '[1].values.partner_latitude',
      ],
      [
        'a domain',
        'POST',
        '/api/v1/batch',
        batch(`{"op":"search","model":"${model}","domain":[["color","=",${n}]]}`),
        '[1].domain[0][2]',
      ],
      ['/call', 'POST', '/call', call(`[[${id}],${latitude}]`), 'args[1].partner_latitude'],
      [
        'a context',
        'POST',
        '/call',
        call('["x"]', `{"context":{"default_partner_latitude":${n}}}`, 'name_create'),
        'kwargs.context.default_partner_latitude',
      ],
      ["a record's method", 'POST', `${at}/write`, `{"args":[${latitude}]}`, 'args[0].partner_latitude'],
      ["a model's method", 'POST', `${partners}/search_count`, `{"args":[[["color","=",${n}]]]}`, 'args[0][0][2]'],
    ].map((item) => [`${item[0]} with ${n}`, ...item.slice(1)] as [string, string, string, string, string]);
  });
  test.each(cases)('is refused in %s, with its path', async (_what, method, path, body, place) => {
    const answer = await raw(method, path, body);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(place)]);
  });

  test.each([
    ['PATCH', at, '{"partner_latitude":"NaN"}', 'partner_latitude'],
    ['PATCH', at, '{"color":2147483648}', 'color'],
    ['PATCH', at, '{"child_ids":[{"name":"x","color":-2147483649}]}', 'child_ids[0].color'],
    ['POST', '/call', call(`[[${id}],{"partner_latitude":"Infinity"}]`), 'partner_latitude'],
    ['POST', `${at}/write`, '{"args":[{"partner_latitude":"-inf","name":"x"}]}', 'partner_latitude'],
    ['POST', '/call', call(`[[${id}],{"color":4294967296}]`), 'color'],
  ])('%s %s %s is refused, and the field is named', async (method, path, body, field) => {
    const answer = await raw(method, path, body);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining(field)]);
  });

  test.each(['filter[partner_latitude]=1e400', 'filter[partner_latitude][gt]=9007199254740993', 'domain=[["color","=",1e400]]'])(
    'is refused in the query ?%s',
    async (query) => {
      const answer = await send('GET', `${partners}?${query}`, undefined);
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/partner_latitude|domain\[0\]\[2\]/)]);
    },
  );

  test('reads as null if it is already stored, and the page is complete', async () => {
    expect((await raw('PATCH', at, '{"partner_longitude":12.5,"color":-2147483648}')).status).toBe(200);
    await gateway.sql("update res_partner set partner_latitude = 'NaN' where id = $1", [id]);
    const page = await send('GET', `${partners}?fields=partner_latitude,partner_longitude&limit=1000&order=id`, undefined);
    expect(page.status).toBe(200);
    expect(page.json.data).toContainEqual({ id, partner_latitude: null, partner_longitude: 12.5 });
    const grouped = { args: [[['id', '=', id]], ['name'], ['partner_latitude:sum']] };
    expect((await send('POST', `${partners}/formatted_read_group`, grouped)).json.data[0]['partner_latitude:sum']).toBeNull();
    await gateway.sql('update res_partner set partner_latitude = 0 where id = $1', [id]);
  });
});

describe('a record sent back unchanged', () => {
  test('changes the writable fields, and lists the others', async () => {
    const lines = [{ product_id: 1, product_uom_qty: 2 }];
    const made = await send('POST', '/api/v1/sale.order', { partner_id: 3, order_line: lines });
    const path = `/api/v1/sale.order/${made.json.data.id}`;
    const paths = 'name,state,amount_total,display_name,create_date,write_uid,partner_id,tax_totals,order_line.product_uom_qty';
    const { data } = (await send('GET', `${path}?fields=${paths},order_line.price_subtotal,order_line.display_name`, undefined))
      .json;
    expect(data.tax_totals).toMatchObject({ total_amount: data.amount_total });
    const sent = await send('PATCH', `${path}?fields=note`, { ...data, note: '', client_order_ref: 'mine' });
    const ignored = ['id', 'state', 'amount_total', 'display_name', 'create_date', 'write_uid', 'order_line[0].price_subtotal'];
    expect([sent.status, sent.json]).toMatchObject([
      200,
      { data: { note: null }, meta: { ignored: expect.arrayContaining(ignored) } },
    ]);
    const operation = { op: 'update', model: 'sale.order', ids: [data.id], values: { amount_total: data.amount_total } };
    expect((await send('POST', '/api/v1/batch', [operation])).json.data[0].meta).toEqual({ ignored: ['amount_total'] });
    for (const changed of [
      { amount_total: 1 },
      { state: 'sale' },
      { order_line: [{ ...data.order_line[0], price_subtotal: 1 }] },
    ]) {
      const refused = await send('PATCH', path, { ...data, ...changed });
      expect([refused.status, refused.json.error.message]).toEqual([
        422,
        expect.stringContaining(Object.keys(changed)[0] as string),
      ]);
    }
  });

  test.each(['res.partner', 'res.users', 'product.template', 'sale.order', 'project.project', 'account.journal'])(
    'is accepted as it is: %s',
    async (name) => {
      const [first] = (await send('GET', `/api/v1/${name}?limit=1&fields=id`, undefined)).json.data;
      const path = `/api/v1/${name}/${first.id}`;
      const { data } = (await send('GET', path, undefined)).json;
      const answer = await send('PATCH', path, data);
      expect([answer.status, answer.json.error]).toEqual([200, undefined]);
      expect(answer.json.meta.ignored).toEqual(expect.arrayContaining(['id', 'create_uid', 'write_date']));
    },
  );

  test('contains files in base64, which are written back without a change', async () => {
    const bytes = Buffer.from([0, 255, 137]).toString('base64');
    const made = await send('POST', '/api/v1/ir.attachment?fields=raw,datas', { name: 'f', raw: bytes });
    expect([made.status, made.json.data]).toMatchObject([201, { raw: bytes, datas: bytes }]);
    const again = await send('PATCH', `/api/v1/ir.attachment/${made.json.data.id}?fields=raw`, { raw: made.json.data.raw });
    expect(again.json.data.raw).toBe(bytes);
    const refused = await send('POST', '/call', {
      model: 'ir.attachment',
      method: 'create',
      args: [{ name: 'f', raw: 'no base64!' }],
    });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('raw')]);
  });
});
