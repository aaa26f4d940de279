// Writing through the executor: the ORM stores the values that the client sent, exactly once, and either all or none of them.

import { describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const { admin, demo } = gateway.keys;

type Row = Record<string, unknown>;
let keys = 0;
const newKey = () => `key-${process.pid}-${++keys}`;

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, key = admin) {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return gateway.request(method, path, { key, headers: { 'Content-Type': 'application/json', ...headers }, ...json });
}

async function partnersNamed(name: string): Promise<Row[]> {
  return gateway.orm<Row[]>('res.partner', 'search_read', { domain: [['name', '=', name]], fields: ['name'] }, admin);
}

describe('records', () => {
  test('are created with nested records, changed and deleted', async () => {
    const created = await send('POST', '/api/v1/res.partner?fields=name,country_id,child_ids.name', {
      name: 'Zoë & Co',
      country_id: { id: 20, name: 'Belgium' },
      child_ids: [{ name: 'First' }, { name: 'Second' }],
    });
    expect(created.status).toBe(201);
    const { id, child_ids: children } = created.json.data;
    expect(created.headers.get('location')).toBe(`${gateway.url}/api/v1/res.partner/${id}`);
    expect(created.json.data).toMatchObject({ name: 'Zoë & Co', country_id: { id: 20, name: 'Belgium' } });
    expect(children.map(({ name }: { name: string }) => name)).toEqual(['First', 'Second']);

    const changed = await send('PATCH', `/api/v1/res.partner/${id}?fields=child_ids.name`, {
      child_ids: [{ id: children[0].id, name: 'Renamed' }, { id: children[1].id, _remove: true }, { name: 'Third' }],
    });
    expect(changed.json.data.child_ids.map(({ name }: { name: string }) => name)).toEqual(['Renamed', 'Third']);

    const removed = await send('DELETE', `/api/v1/res.partner/${id}`);
    expect([removed.status, removed.json.data]).toEqual([200, { id }]);
    expect((await send('DELETE', `/api/v1/res.partner/${id}`)).status).toBe(404);
  });

  test('a list of records is created completely or not at all', async () => {
    const whole = await send('POST', '/api/v1/res.partner', [{ name: 'Bulk 1' }, { name: 'Bulk 2' }]);
    expect([whole.status, whole.json.data.length]).toEqual([201, 2]);
    const broken = await send('POST', '/api/v1/res.partner', [{ name: 'Bulk 3' }, { email: 'nameless' }]);
    expect(broken.status).toBe(422);
    expect(broken.json.error.details.field).toBe('name');
    expect(await partnersNamed('Bulk 3')).toEqual([]);
  });

  test.each([
    [{ country_id: 999_999 }, 422, 'odoo.validation', 'country_id'],
    [{ active: 'yes' }, 422, 'body.value', 'active'],
    [{ no_such_field: 1 }, 400, 'odoo.field', 'no_such_field'],
    [{ child_ids: [{ name: 'x', parent_id: 'me' }] }, 422, 'body.value', 'child_ids[0].parent_id'],
  ])('%j is refused, and the field is named', async (values, status, reason, field) => {
    const refused = await send('POST', '/api/v1/res.partner', { name: 'Refused', ...values });
    expect([refused.status, refused.json.error.reason]).toEqual([status, reason]);
    expect(refused.json.error.details.field).toBe(field);
  });

  test('simultaneous writes get separate answers, even if they are combined', {
    timeout: 120_000,
  }, async () => {
    const name = (n: number) => `Crowd ${n}`;
    const isWrong = (n: number) => n % 7 === 3;
    const key = (n: number) => (n % 3 === 0 ? gateway.keys.bench : admin);
    const sent = Array.from({ length: 60 }, (_, n) =>
      send(
        'POST',
        '/api/v1/res.partner?fields=name,city',
        isWrong(n) ? { city: 'Nowhere' } : { name: name(n), city: `C${n}` },
        {},
        key(n),
      ),
    );
    const answers = await Promise.all(sent);
    for (const [n, { status, json }] of answers.entries()) {
      const shown = isWrong(n) ? json.error.details.field : [json.data?.name, json.data?.city];
      expect([n, status, shown]).toEqual(isWrong(n) ? [n, 422, 'name'] : [n, 201, [name(n), `C${n}`]]);
    }
    const rows = await gateway.sql<{ id: number; name: string; by: string }>(
      `select p.id, p.name, u.login as by from res_partner p join res_users u on u.id = p.create_uid where p.name like 'Crowd %'`,
    );
    const logins = new Map<string, string>();
    for (const own of [admin, gateway.keys.bench]) {
      logins.set(own, (await gateway.get('/api/v1/ping', { key: own })).json.data.user.login);
    }
    const made = [...answers.entries()].filter(([n]) => !isWrong(n));
    expect(rows).toHaveLength(made.length);
    for (const [n, { json }] of made) {
      const row = rows.find(({ id }) => id === json.data.id);
      expect(row).toMatchObject({ name: name(n), by: logins.get(key(n)) });
    }
    const [together] = await gateway.sql<{ n: number }>(
      `select max(n)::integer as n from (select count(*) as n from res_partner where name like 'Crowd %' group by xmin) t`,
    );
    expect(together?.n).toBeGreaterThan(1);

    const changed = await Promise.all(
      made.map(([n, { json }]) =>
        send('PATCH', `/api/v1/res.partner/${json.data.id}?fields=city`, {
          city: `D${n}`,
          ...(n % 5 === 0 && { parent_id: json.data.id }), // no contact can be its own parent
        }),
      ),
    );
    for (const [i, [n]] of made.entries()) expect([n, changed[i]?.status]).toEqual([n, n % 5 === 0 ? 422 : 200]);
    const after = await gateway.orm<Row[]>('res.partner', 'search_read', {
      domain: [['name', '=like', 'Crowd %']],
      fields: ['city'],
    });
    for (const [n, { json }] of made) {
      const [row] = after.filter(({ id }) => id === json.data.id);
      expect(row?.['city']).toBe(n % 5 === 0 ? `C${n}` : `D${n}`);
    }
  });

  test('a record that the user may not write is refused', async () => {
    const refused = await send('POST', '/api/v1/product.template', { name: 'Not mine' }, {}, demo);
    expect([refused.status, refused.json.error.reason]).toEqual([403, 'odoo.access']);
  });
});

describe('methods', () => {
  test('are called on a record and on a model', async () => {
    const created = await send('POST', '/api/v1/res.partner', { name: 'Original' });
    const copied = await send('POST', `/api/v1/res.partner/${created.json.data.id}/copy`, { args: [{ name: 'Copied' }] });
    expect(copied.status).toBe(200);
    expect(await partnersNamed('Copied')).toHaveLength(1);
    const found = await send('POST', '/api/v1/res.partner/name_search', { kwargs: { name: 'Copied', limit: 1 } });
    expect(found.json.data[0][1]).toBe('Copied');
  });

  test.each(['_read', 'no_such_method', 'env'])('%s is not a method', async (method) => {
    const refused = await send('POST', `/api/v1/res.partner/${method}`, {});
    expect([refused.status, refused.json.error.reason]).toEqual([404, 'odoo.method']);
  });

  test('methods over /call return raw values, and errors as text', async () => {
    const parameters = { model: 'sale.order', method: 'search_read', args: [[]], kwargs: { limit: 1, fields: ['name', 'note'] } };
    const answer = await send('POST', '/call', parameters);
    expect(answer.json).toMatchObject({ success: true, data: [{ name: expect.any(String) }] });
    const refused = await send('POST', '/call', { model: 'ir.cron', method: 'search_read' });
    expect([refused.status, refused.json]).toEqual([403, { success: false, error: expect.stringContaining('ir.cron') }]);
  });
});

describe('a batch', () => {
  test('is one transaction whose operations refer to each other', async () => {
    const answer = await send('POST', '/api/v1/batch', [
      { id: 'azure', op: 'create', model: 'res.partner', values: { name: 'Batch Azure' } },
      {
        id: 'order',
        op: 'create',
        model: 'sale.order',
        values: { partner_id: { $ref: 'azure.id' }, order_line: [{ product_id: 1, product_uom_qty: 2 }] },
      },
      { op: 'call', model: 'sale.order', method: 'action_confirm', ids: [{ $ref: 'order.id' }] },
      { op: 'read', model: 'sale.order', ids: [{ $ref: 'order.id' }], fields: ['state', 'partner_id'] },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.json.data[3].data).toMatchObject([{ state: 'sale', partner_id: { name: 'Batch Azure' } }]);
  });

  test('a batch that fails writes nothing, and names the operation', async () => {
    const answer = await send('POST', '/api/v1/batch', [
      { op: 'create', model: 'res.partner', values: { name: 'Batch Gone' } },
      { id: 'second', op: 'update', model: 'res.partner', ids: [1], values: { country_id: 999_999 } },
    ]);
    expect(answer.status).toBe(422);
    expect(answer.json.error.details).toMatchObject({ operation: 1, operation_id: 'second', field: 'country_id' });
    expect(await partnersNamed('Batch Gone')).toEqual([]);
  });
});

describe('an Idempotency-Key', () => {
  test('makes a write happen once, even if the same request arrives eight times simultaneously', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send('POST', '/api/v1/res.partner', { name: 'Only once' }, headers)),
    );
    const created = answers.filter(({ status }) => status === 201);
    expect(created.length).toBeGreaterThan(0);
    expect(new Set(created.map(({ json }) => json.data.id)).size).toBe(1);
    for (const { status, json } of answers)
      if (status !== 201) expect([status, json.error.reason]).toEqual([409, 'idempotency.running']);
    expect(await partnersNamed('Only once')).toHaveLength(1);
    const again = await send('POST', '/api/v1/res.partner', { name: 'Only once' }, headers);
    expect([again.headers.get('idempotency-replayed'), again.json]).toEqual(['true', created[0]?.json]);
  });

  test('is refused if it was used with another body', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    await send('POST', '/api/v1/res.partner', { name: 'Body one' }, headers);
    const refused = await send('POST', '/api/v1/res.partner', { name: 'Body two' }, headers);
    expect([refused.status, refused.json.error.reason]).toEqual([422, 'idempotency.mismatch']);
  });

  test('does not give the stored answer to a token with fewer scopes', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const operations = [
      { op: 'create', model: 'res.partner', values: { name: 'Before' } },
      { op: 'search', model: 'res.users', fields: ['login'] },
    ];
    const wide = await send('POST', '/api/v1/batch', operations, headers);
    expect([wide.status, wide.text.includes('"login"')]).toEqual([200, true]);
    const exchanged = await gateway.post(
      '/auth/token/apikey',
      { scope: 'res.partner:read res.partner:write' },
      { headers: { 'X-API-Key': admin } },
    );
    const key = exchanged.json.access_token;
    const narrow = await send('POST', '/api/v1/batch', operations, headers, key);
    expect([narrow.status, narrow.json.error.reason]).toEqual([422, 'idempotency.mismatch']);
    const again = await send('POST', '/api/v1/batch', operations, headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  });

  test('can be used again after a write that failed', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    expect((await send('POST', '/api/v1/res.partner', { email: 'nameless' }, headers)).status).toBe(422);
    expect((await send('POST', '/api/v1/res.partner', { name: 'Named' }, headers)).status).toBe(201);
  });
});

describe('two clients that change one record', () => {
  test('succeed with all of 200 changes, and no change is lost', { timeout: 120_000 }, async () => {
    const created = await send('POST', '/api/v1/res.partner', { name: 'Contended' });
    const path = `/api/v1/res.partner/${created.json.data.id}`;
    const statuses = new Map<number, number>();
    async function client(field: string): Promise<void> {
      for (let i = 1; i <= 100; i++) {
        let answer = await send('PATCH', path, { [field]: `${field} ${i}` });
        while (answer.status === 409) answer = await send('PATCH', path, { [field]: `${field} ${i}` });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
    }
    await Promise.all([client('phone'), client('street')]);
    expect([...statuses]).toEqual([[200, 200]]);
    const after = await gateway.get(`${path}?fields=phone,street`, { key: admin });
    expect(after.json.data).toMatchObject({ phone: 'phone 100', street: 'street 100' });
  });
});

describe('lists', () => {
  test.each(['', 'order=email', 'order=email desc', 'order=create_date desc', 'order=color,city desc', 'order=is_company,id'])(
    'page by cursor through every record exactly once (%s)',
    async (order) => {
      const all = await gateway.get(`/api/v1/res.partner?fields=id&limit=1000&${order}`, { key: admin });
      const seen: number[] = [];
      let next: string | undefined = `/api/v1/res.partner?fields=id&limit=7&${order}`;
      while (next !== undefined) {
        const page = await gateway.get(next, { key: admin });
        seen.push(...page.json.data.map(({ id }: { id: number }) => id));
        next = /^<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
      }
      expect(seen).toEqual(all.json.data.map(({ id }: { id: number }) => id));
    },
  );

  test.each(['order=name', 'order[]=name desc&order[]=id', 'order=comment desc,name'])(
    'continue after values that are too long for a cursor (%s)',
    async (order) => {
      const long = `Long ${order} ${'"Zoë" '.repeat(1_000)}`;
      const vals = [1, 2, 3, 4].map((i) => ({ name: `${long}${i}`, comment: i === 1 ? false : `<p>${long}</p>` }));
      await send('POST', '/api/v1/res.partner', vals);
      const list = `/api/v1/res.partner?filter[name][starts]=${encodeURIComponent(`Long ${order} `)}&fields=id&${order}`;
      const all = await gateway.get(list, { key: admin });
      expect(all.json.data).toHaveLength(4);
      const seen: unknown[] = [];
      for (let next: string | undefined = `${list}&limit=1`; next !== undefined; ) {
        const page = await gateway.get(next, { key: admin });
        expect(page.status).toBe(200);
        seen.push(...page.json.data);
        next = /^<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
        expect(next ?? 'cursor=').toContain('cursor=');
      }
      expect(seen).toEqual(all.json.data);
    },
  );

  test('are filtered by fields, and counted', async () => {
    const expected = await gateway.orm<number>(
      'res.partner',
      'search_count',
      { domain: [['country_id.code', '=', 'US']] },
      admin,
    );
    expect(expected).toBeGreaterThan(0);
    const path = '/api/v1/res.partner?filter[country_id.code]=US&fields=name&limit=1&count=exact';
    expect((await gateway.get(path, { key: admin })).json.meta.total).toBe(expected);
    const estimated = await gateway.get('/api/v1/res.partner?count=estimated&limit=1&fields=id', { key: admin });
    expect(estimated.json.meta.total).toBeGreaterThan(0);
  });

  test('are filtered by exact text, and by values with commas', async () => {
    const names = ['Sum 50% off', 'Sum 500 off', 'Sum a_b', 'Sum axb', 'Sum c:\\d', 'Sum c:d', 'Sum, John', 'Sum "5"" pipe'];
    const made = await send(
      'POST',
      '/api/v1/res.partner?fields=create_date',
      names.map((name) => ({ name, ref: 'Sum' })),
    );
    const at: string = made.json.data[0].create_date;
    for (const [filter, found] of [
      ['filter[name][ilike]=sum 50%25', ['Sum 50% off']],
      ['filter[name][like]=_', ['Sum a_b']],
      ['filter[name][nilike]=\\', names.filter((name) => !name.includes('\\'))],
      ['filter[name][starts]=Sum a_', ['Sum a_b']],
      ['filter[name][pattern]=Sum a_b', ['Sum a_b', 'Sum axb']],
      ['filter[name][in]="Sum, John","Sum ""5"""" pipe"', ['Sum, John', 'Sum "5"" pipe']],
      ['filter[name][in]=Sum a_b&filter[name][in][]="Sum, John"', ['Sum a_b', 'Sum, John']],
      [`filter[create_date][gte]=${at.replace('Z', '+00:00')}&filter[name][like]=John`, ['Sum, John']],
      ['domain=[["name","like","a_b"]]', ['Sum a_b', 'Sum axb']],
    ] as const) {
      const { json } = await gateway.get(`/api/v1/res.partner?filter[ref]=Sum&fields=name&order=id&${filter}`, { key: admin });
      expect([filter, json.data?.map(({ name }: { name: string }) => name)]).toEqual([filter, found]);
    }
  });
});

test('the models and fields that a caller may use are listed', async () => {
  const models = await gateway.get('/api/v1', { key: demo });
  const names = models.json.data.map(({ model }: { model: string }) => model);
  expect(names).toContain('res.partner');
  expect(names).not.toContain('sale.order');
  expect(names).not.toContain('ir.cron');
  const schema = await gateway.get('/api/v1/res.partner/schema', { key: demo });
  expect(schema.json.data.fields.name).toMatchObject({ type: 'char', string: 'Name' });
});

test('a browser learns which headers it may send', async () => {
  const headers = { Origin: 'https://shop.example', 'Access-Control-Request-Headers': 'x-api-key, content-type' };
  const preflight = await gateway.request('OPTIONS', '/api/v1/res.partner', { headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, PATCH, DELETE, POST, HEAD, OPTIONS');
  expect(preflight.headers.get('access-control-allow-headers')).toBe('x-api-key, content-type');
});
