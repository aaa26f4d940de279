// Requests beyond the restrictions of a key are refused at the route if the path shows the model, otherwise by Odoo.

import { describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
/** A sidecar behind a trusted proxy, so X-Forwarded-For sets the address of a client. */
const second = await gateway.startSidecar({ env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } });
const admin = await OdooWeb.login(gateway);
let made = 0;
async function keyWith(values: Record<string, unknown>) {
  made += 1;
  return admin.create('gateway.key', { name: `narrowed ${made}`, ...values });
}
const partners = '/api/v1/res.partner';
const domain = (...terms: unknown[]) => `domain=${encodeURIComponent(JSON.stringify(terms))}`;

test('a key with all rights is narrowed to what it has used: all of that passes, and everything else is refused', async () => {
  const { id, secret: key } = await keyWith({});
  const [partner] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Used' }] });
  const one = `${partners}/${partner}`;
  const used: [method: string, path: string, body?: unknown][] = [
    ['GET', `${partners}?limit=1&fields=name,country_id.code&filter[user_id][ilike]=a&order=company_id`],
    ['GET', '/api/v1/res.country/aggregate?group=currency_id'],
    ['PATCH', one, { comment: 'x', child_ids: [{ name: 'Child', category_id: [{ name: 'Tag' }] }] }],
    ['POST', '/call', { model: 'res.partner', method: 'search_read', args: [[['industry_id.name', '=', 'x']], ['name']] }],
    ['POST', `${one}/message_post`, { kwargs: { body: 'x' } }],
    ['POST', '/api/v1/batch', { operations: [{ op: 'create', model: 'res.partner.category', values: { name: 'Batch' } }] }],
    ['GET', `${one}/access`],
    ['POST', `${one}/attachments?name=a.txt`, 'x'],
  ];
  const others: typeof used = [
    ['DELETE', one],
    ['GET', '/api/v1/res.bank?limit=1'],
    ['POST', '/api/v1/res.country', { name: 'x' }],
    ['POST', '/call', { model: 'res.bank', method: 'search_read', args: [[]] }],
    ['GET', `${partners}?limit=1&fields=category_id.color`],
  ];
  const statusOf = async ([method, path, body]: (typeof used)[number], address = '198.51.100.7') => {
    const type = typeof body === 'string' ? 'text/plain' : 'application/json';
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const headers = { 'Content-Type': type, 'X-Forwarded-For': address };
    const { status } = await second.request(method, path, { key, headers, ...sent });
    return `${method} ${path} ${status < 400 ? 'passes' : status}`;
  };
  const passes = used.map(([method, path]) => `${method} ${path} passes`);
  for (const request of used) expect(passes).toContain(await statusOf(request));
  const consumer = `gateway_key:${id}`;
  const rows = async (query: string) => (await gateway.sql(`select from gateway.${query} and consumer = $1`, [consumer])).length;
  const isCounted = async () => (await rows("used where model = 'ir.attachment'")) * (await rows('used_address where true')) > 0;
  await until('uses are counted', isCounted);

  const [shrink] = await gateway.orm<number[]>('gateway.shrink', 'create', {
    vals_list: [{ kind: 'gateway_key', credential_id: id, with_addresses: true }],
  });
  await gateway.orm('gateway.shrink', 'action_narrow', { ids: [shrink] });
  const query = 'select scopes, ip_list from gateway_key where id = $1';
  const [row] = await gateway.sql<{ scopes: string; ip_list: string }>(query, [id]);
  expect(row?.ip_list).toBe('198.51.100.7');
  expect(row?.scopes.split(' ').sort()).toEqual([
    'ir.attachment:write',
    'res.company:read',
    'res.country:read',
    'res.currency:read',
    'res.partner.category:write',
    'res.partner.industry:read',
    'res.partner:call',
    'res.partner:read',
    'res.partner:write',
    'res.users:read',
  ]);
  const narrowed = ['GET', '/api/v1/res.bank?limit=1'] as [string, string];
  await until('it is narrowed', async () => (await statusOf(narrowed)).endsWith(' 403'));
  const replayed: string[] = [];
  for (const request of used) replayed.push(await statusOf(request));
  expect(replayed).toEqual(passes);
  for (const request of others) expect(await statusOf(request)).toMatch(/ 403$/);
  for (const request of used) expect(await statusOf(request, '198.51.100.8')).toMatch(/ 403$/);
});

describe('a key for res.partner:read', async () => {
  const { secret: key } = await keyWith({ scopes: 'res.partner:read' });
  test.each([
    ['its model', `${partners}?limit=1`, undefined],
    ["another model's id and name", `${partners}?limit=1&fields=country_id`, undefined],
    ['another model', '/api/v1/res.country?limit=1', 'scope.insufficient'],
    ["another model's field by expansion", `${partners}?limit=1&fields=country_id.code`, 'scope.insufficient'],
    ["another model's field in a domain", `${partners}?limit=1&${domain(['country_id.code', '=', 'BE'])}`, 'scope.insufficient'],
    [
      "another model's field under any",
      `${partners}?limit=1&${domain(['country_id', 'any', [['code', '=', 'BE']]])}`,
      'scope.insufficient',
    ],
    [
      "another model's e-mail address through a search by name",
      `${partners}?limit=1&filter[user_id][ilike]=@example.com`,
      'scope.insufficient',
    ],
    [
      "another model's code through a search by name",
      `${partners}?limit=1&${domain(['country_id', '=', 'BE'])}`,
      'scope.insufficient',
    ],
    ["a sort by another model's order", `${partners}?limit=1&order=company_id`, 'scope.insufficient'],
    ["another model's name", `${partners}?limit=1&filter[industry_id][ilike]=agri&order=industry_id`, undefined],
    ['a model that is never exposed', '/api/v1/ir.cron?limit=1', 'odoo.exposure'],
    ['the keys of the gateway', '/api/v1/gateway.key?limit=1', 'odoo.exposure'],
  ])('reads only partners, and the names of related records: %s', async (_what, path, reason) => {
    const answer = await gateway.get(path, { key });
    expect([answer.status, answer.json.error?.reason]).toEqual([reason === undefined ? 200 : 403, reason]);
  });

  test('cannot write, delete or call methods that change something', async () => {
    const [id] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Left alone' }] });
    const attempts: [string, string, unknown][] = [
      ['POST', partners, { name: 'New' }],
      ['PATCH', `${partners}/${id}`, { name: 'Changed' }],
      ['DELETE', `${partners}/${id}`, undefined],
      ['POST', `${partners}/${id}/action_archive`, {}],
      ['POST', '/call', { model: 'res.partner', method: 'write', args: [[id], { name: 'Changed' }] }],
      ['POST', '/call', { model: 'res.partner', method: 'unlink', args: [[id]] }],
      ['POST', '/call', { model: 'res.partner', method: 'action_archive', args: [[id]] }],
      ['POST', '/call', { model: 'res.country', method: 'search_read', args: [[]] }],
      ['POST', '/call', { model: 'res.partner', method: 'export_data', args: [[id], ['country_id/code']] }],
      ['POST', '/call', { model: 'res.partner', method: 'web_read', args: [[id], { country_id: { fields: { code: {} } } }] }],
      ['POST', '/call', { model: 'res.partner', method: 'formatted_read_group', args: [[], ['country_id.code']] }],
    ];
    for (const [method, path, body] of attempts) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await gateway.request(method, path, {
        key,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const found = [method, path, JSON.stringify(body), answer.status];
      expect(found).toEqual([method, path, JSON.stringify(body), 403]);
      expect(answer.headers.get('www-authenticate')).toContain('insufficient_scope');
    }
    const [left] = await gateway.sql<{ name: string; active: boolean }>('select name, active from res_partner where id = $1', [
      id,
    ]);
    expect(left).toEqual({ name: 'Left alone', active: true });
  });

  test('can call methods that only read', async () => {
    const answer = await gateway.post('/call', { model: 'res.partner', method: 'search_count', args: [[]] }, { key });
    expect(answer.status).toBe(200);
  });
});

describe('a batch with a key that is only for partners', async () => {
  const { secret: key } = await keyWith({ scopes: 'res.partner:read res.partner:write' });
  const model = 'res.partner';
  const first = { id: 'first', op: 'create', model, values: { name: 'Of a batch' }, fields: ['name'] };
  const id = { $ref: 'first.id' };
  test.each([
    ['reading another model', { op: 'read', model: 'res.country', ids: [id] }],
    ["another model's field", { op: 'read', model, ids: [id], fields: ['country_id.code'] }],
    [
      'a condition on another model',
      {
        op: 'search',
        model,
        domain: [
          ['id', '=', 1],
          ['country_id.code', '=', 'BE'],
        ],
      },
    ],
    ['deleting', { op: 'delete', model, ids: [id] }],
    ['a method', { op: 'call', model, method: 'message_subscribe', ids: [id] }],
    ['a nested value', { op: 'update', model, ids: [id], values: { category_id: [{ name: 'New' }] } }],
    [
      'a property that changes the definition',
      {
        op: 'update',
        model,
        ids: [id],
        values: { properties: [{ name: 'p', type: 'char', string: 'P', value: 'x', definition_changed: true }] },
      },
    ],
    ['a model that is never exposed', { op: 'search', model: 'ir.cron', domain: [['name', '=', { $ref: 'first.name' }]] }],
  ])('%s is refused, and nothing has happened', async (_what, second) => {
    const answer = await gateway.post('/api/v1/batch', [first, second], { key });
    expect([answer.status, answer.json.error.details?.operation ?? 1]).toEqual([403, 1]);
    expect(await gateway.sql("select from res_partner where name = 'Of a batch'")).toEqual([]);
  });
});

describe('narrowing', () => {
  test('nested values need the write scope of the other model', async () => {
    const { secret: key } = await keyWith({ scopes: 'res.partner:read res.partner:write' });
    const nested = { name: 'With a category', category_id: [[0, 0, { name: 'New category' }]] };
    expect((await gateway.post(partners, nested, { key })).status).toBe(403);
    const wider = await keyWith({ scopes: 'res.partner:write res.partner.category:write' });
    expect((await gateway.post(partners, nested, { key: wider.secret })).status).toBe(201);
  });

  test.each([
    ['the route', ['/api/v1/res.country', {}], 'res.country:write'],
    ['nested values', [partners, { name: 'N', category_id: [[0, 0, { name: 'C' }]] }], 'res.partner.category:write'],
    ['a method', [`${partners}/export_data`, { args: [[], ['country_id/code']] }], 'res.country:read'],
    [
      'a batch',
      ['/api/v1/batch', [{ op: 'search', model: 'res.partner', domain: [['country_id.code', '=', 'BE']] }]],
      'res.country:read',
    ],
    ['rights', ['/api/v1/res.users', { name: 'N', login: 'narrowed', group_ids: [] }], 'res.groups:write'],
  ] satisfies [string, [string, unknown], string][])(
    'a refusal by %s names the scope that is needed',
    async (_who, [path, body], scope) => {
      const { secret: key } = await keyWith({ scopes: 'res.partner:read res.partner:write res.users:write' });
      const answer = await gateway.post(path, body, { key });
      const { reason, details } = answer.json.error;
      expect([answer.status, reason, details.scope]).toEqual([403, 'scope.insufficient', scope]);
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer realm="odoo", error="insufficient_scope", scope="${scope}", resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/api/v1"`,
      );
    },
  );

  test('a restriction by a profile takes effect on both sidecars within a second, for keys of Odoo, too', async () => {
    const profile = await admin.call<number>('gateway.profile', 'create', [{ name: 'Countries', model_names: 'res.country' }]);
    const [user] = await gateway.sql<{ id: number }>("select id from res_users where login = 'demo_api'");
    const statuses = async (path: string) => {
      const answers = await Promise.all([
        gateway.get(path, { key: gateway.keys.demo }),
        second.get(path, { key: gateway.keys.demo }),
      ]);
      return answers.map((answer) => answer.status);
    };
    const both = (status: number) => async () => (await statuses(`${partners}?limit=1`)).every((found) => found === status);
    await until('both accept it', both(200));
    await admin.call('gateway.profile', 'write', [[profile], { user_ids: [[4, user?.id]] }]);
    expect(await until('both restrict it', both(403))).toBeLessThan(1_000);
    expect(await statuses('/api/v1/res.country?limit=1')).toEqual([200, 200]);
    await admin.call('gateway.profile', 'write', [[profile], { model_names: 'res.country\nres.partner' }]);
    expect(await until('both let it in again', both(200))).toBeLessThan(1_000);
    await admin.call('gateway.profile', 'write', [[profile], { scopes: 'write' }]);
    expect(await until('both ask for the scope', both(403))).toBeLessThan(1_000);
    await admin.call('gateway.profile', 'write', [[profile], { user_ids: [[3, user?.id]] }]);
    expect(await until('both let it in without the profile', both(200))).toBeLessThan(1_000);
  });

  test('a restriction reaches both sidecars even while their listening connections are cut', async () => {
    const direct = new URL(gateway.sidecarDatabaseUrl);
    const proxy = await startTcpProxy(Number(direct.port));
    const listen = Object.assign(new URL(direct), { port: String(proxy.port) });
    const deaf = { env: { GATEWAY_LISTEN_URL: listen.href } };
    const sidecars = [await gateway.startSidecar(deaf), await gateway.startSidecar(deaf)];
    const { secret: key, id } = await keyWith({});
    const all = (status: number) => async () => {
      const answers = await Promise.all(sidecars.map((sidecar) => sidecar.get(`${partners}?limit=1`, { key })));
      return answers.every((answer) => answer.status === status);
    };
    await until('both let it in', all(200));
    await proxy.cut();
    await admin.call('gateway.key', 'write', [[id], { scopes: 'res.country:read' }]);
    expect(await until('both refuse', all(403))).toBeLessThan(1_000);
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
  });

  test('the last use and the number of uses are shown in Odoo without a write to the rows of keys', async () => {
    const { secret: key, id } = await keyWith({});
    const written = async () =>
      (await gateway.sql<{ at: Date }>('select write_date as at from gateway_key where id = $1', [id]))[0]?.at;
    const before = await written();
    for (let i = 0; i < 3; i += 1) await gateway.get('/api/v1/ping', { key });
    await until('the uses are there', async () => {
      const [row] = await admin.call<{ use_count: number; last_address: string }[]>('gateway.key', 'read', [
        [id],
        ['use_count', 'last_address'],
      ]);
      return row?.use_count === 3 && row.last_address === '127.0.0.1';
    });
    expect(await written()).toEqual(before);
  });
});

describe('a narrowed key of an administrator', async () => {
  const models = ['payment.provider', 'account.fiscal.position', 'res.company', 'ir.module.module'];
  const scopes = models.flatMap((model) => ['read', 'write', 'call'].map((action) => `${model}:${action}`)).join(' ');
  const { secret: key } = await keyWith({ scopes });
  const idOf = async (model: string, domain: unknown[]) =>
    (await gateway.orm<number[]>(model, 'search', { domain, limit: 1 }))[0];
  const germany = await idOf('res.country', [['code', '=', 'DE']]);
  const [position] = await gateway.orm<number[]>('account.fiscal.position', 'create', {
    vals_list: [{ name: 'Abroad', country_id: germany }],
  });

  // Run against a live Odoo, because modules cannot be installed in Odoo's own tests.
  test.each<[string, string, object?]>([
    [
      'a provider',
      `payment.provider/${await idOf('payment.provider', [['module_state', '=', 'uninstalled']])}/button_immediate_install`,
    ],
    ['taxes of a country', `account.fiscal.position/${position}/action_create_foreign_taxes`],
    ['a company of a country', 'res.company', { name: 'Abroad', country_id: germany }],
    ['a module', `ir.module.module/${await idOf('ir.module.module', [['name', '=', 'l10n_de']])}/button_immediate_install`],
  ])('cannot install a module through %s', async (_way, path, body = {}) => {
    const answer = await gateway.post(`/api/v1/${path}`, body, { key });
    expect([answer.status, answer.json.error?.reason], answer.text).toEqual([403, 'odoo.exposure']);
    expect(
      await gateway.sql(
        "select name from ir_module_module where state like 'to %' or name = 'l10n_de' and state <> 'uninstalled'",
      ),
    ).toEqual([]);
    expect(await gateway.orm('res.company', 'search', { domain: [['name', '=', 'Abroad']] })).toEqual([]);
  });
});

describe('hostile headers', () => {
  const { host } = new URL(gateway.url);
  test.each([
    ['a key of a megabyte', { 'X-API-Key': 'a'.repeat(1_000_000) }, [431]],
    ['a key with extra characters at the end', { 'X-API-Key': `${gateway.keys.admin} x` }, [401]],
    ['two keys in one header', { 'X-API-Key': `${gateway.keys.admin}, ${gateway.keys.demo}` }, [401]],
    ['an empty key beside a valid one', { 'X-API-Key': '', Authorization: `Bearer ${gateway.keys.admin}` }, [401]],
    ['a key in upper case', { 'X-API-Key': gateway.keys.admin.toUpperCase() }, [401]],
    ['Bearer without anything', { Authorization: 'Bearer' }, [401]],
    ['another scheme', { Authorization: `Digest ${gateway.keys.admin}` }, [401]],
    ['Basic with another login', { Authorization: `Basic ${btoa(`admin:${gateway.keys.demo}`)}` }, [401]],
    ['a database that is not served', { 'X-API-Key': gateway.keys.admin, 'X-Odoo-Database': 'postgres' }, [404]],
    [
      'an identity of the internal channel',
      { 'X-API-Key': gateway.keys.demo, 'X-Odoo-Uid': '1', 'X-Gateway-Signature': 'v1=00' },
      [200],
    ],
  ])('%s is refused, or has no effect on the user', async (_what, headers, statuses) => {
    const answer = await fetch(`http://${host}/api/v1/ping`, { headers: headers as Record<string, string> });
    expect(statuses).toContain(answer.status);
    const body = (await answer.json().catch(() => ({}))) as { data?: { user: { login: string } } };
    if (answer.status === 200) expect(body.data?.user.login).toBe('demo_api');
  });
});
