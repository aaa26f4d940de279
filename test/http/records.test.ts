// Reading any model: the values that Odoo's ORM returns for the key's user, in the format of a JSON API.

import { describe, expect, test } from 'vitest';
import { differenceOf, questions } from '../differential/aggregates.ts';
import { createOdooKey, createUser } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin, demo } = gateway.keys;
type Row = Record<string, unknown>;
type Types = Record<string, { type: string }>;

/** The conversion of values that the API promises, implemented a second time, as simply as possible. */
function converted(value: unknown, type: string): unknown {
  if (type === 'boolean') return value;
  if (value === false) return null;
  if (value === '' && ['char', 'text', 'html'].includes(type)) return null;
  if (type === 'datetime') return `${String(value).replace(' ', 'T')}Z`;
  if (type === 'many2one') {
    const [id, name] = value as [number, string | false];
    return { id, name: name === false ? null : name };
  }
  if (type === 'reference') {
    const [model, id] = String(value).split(',');
    return { model, id: Number(id) };
  }
  if (type === 'many2one_reference') return value === 0 ? null : value;
  return value;
}

async function ormRows(model: string, names: string[], parameters: Row, key: string): Promise<Row[]> {
  const types = await gateway.orm<Types>(model, 'fields_get', { attributes: ['type'] }, key);
  const rows = await gateway.orm<Row[]>(model, 'search_read', { fields: names, ...parameters }, key);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, converted(value, types[name]?.type ?? 'integer')])),
  );
}

describe('an answer equals that of the ORM for the user', () => {
  test.each([
    ['res.partner', 'admin'],
    ['res.partner', 'demo'],
    ['res.users', 'admin'],
    ['res.country', 'demo'],
    ['res.currency', 'demo'],
    ['sale.order', 'admin'],
    ['sale.order.line', 'admin'],
    ['product.template', 'admin'],
    ['project.task', 'admin'],
    ['ir.attachment', 'admin'],
    ['mail.message', 'demo'],
    ['ir.ui.menu', 'demo'],
  ] as const)('%s, for %s', async (model, who) => {
    const key = gateway.keys[who];
    const answer = await gateway.get(`/api/v1/${model}?order=id&limit=40`, { key });
    expect(answer.status).toBe(200);
    const rows: Row[] = answer.json.data;
    expect(rows.length).toBeGreaterThan(0);
    const names = Object.keys(rows[0] ?? {});
    expect(names.length).toBeGreaterThan(3);
    // Without a limit, because Odoo removes hidden messages from a page, which then gets shorter.
    expect(rows).toEqual((await ormRows(model, names, { domain: [], order: 'id' }, key)).slice(0, 40));
  });

  test('with domain, order, limit and offset', async () => {
    const domain = ['|', ['is_company', '=', true], ['parent_id.name', 'ilike', 'a']];
    const parameters = { domain: JSON.stringify(domain), fields: 'name,email,parent_id,category_id', order: 'name desc, id' };
    const answer = await gateway.get(`/api/v1/res.partner?${new URLSearchParams({ ...parameters, limit: '7', offset: '3' })}`, {
      key: admin,
    });
    expect(answer.json.meta).toMatchObject({ limit: 7, offset: 3 });
    expect(answer.json.data).toHaveLength(7);
    const orm = { domain, order: 'name desc, id', limit: 7, offset: 3 };
    expect(answer.json.data).toEqual(await ormRows('res.partner', ['name', 'email', 'parent_id', 'category_id'], orm, admin));
  });
});

describe('a search by a body', () => {
  const search = (body: unknown, key: string) => gateway.post('/api/v1/res.partner/search', body, { key });

  test('accepts a domain that is too long for a URL, and continues after its cursor', async () => {
    const ids = Array.from({ length: 5_000 }, (_, i) => i + 1);
    const body = { domain: [['id', 'in', ids]], fields: ['name'], order: 'id', limit: 2 };
    const first = await search(body, demo);
    expect(first.status).toBe(200);
    expect(first.headers.get('link')).toBeNull();
    const { order: _, ...rest } = body;
    const second = await search({ ...rest, cursor: first.json.meta.next }, demo);
    const orm = { domain: [['id', 'in', ids]], order: 'id', limit: 4 };
    expect([...first.json.data, ...second.json.data]).toEqual(await ormRows('res.partner', ['name'], orm, demo));
  });

  test.each(['include', 'only'])('archived records: %s', async (archived) => {
    const wanted = archived === 'only' ? [false] : [true, false];
    const orm = { domain: [['active', 'in', wanted]], order: 'id', limit: 100 };
    const rows = await ormRows('res.partner', ['active'], orm, admin);
    expect(rows.some(({ active }) => active === false)).toBe(true);
    const answer = await search({ archived, fields: 'active', order: 'id', limit: 100 }, admin);
    expect(answer.json.data).toEqual(rows);
    const listed = await gateway.get(`/api/v1/res.partner?archived=${archived}&fields=active&order=id&limit=100`, { key: admin });
    expect(listed.json.data).toEqual(rows);
  });
});

describe('aggregates', () => {
  test('equal those of formatted_read_group, for two users', async () => {
    const found = questions(18, 24).map((question, i) => differenceOf(gateway, question, i % 2 === 0 ? admin : demo));
    expect(await Promise.all(found)).toEqual(found.map(() => undefined));
  });

  test('are paged, and refuse invalid measures, groups and conditions', async () => {
    const path = '/api/v1/res.partner/aggregate?group=country_id&order=__count desc&limit=1';
    const first = await gateway.get(path, { key: demo });
    expect(first.headers.get('link')).toContain('offset=1');
    expect(first.json.data).toEqual([
      { country_id: { id: expect.any(Number), name: expect.any(String) }, __count: expect.any(Number) },
    ]);
    for (const [query, reason] of [
      ['measures=color:array_agg', 'odoo.arguments'],
      ['group=parent_id.password', 'odoo.field'],
      ['group=create_date:fortnight', 'odoo.arguments'],
      ['having=[["__count","ilike","a"]]', 'query.domain'],
      ['group=id&limit=0', 'query.limit'],
      ['grup=id', 'query.unknown'],
    ]) {
      const answer = await gateway.get(`/api/v1/res.partner/aggregate?${query}`, { key: admin });
      expect([query, answer.json.error.reason]).toEqual([query, reason]);
    }
  });
});

test('a list has 80 records by default', async () => {
  const answer = await gateway.get('/api/v1/res.country?fields=code', { key: demo });
  expect(answer.json.data).toHaveLength(80);
  expect(answer.json.meta).toMatchObject({ limit: 80, offset: 0 });
});

test('one record is read by its id', async () => {
  const [partner] = (await gateway.get('/api/v1/res.partner?limit=1&fields=name,country_id', { key: admin })).json.data;
  const answer = await gateway.get(`/api/v1/res.partner/${partner.id}?fields=name,country_id`, { key: admin });
  expect(answer.json).toEqual({ success: true, data: partner });
});

test('dots expand relations, to one and to many, and over several steps', async () => {
  const fields = 'name,partner_id.country_id.code,order_line.product_id.name,order_line.product_uom_qty';
  const answer = await gateway.get(`/api/v1/sale.order?fields=${fields}&order=id&limit=3`, { key: admin });
  expect(answer.status).toBe(200);
  for (const order of answer.json.data) {
    expect(Object.keys(order).sort()).toEqual(['id', 'name', 'order_line', 'partner_id']);
    const [line] = await ormRows('sale.order', ['partner_id'], { domain: [['id', '=', order.id]] }, admin);
    expect(line?.['partner_id']).toMatchObject({ id: order.partner_id.id });
    for (const item of order.order_line) {
      expect(item).toEqual({
        id: expect.any(Number),
        product_id: { id: expect.any(Number), name: expect.any(String) },
        product_uom_qty: expect.any(Number),
      });
    }
  }
});

describe('rights are those of Odoo', () => {
  test('a user without access gets 403 and a message with the groups that have it', async () => {
    const answer = await gateway.get('/api/v1/sale.order', { key: demo });
    expect(answer.status).toBe(403);
    expect(answer.json.error.reason).toBe('odoo.access');
    expect(answer.json.error.message).toMatch(/not allowed to access 'Sales Order'/);
    expect(answer.json.error.message).toContain('Sales/Administrator');
  });

  test('fields that the user may not read are left out and listed; a request that names them is refused', async () => {
    const [restricted] = await gateway.sql<{ name: string }>(
      `select f.name
       from ir_model_fields f
       join ir_model_fields_group_rel r on r.field_id = f.id
       where f.model = 'res.partner' and f.store and f.ttype in ('char', 'integer', 'boolean')
       and not exists (
         select from ir_model_fields_group_rel x
         join ir_model_data d on d.model = 'res.groups' and d.res_id = x.group_id
         where x.field_id = f.id and d.module = 'base' and d.name = 'group_user')
       limit 1`,
    );
    if (restricted === undefined) return;
    const all = await gateway.get('/api/v1/res.partner?limit=1', { key: demo });
    expect(all.json.meta.omitted).toContain(restricted.name);
    expect(all.json.data[0]).not.toHaveProperty(restricted.name);
    const named = await gateway.get(`/api/v1/res.partner?limit=1&fields=${restricted.name}`, { key: demo });
    expect(named.status).toBe(403);
  });

  test('a record rule hides the records of a second company, even if they are read one by one or as a relation', async () => {
    const [company] = await gateway.orm<number[]>('res.company', 'create', { vals_list: [{ name: 'Second Company' }] });
    const bob = await createUser(gateway, 'bob', [
      'base.group_user',
      'sales_team.group_sale_salesman_all_leads',
      'base.group_partner_manager',
    ]);
    const key = (await createOdooKey(gateway, { userId: bob })).secret;
    const vals = { name: 'Partner of the second company', company_id: company };
    await gateway.orm('res.users', 'write', { ids: [2], vals: { company_ids: [[4, company]] } });
    const context = { allowed_company_ids: [1, company] };
    const [hidden] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [vals], context });
    const [child] = await gateway.orm<number[]>('res.partner', 'create', {
      vals_list: [{ name: 'Their child', parent_id: hidden }],
      context,
    });
    await gateway.sql('update res_partner set company_id = null where id = $1', [child]);

    const domain = encodeURIComponent(JSON.stringify([['id', 'in', [hidden, child]]]));
    const list = await gateway.get(`/api/v1/res.partner?domain=${domain}&fields=name,parent_id.email`, { key });
    expect(list.json.data).toEqual([
      { id: child, name: 'Their child', parent_id: { id: hidden, name: 'Partner of the second company' } },
    ]);
    expect(await ormRows('res.partner', ['name'], { domain: [['id', 'in', [hidden, child]]] }, key)).toHaveLength(1);
    expect((await gateway.get(`/api/v1/res.partner/${hidden}`, { key })).status).toBe(404);
    // A user of both companies sees this partner.
    expect((await gateway.get(`/api/v1/res.partner/${hidden}`, { key: admin })).status).toBe(200);
  });
});

test('a failed request does not affect other requests that need the same metadata', async () => {
  const sidecar = await gateway.startSidecar(); // has no metadata cached yet
  const ask = (headers: Record<string, string>) =>
    sidecar.get('/api/v1/res.partner?filter[name][ilike]=a&fields=name&limit=1', { key: admin, headers });
  const [refused, ...others] = await Promise.all([ask({ 'X-Odoo-Company': '987654' }), ask({}), ask({}), ask({})]);
  expect(refused?.status).toBe(403);
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
});

describe('every answer', () => {
  test("carries the caller's request id, or a new one", async () => {
    const given = await gateway.get('/api/v1/ping', { key: admin, headers: { 'X-Request-Id': 'Order.4711_a-b' } });
    expect(given.headers.get('x-request-id')).toBe('Order.4711_a-b');
    for (const bad of ['a b', 'ü', 'x'.repeat(65), '<script>']) {
      const answer = await gateway.get('/api/v1/ping', { key: admin, headers: { 'X-Request-Id': encodeURI(bad) } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      expect(answer.headers.get('x-request-id')).not.toBe(bad);
    }
  });

  test('is not cached, and reveals nothing about the software behind it', async () => {
    const { headers } = await gateway.get('/api/v1/res.country?limit=1', { key: demo });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBeNull();
  });

  test('is compressed if it is long and the client accepts that', async () => {
    const url = `${gateway.url}/api/v1/res.country?fields=name,code`;
    const headers = { authorization: `Bearer ${demo}` };
    const long = await fetch(url, { headers: { ...headers, 'accept-encoding': 'gzip' } });
    expect(long.headers.get('content-encoding')).toBe('gzip');
    expect(long.headers.get('vary')).toBe('Accept-Encoding');
    expect(((await long.json()) as { data: unknown[] }).data).toHaveLength(80);
    const plain = await fetch(url, { headers: { ...headers, 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(Number(long.headers.get('content-length'))).toBeLessThan(Number(plain.headers.get('content-length')) / 2);
    const short = await fetch(`${gateway.url}/api/v1/ping`, { headers: { ...headers, 'accept-encoding': 'gzip' } });
    expect(short.headers.get('content-encoding')).toBeNull();
  });

  test('has the headers of GET and no body if the method is HEAD', async () => {
    const answer = await gateway.request('HEAD', '/api/v1/res.country?limit=1', { key: demo });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(10);
    expect(answer.text).toBe('');
  });
});

test('a field that is added in Odoo appears, with its type, without a restart', async () => {
  const read = () => gateway.get('/api/v1/res.country.group?limit=1', { key: admin });
  await read();
  const [model] = await gateway.sql<{ id: number }>("select id from ir_model where model = 'res.country.group'");
  const field = { name: 'x_seen_at', field_description: 'Seen', ttype: 'datetime', model_id: model?.id };
  await gateway.orm('ir.model.fields', 'create', { vals_list: [field] });
  await gateway.sql("update res_country_group set x_seen_at = '2026-11-22 10:00:00'");
  await until('the new field', async () => (await read()).json.data[0]?.x_seen_at === '2026-11-22T10:00:00Z');
});
