// AI agents at /mcp: the protocol, the tools, their limits, and writes that a person must confirm.

import { createHmac } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/stack/ports.mjs';
import { consentPage, decide } from '../helpers/consent.ts';
import { callTool, connectClient, OAuthClient, rpc } from '../helpers/mcp.ts';
import { authorizationConformance, balance, conformance, conformanceEnv, expectedFailures } from '../helpers/mcp_conformance.ts';
import { createOdooKey, createUser } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
/** The second sidecar, and a third, also have the tools, prompts and resources that the conformance suite calls. */
const second = await gateway.startSidecar({ env: conformanceEnv });
const admin = await OdooWeb.login(gateway);
const key = gateway.keys.admin;
let made = 0;

async function keyWith(values: Record<string, unknown>) {
  made += 1;
  return admin.create('gateway.key', { name: `agent ${made}`, ...values });
}

async function save(values: Record<string, unknown>): Promise<void> {
  const id = await admin.call<number[]>('res.config.settings', 'create', [[values]]);
  await admin.call('res.config.settings', 'execute', [id]);
}

const call = (name: string, args: Record<string, unknown> = {}, options: Partial<Parameters<typeof callTool>[3]> = {}) =>
  callTool(gateway, name, args, { key, ...options });
const partnersNamed = (name: string) => gateway.orm<number[]>('res.partner', 'search', { domain: [['name', '=', name]] });

test('agents can connect only after a manager has turned them on', async () => {
  const before = await rpc(gateway, 'tools/list', {}, { key });
  expect([before.status, before.json.error.data.reason]).toEqual([403, 'agent.off']);
  expect((await rpc(gateway, 'tools/list', {}, { key: 'wrong' })).status).toBe(401);
  await save({ gateway_agent_enabled: true });
  const isIn = async (sidecar: typeof gateway | typeof second) => (await rpc(sidecar, 'tools/list', {}, { key })).status === 200;
  await until('agents are on', async () => (await isIn(gateway)) && isIn(second), 2_000);
});

describe('the protocol', () => {
  test('discovery names the revisions of the protocol, and how long to cache the answer', async () => {
    const { json } = await rpc(gateway, 'server/discover', {}, { key });
    expect(json.result).toMatchObject({ supportedVersions: expect.arrayContaining(['2026-07-28']), capabilities: { tools: {} } });
    expect(json.result).toMatchObject({ cacheScope: 'private', ttlMs: expect.any(Number) });
  });

  test('a body that is not a message is refused as JSON-RPC prescribes', async () => {
    const post = (body: string, headers = {}) =>
      gateway.request('POST', '/mcp', { key, body, headers: { 'Content-Type': 'application/json', ...headers } });
    expect((await gateway.get('/mcp', { key })).status).toBe(405);
    expect((await gateway.request('DELETE', '/mcp', { key })).status).toBe(405);
    expect((await post('{')).json.error.code).toBe(-32_700);
    expect((await post('[]')).status).toBe(400);
    expect((await post('{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(JSON.stringify({ pad: 'x'.repeat(11 * 1024 * 1024) }))).status).toBe(413);
    const unknown = await rpc(gateway, 'nope/nope', {}, { key });
    expect([unknown.status, unknown.json.error.code]).toEqual([404, -32_601]);
    const listen = await rpc(gateway, 'subscriptions/listen', {}, { key });
    expect([listen.status, listen.json.error.code]).toEqual([404, -32_601]);
    const mismatch = await rpc(gateway, 'tools/list', {}, { key, headers: { 'Mcp-Method': 'tools/call' } });
    expect([mismatch.status, mismatch.json.error.code]).toEqual([400, -32_020]);
  });

  test('a web page may not call the endpoint, unless a manager has allowed it', async () => {
    const from = (Origin: string, more = {}) => rpc(gateway, 'tools/list', {}, { key, headers: { Origin, ...more } });
    expect((await from('https://evil.example')).json.error.data.reason).toBe('origin.not_allowed');
    expect((await from('http://localhost:6274')).status).toBe(200);
    const rebound = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' };
    expect((await from('https://evil.example', rebound)).status).toBe(403);
    expect((await from('null')).status).toBe(403);
  });

  test.each(['legacy', 'modern'] as const)('the official client can use the endpoint: %s', async (era) => {
    const client = await connectClient(gateway.url, key, era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('search_records');
    const use = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
    const found = await use('search_records', { model: 'res.partner', limit: 2 });
    expect(found.structuredContent).toMatchObject({ records: [{ id: expect.any(Number) }, { id: expect.any(Number) }] });
    const described = await use('describe_model', { model: 'sale.order' });
    expect(described.structuredContent).toMatchObject({ fields: { partner_id: expect.any(String) } });
    const groups = await use('aggregate', { model: 'res.partner', group_by: ['country_id'] });
    expect(groups.structuredContent).toMatchObject({
      groups: expect.arrayContaining([{ country_id: null, count: expect.any(Number) }]),
    });
    const created = { model: 'res.partner', values: { name: `Official ${era}` } };
    const shown = (await use('create_record', created)).structuredContent as { status: string; confirm: string };
    expect([shown.status, await partnersNamed(`Official ${era}`)]).toEqual(['confirmation_required', []]);
    const done = await use('create_record', { ...created, confirm: shown.confirm });
    expect(done.structuredContent).toMatchObject({ status: 'done' });
    expect(await partnersNamed(`Official ${era}`)).toHaveLength(1);
    expect((await use('search_records', { model: 'ir.cron' })).isError).toBe(true);
    expect((await use('update_records', { model: 'ir.cron', ids: [1], values: { active: false } })).isError).toBe(true);
    await client.close();
  });
});

describe('tools', () => {
  test('are listed in a fixed order, in less than 12 kB, and only if the credential may use them', async () => {
    const [first, again] = await Promise.all([0, 1].map(() => rpc(gateway, 'tools/list', {}, { key })));
    expect(first?.json.result.tools).toEqual(again?.json.result.tools);
    expect(first?.text.length).toBeLessThan(12_000);
    const { secret } = await keyWith({ scopes: 'res.partner:read' });
    const { json } = await rpc(gateway, 'tools/list', {}, { key: secret });
    const names = json.result.tools.map(({ name }: { name: string }) => name);
    expect(names).toContain('search_records');
    expect(names).not.toContain('create_record');
    const { data } = await call('create_record', { model: 'res.partner', values: {} }, { key: secret });
    expect(data).toMatchObject({ reason: 'scope.insufficient', details: { scope: 'res.partner:write' } });
    expect((await call('nope')).data.reason).toBe('agent.tool');
  });

  test('name the user, and the scopes of the credential', async () => {
    const { data } = await call('whoami');
    expect(data).toMatchObject({ user: { name: expect.any(String) }, may: { scopes: 'all', writes: 'ask' } });
    const { secret } = await keyWith({ scopes: 'res.partner:read' });
    expect((await call('whoami', {}, { key: secret })).data.may.scopes).toEqual(['res.partner:read']);
  });

  test('find models by words', async () => {
    expect((await call('find_models', { query: 'sales orders' })).data.models[0]).toMatchObject({ model: 'sale.order' });
    expect((await call('find_models', { query: 'contacts' })).data.models.map((m: { model: string }) => m.model)).toContain(
      'res.partner',
    );
  });

  test.each(['sale.order', 'account.move', 'res.partner'])('describe %s in less than 6 kB', async (model) => {
    const { data, bytes } = await call('describe_model', { model });
    expect(bytes).toBeLessThan(6_000);
    expect(data.fields.partner_id ?? data.fields.email).toEqual(expect.any(String));
    const narrowed = await call('describe_model', { model, query: 'salesperson' });
    expect(Object.keys(narrowed.data.fields).length).toBeGreaterThan(0);
  });

  test('give small answers: a partner in less than 2 kB, ten fields, nothing empty', async () => {
    const [id] = await gateway.orm<number[]>('res.partner', 'search', { domain: [['email', '!=', false]], limit: 1 });
    const { data, bytes } = await call('read_records', { model: 'res.partner', ids: [id] });
    expect(bytes).toBeLessThan(2_000);
    expect(Object.keys(data.records[0]).length).toBeLessThanOrEqual(11);
    expect(Object.values(data.records[0])).not.toContain(null);
    expect(data.records[0].email).toEqual(expect.any(String));
  });

  test('page through all records within the budget, each once', async () => {
    const values = Array.from({ length: 60 }, (_, i) => ({
      name: `Budget ${String(i).padStart(2, '0')}`,
      street: 'x'.repeat(250),
    }));
    await gateway.orm('res.partner', 'create', { vals_list: values });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const args = {
        model: 'res.partner',
        domain: [['name', '=like', 'Budget %']],
        fields: ['name', 'street'],
        limit: 100,
        cursor,
      };
      const { data, isError } = await call('search_records', args);
      expect(isError).toBe(false);
      expect(JSON.stringify(data.records).length).toBeLessThan(16_384);
      seen.push(...data.records.map((row: { name: string }) => row.name));
      cursor = data.next_cursor;
    } while (cursor !== undefined);
    expect(seen.length).toBe(60);
    expect(new Set(seen).size).toBe(60);
  });

  test('accept a language and a company, and count records', async () => {
    const { data } = await call('search_records', { model: 'res.partner', count: true, limit: 1, company: 1, language: 'en_US' });
    expect(data.total).toBeGreaterThan(5);
    expect((await call('search_records', { model: 'res.partner', company: 9_999 })).isError).toBe(true);
  });

  test('refuse 9 MB of arguments with a short answer', async () => {
    const long = 'x'.repeat(9 * 1024 * 1024);
    const model = 'res.partner';
    const sent: [string, Record<string, unknown>, string][] = [
      ['search_records', { model, query: long }, 'agent.arguments'],
      ['search_records', { model: long }, 'agent.arguments'],
      ['search_records', { model, domain: Array.from({ length: 501 }, () => ['id', '=', 1]) }, 'agent.arguments'],
      [long.slice(0, 2_000), {}, 'agent.tool'],
      ['search_records', { model, cursor: 'offset:99999999999' }, 'query.cursor'],
    ];
    for (const [name, args, reason] of sent) {
      const { data, bytes } = await call(name, args);
      expect([data.reason, bytes < 2_000]).toEqual([reason, true]);
    }
  });

  test('name the wrong argument and the remedy', async () => {
    const wrong = await call('search_records', { model: 'res.partner', limit: 'many' });
    expect(wrong.data).toMatchObject({ reason: 'agent.arguments', details: { argument: 'limit' } });
    const field = await call('search_records', { model: 'res.partner', fields: ['nope'] });
    expect(field.data).toMatchObject({ reason: 'odoo.field', what_to_do: expect.stringContaining('describe_model') });
  });
});

test('an agent that only follows the tools finds unpaid orders of Belgium by salesperson, in 6 calls and 20 kB', async () => {
  const [country] = await gateway.orm<number[]>('res.country', 'search', { domain: [['code', '=', 'BE']] });
  const [product] = await gateway.orm<number[]>('product.product', 'search', { domain: [['sale_ok', '=', true]], limit: 1 });
  const [partner] = await gateway.orm<number[]>('res.partner', 'create', {
    vals_list: [{ name: 'Brasserie', country_id: country }],
  });
  const line = [0, 0, { product_id: product, product_uom_qty: 2, price_unit: 50, tax_ids: [[6, 0, []]] }];
  const vals_list = [{ partner_id: partner, user_id: 2, order_line: [line] }];
  const [order = 0] = await gateway.orm<number[]>('sale.order', 'create', { vals_list });
  await gateway.orm('sale.order', 'action_confirm', { ids: [order] });
  const lines = await gateway.orm<number[]>('sale.order.line', 'search', { domain: [['order_id', '=', order]] });
  const invoiced = [
    0,
    0,
    { product_id: product, quantity: 2, price_unit: 50, tax_ids: [[6, 0, []]], sale_line_ids: [[6, 0, lines]] },
  ];
  const [invoice = 0] = await gateway.orm<number[]>('account.move', 'create', {
    vals_list: [{ move_type: 'out_invoice', partner_id: partner, invoice_line_ids: [invoiced] }],
  });
  await gateway.orm('account.move', 'action_post', { ids: [invoice] });

  let [calls, bytes] = [0, 0];
  const follow = async (name: string, args: Record<string, unknown>) => {
    const answer = await call(name, args);
    calls += 1;
    bytes += answer.bytes;
    expect(answer.data.error).toBeUndefined();
    return answer.data;
  };
  const fieldIn = (fields: Record<string, string>, pattern: RegExp) =>
    Object.entries(fields).find(([name, text]) => pattern.test(`${name} ${text}`))?.[0];
  const { model } = (await follow('find_models', { query: 'sales order' })).models[0];
  const { fields } = await follow('describe_model', { model });
  const customer = fieldIn(fields, /many2one res\.partner.*customer/i) ?? fieldIn(fields, /many2one res\.partner/);
  const salesperson = fieldIn(fields, /many2one res\.users.*salesperson/i) ?? fieldIn(fields, /many2one res\.users/);
  const invoices = fieldIn(fields, /many2many account\.move/);
  const total = fieldIn(fields, /monetary.*total/i);
  const paid = fieldIn(
    (await follow('describe_model', { model: 'account.move', query: 'payment' })).fields,
    /selection .*not_paid/,
  );
  const where = fieldIn(
    (await follow('describe_model', { model: 'res.partner', query: 'country' })).fields,
    /many2one res\.country\b/,
  );
  const { groups } = await follow('aggregate', {
    model,
    domain: [
      [`${customer}.${where}.code`, '=', 'BE'],
      [`${invoices}.${paid}`, 'in', ['not_paid', 'partial']],
    ],
    group_by: [salesperson],
    aggregates: [`${total}:sum`],
  });
  expect(groups).toContainEqual({
    user_id: { id: 2, name: expect.any(String) },
    'amount_total:sum': expect.any(Number),
    count: expect.any(Number),
  });
  expect(calls).toBeLessThanOrEqual(6);
  expect(bytes).toBeLessThan(20_000);
});

describe('resources as tools', () => {
  test("search, create, change and delete under the resource's own names, as its scopes allow", async () => {
    const { secret } = await keyWith({ scopes: 'customers_read customers_write customers_delete' });
    const by = { key: secret };
    const names = (await rpc(gateway, 'tools/list', {}, by)).json.result.tools.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['customers_search', 'customers_create', 'customers_update', 'customers_delete']),
    );
    expect(names.filter((name: string) => name.startsWith('orders_'))).toEqual([]);
    const write = async (name: string, args: Record<string, unknown>) => {
      const shown = await call(name, args, by);
      expect([shown.data.status, shown.data.reason]).toEqual(['confirmation_required', undefined]);
      return (await call(name, { ...args, confirm: shown.data.confirm }, by)).data;
    };
    const { record } = await write('customers_create', { values: { name: 'Resource Customer', email: 'a@example.com' } });
    await write('customers_update', { id: record.id, values: { phone: '+32 2 123' } });
    const { data } = await call('customers_search', { filters: { name: { in: ['Resource Customer', 'x'] } } }, by);
    expect(data.records).toMatchObject([{ id: record.id, email: 'a@example.com', phone: '+32 2 123' }]);
    expect(await write('customers_delete', { id: record.id })).toMatchObject({ status: 'done' });
    expect((await call('customers_create', { values: { name: '' } }, by)).data.reason).toBe('body.missing');
    expect((await call('orders_search', {}, by)).data.details.scope).toBe('orders_read');
    expect((await call('search_records', { model: 'res.partner' }, by)).isError).toBe(true);
  });
});

describe('the restrictions of a key apply to its agent', () => {
  test.each([
    ['search_records', { model: 'ir.cron' }, 'odoo.exposure'],
    ['describe_model', { model: 'gateway.key' }, 'odoo.exposure'],
    ['read_records', { model: 'res.users', ids: [2], fields: ['password'] }, 'odoo.exposure'],
    ['search_records', { model: 'res.partner', domain: [['user_ids.totp_secret', '!=', false]] }, 'odoo.exposure'],
    ['create_record', { model: 'ir.actions.server', values: { name: 'x' } }, 'odoo.exposure'],
    ['call_method', { model: 'res.partner', method: '_compute_display_name', ids: [1] }, 'odoo.method'],
    ['delete_records', { model: 'gateway.key', ids: [1] }, 'odoo.exposure'],
    ['update_records', { model: 'ir.cron', ids: [1], values: { active: false } }, 'odoo.exposure'],
    ['read_records', { model: 'ir.config_parameter', ids: [1] }, 'odoo.exposure'],
    ['aggregate', { model: 'gateway.key' }, 'odoo.exposure'],
    ['aggregate', { model: 'res.users', group_by: ['password'] }, 'odoo.exposure'],
    ['aggregate', { model: 'res.users', aggregates: ['totp_secret:count'] }, 'odoo.exposure'],
    ['aggregate', { model: 'res.users', domain: [['totp_secret', '!=', false]] }, 'odoo.exposure'],
    ['aggregate', { model: 'res.users', order: 'password' }, 'odoo.exposure'],
    ['search_records', { model: 'res.users', order: 'password' }, 'odoo.exposure'],
    ['search_records', { model: 'res.partner', fields: ['user_ids.totp_secret'] }, 'odoo.exposure'],
    ['update_records', { model: 'res.users', ids: [2], values: { totp_secret: 'x' } }, 'odoo.access'],
    ['create_record', { model: 'res.users', values: { name: 'x', login: 'x', totp_secret: 'x' } }, 'odoo.access'],
    ['call_method', { model: 'ir.cron', method: 'method_direct_trigger', ids: [1] }, 'odoo.exposure'],
    ['call_method', { model: 'res.users', method: 'search_read', kwargs: { fields: ['password'] } }, 'odoo.exposure'],
    ['call_method', { model: 'res.partner', method: 'with_user', args: [2] }, 'odoo.method'],
    ['call_method', { model: 'res.partner', method: 'sudo', ids: [1] }, 'odoo.method'],
  ])('%s %j is refused even to an administrator', async (name, args, reason) => {
    expect((await call(name, args)).data.reason).toBe(reason);
  });

  test('scopes apply to every tool', async () => {
    const { secret } = await keyWith({ scopes: 'res.country:read res.partner:write' });
    const refused: [string, Record<string, unknown>][] = [
      ['search_records', { model: 'res.partner' }],
      ['read_records', { model: 'res.partner', ids: [1] }],
      ['describe_model', { model: 'res.partner' }],
      ['search_records', { model: 'res.country', fields: ['currency_id.rate'] }],
      ['create_record', { model: 'res.country', values: { name: 'X' } }],
      ['update_records', { model: 'res.country', ids: [1], values: { name: 'X' } }],
      ['call_method', { model: 'res.partner', method: 'message_post', ids: [1] }],
      ['aggregate', { model: 'res.partner' }],
      ['aggregate', { model: 'res.country', group_by: ['currency_id.rounding'] }],
      ['aggregate', { model: 'res.country', domain: [['currency_id.rounding', '=', 0.01]] }],
      ['delete_records', { model: 'res.partner', ids: [1] }],
      ['products_search', {}],
      ['products_create', { values: { name: 'X' } }],
      ['products_update', { id: 1, values: { name: 'X' } }],
      ['products_delete', { id: 1 }],
    ];
    for (const [name, args] of refused) {
      const { data } = await call(name, args, { key: secret });
      expect([name, args, data.reason, data.what_to_do]).toEqual([name, args, 'scope.insufficient', expect.any(String)]);
    }
  });

  test('explain_access names the missing scope or right', async () => {
    const { secret } = await keyWith({ scopes: 'res.partner:read' });
    const partner = await call('explain_access', { model: 'res.partner', id: 1 }, { key: secret });
    expect(partner.data).toMatchObject({ id: 1, actions: { read: { allowed: true } }, agents_may_write: 'ask' });
    expect(partner.data.actions.write).toEqual({ allowed: false, why: [expect.stringContaining('res.partner:write')] });
    expect(partner.bytes).toBeLessThan(2_000);
    const rights = await call('explain_access', { model: 'res.company' }, { key: gateway.keys.demo });
    expect(rights.data.actions.delete).toEqual({ allowed: false, why: [expect.stringMatching(/no access right/)] });
    expect((await call('explain_access', { model: 'ir.cron' })).data.reason).toBe('odoo.exposure');
  });

  test('a token that lacks a scope gets the challenge with which OAuth clients ask for more', async () => {
    const client = await admin.create('gateway.client', { name: 'stepping up', user_id: 2 });
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret };
    const token = async (scope: string) =>
      (await gateway.post('/api/oauth/token', { ...form, scope })).json.access_token as string;
    const read = { name: 'search_records', arguments: { model: 'res.partner', limit: 1 } };
    const refused = await rpc(gateway, 'tools/call', read, { key: await token('res.country:read') });
    expect(refused.status).toBe(403);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_scope"');
    const [, scope = ''] = /scope="([^"]+)"/.exec(challenge) ?? [];
    expect((await rpc(gateway, 'tools/call', read, { key: await token(scope) })).status).toBe(200);
  });

  test('each call is a request in the log, with its tool, model and outcome', async () => {
    await call('search_records', { model: 'ir.cron' });
    await save({ gateway_log_level: 'metadata' });
    await until('the log has the model and the size', async () => {
      await call('describe_model', { model: 'res.partner' });
      const [row] = await gateway.sql(
        "select model, bytes_out from gateway.request_log where route = '/mcp describe_model' and status = 200",
      );
      return row?.['model'] === 'res.partner' && Number(row['bytes_out']) > 500;
    });
    await until('the log has the call', async () => {
      const [row] = await gateway.sql(
        "select route, status, reason from gateway.request_log where route = '/mcp search_records' and reason = 'odoo.exposure'",
      );
      return row?.['status'] === 403;
    });
    const span = [Date.now() - 3_600_000, Date.now() + 60_000];
    const { tools } = await admin.call<{ tools: { value: string; errors: number }[] }>('gateway.stat', 'dashboard', span);
    expect(tools.find(({ value }) => value === 'search_records')?.errors).toBeGreaterThan(0);
  });
});

describe('writes', () => {
  const create = (name: string, more = {}) => ({ model: 'res.partner', values: { name }, ...more });

  test('are shown first; the confirmation executes them once, on any sidecar', async () => {
    const shown = await call('create_record', create('Shown First'));
    expect(shown.data).toMatchObject({
      status: 'confirmation_required',
      changes: [{ create: { model: 'res.partner', name: 'Shown First' }, values: { name: 'Shown First' } }],
    });
    expect(await partnersNamed('Shown First')).toEqual([]);
    const confirm = shown.data.confirm;
    const done = await callTool(second, 'create_record', create('Shown First', { confirm }), { key });
    expect(done.data).toMatchObject({ status: 'done', created: [{ id: expect.any(Number) }] });
    const again = await call('create_record', create('Shown First', { confirm }));
    expect(again.data.created).toEqual(done.data.created);
    expect(await partnersNamed('Shown First')).toHaveLength(1);
  });

  test('show the old and new values of updates, the names of deleted records, and the effects of methods', async () => {
    const [id = 0] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'To Change' }] });
    const update = await call('update_records', { model: 'res.partner', ids: [id], values: { name: 'Changed' } });
    expect(update.data.changes[0]).toMatchObject({ update: { id }, from: { name: 'To Change' }, to: { name: 'Changed' } });
    const gone = await call('delete_records', { model: 'res.partner', ids: [id] });
    expect(gone.data.changes).toEqual([{ delete: { model: 'res.partner', id, name: 'To Change' } }]);
    const archive = await call('call_method', { model: 'res.partner', method: 'action_archive', ids: [id] });
    expect(archive.data.changes[0]).toMatchObject({ from: { active: true }, to: { active: false } });
    const read = await call('call_method', { model: 'res.partner', method: 'name_search', args: ['To Change'] });
    expect(read.data).toMatchObject({ status: 'done', result: [[id, 'To Change']] });
  });

  test('say how many changes are not shown, and show fields that would be emptied', async () => {
    const vals_list = Array.from({ length: 25 }, (_, i) => ({ name: `Unseen ${i}`, phone: '1' }));
    const ids = await gateway.orm<number[]>('res.partner', 'create', { vals_list });
    const gone = (await call('delete_records', { model: 'res.partner', ids })).data;
    expect([gone.changes.length, gone.not_shown]).toEqual([20, ['The changes of 5 more records are not shown.']]);
    const { secret } = await keyWith({ scopes: 'res.partner:write' });
    const [id] = ids;
    const blind = (await call('update_records', { model: 'res.partner', ids: [id], values: { phone: '2' } }, { key: secret }))
      .data;
    expect([blind.changes, blind.not_shown]).toEqual([[], ['The changes of 1 more record are not shown.']]);
    const emptied = (await call('update_records', { model: 'res.partner', ids: [id], values: { phone: null } })).data;
    expect(emptied.changes[0]).toMatchObject({ from: { phone: '1' }, to: { phone: null } });
    const note = 'x'.repeat(100_000);
    await gateway.orm('res.partner', 'write', { ids: [id], vals: { comment: note } });
    const long = await call('update_records', { model: 'res.partner', ids: [id], values: { comment: 'short' } });
    expect(long.data.changes[0].to.comment).toContain('short');
    expect(long.bytes).toBeLessThan(40_000);
  });

  test('refuse a confirmation that was altered, or that belongs to other arguments or another caller', async () => {
    const { confirm } = (await call('create_record', create('Forged'))).data;
    const swapped = confirm.endsWith('A') ? `${confirm.slice(0, -1)}B` : `${confirm.slice(0, -1)}A`;
    const [nonce, , signature] = confirm.split('.');
    const later = `${nonce}.${(Date.now() + 3_600_000).toString(36)}.${signature}`;
    const attempts: [Record<string, unknown>, string][] = [
      [create('Forged', { confirm: swapped.replace(/^./, 'x') }), key],
      [create('Forged', { confirm: later }), key],
      [create('Forged', { confirm: 'nonsense' }), key],
      [create('Forged Otherwise', { confirm }), key],
      [create('Forged', { company: 1, confirm }), key],
      [create('Forged', { confirm }), gateway.keys.demo],
    ];
    for (const [args, by] of attempts) {
      expect((await call('create_record', args, { key: by })).data.reason).toBe('agent.confirmation');
    }
    expect((await call('update_records', { ...create('Forged'), ids: [1], confirm })).data.reason).toBe('agent.confirmation');
    expect(await partnersNamed('Forged')).toEqual([]);
  });

  test('happen once if two sidecars get the same confirmation simultaneously', async () => {
    const { confirm } = (await call('create_record', create('At The Same Time'))).data;
    const sidecars = [gateway, second, gateway, second, gateway, second];
    const answers = await Promise.all(
      sidecars.map((one) => callTool(one, 'create_record', create('At The Same Time', { confirm }), { key })),
    );
    const made = await partnersNamed('At The Same Time');
    expect(made).toHaveLength(1);
    for (const { data } of answers) {
      if (data.status === 'done') expect(data.created[0].id).toBe(made[0]);
      else expect(data.reason).toBe('idempotency.running');
    }
  });

  test('refuse a confirmation after the user lost the right, or after the resource was redefined', async () => {
    const values = { name: 'Resource Changed', phone: '+32 1' };
    const { confirm } = (await call('customers_create', { values })).data;
    const [line] = await admin.call<number[]>('gateway.resource.line', 'search', [
      [
        ['resource_id.name', '=', 'customers'],
        ['name', '=', 'phone'],
      ],
    ]);
    const meaning = (field_name: string) => admin.call('gateway.resource.line', 'write', [[line], { field_name }]);
    await gateway.orm('res.partner', 'create', { vals_list: [{ name: 'By Reference', ref: 'R 1', customer_rank: 1 }] });
    await meaning('ref');
    await until('the other field is live', async () => {
      const { data } = await call('customers_search', { filters: { phone: 'R 1' } });
      return data.records?.length === 1;
    });
    expect((await call('customers_create', { values, confirm })).data.reason).toBe('agent.confirmation');
    await meaning('phone');
    expect(await partnersNamed('Resource Changed')).toEqual([]);

    const userId = await createUser(gateway, 'agent_of', ['base.group_user', 'base.group_partner_manager']);
    const by = { key: (await createOdooKey(gateway, { userId })).secret };
    const shown = (await call('create_record', create('Right Lost'), by)).data;
    expect(shown.status).toBe('confirmation_required');
    const [group] = await gateway.sql(
      "select res_id from ir_model_data where name = 'group_partner_manager' and module = 'base'",
    );
    await gateway.orm('res.users', 'write', { ids: [userId], vals: { group_ids: [[3, group?.['res_id']]] } });
    const refused = (await call('create_record', create('Right Lost', { confirm: shown.confirm }), by)).data;
    expect([refused.reason, await partnersNamed('Right Lost')]).toEqual(['odoo.access', []]);
  });

  test('refuse a confirmation after the scopes changed', async () => {
    const made = await keyWith({ scopes: 'res.partner:read res.partner:write' });
    const shown = await call('create_record', create('Rights Changed'), { key: made.secret });
    await admin.call('gateway.key', 'write', [[made.id], { scopes: 'res.partner:write' }]);
    await until(
      'the change is live',
      async () => (await gateway.get('/api/v1/res.partner/3', { key: made.secret })).status === 403,
    );
    const { confirm } = shown.data;
    const { data } = await call('create_record', create('Rights Changed', { confirm }), { key: made.secret });
    expect(data.reason).toBe('agent.confirmation');
    expect(await partnersNamed('Rights Changed')).toEqual([]);
  });

  test('are confirmed in a dialog if the client has one', async () => {
    const client = await connectClient(gateway.url, key, 'modern', { elicitation: { form: {} } });
    const questions: string[] = [];
    let agrees = false;
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      questions.push(params.message);
      return agrees ? { action: 'accept', content: { confirm: true } } : { action: 'decline' };
    });
    const ask = () => client.callTool({ name: 'create_record', arguments: create('By Dialog') });
    expect((await ask()).structuredContent).toEqual({ status: 'declined' });
    expect(await partnersNamed('By Dialog')).toEqual([]);
    agrees = true;
    expect((await ask()).structuredContent).toMatchObject({ status: 'done' });
    expect(await partnersNamed('By Dialog')).toHaveLength(1);
    expect(questions[0]).toContain('By Dialog');
    await client.close();
  });

  test('follow the profile, which may allow them without confirmation, forbid them, or shut agents out', async () => {
    const [id] = await admin.call<number[]>('gateway.profile', 'create', [[{ name: 'Agents', agent_writes: 'allowed' }]]);
    const { secret } = await keyWith({ profile_id: id });
    expect((await call('create_record', create('At Once'), { key: secret })).data.status).toBe('done');
    const set = (values: Record<string, unknown>) => admin.call('gateway.profile', 'write', [[id], values]);
    await set({ agent_writes: 'never' });
    await until('the setting "never" is in effect', async () => {
      const { data } = await call('create_record', create('At Once'), { key: secret });
      return data.reason === 'agent.writes';
    });
    expect(
      (await call('call_method', { model: 'res.partner', method: 'action_archive', ids: [1] }, { key: secret })).data.reason,
    ).toBe('agent.writes');
    await set({ agent_access: 'off' });
    await until(
      'the setting "off" is in effect',
      async () => (await rpc(gateway, 'tools/list', {}, { key: secret })).status === 403,
    );
  });
});

/** Registers an app. `consents` allows what a URL asks for, or less, and returns the URL to which the browser is redirected. */
async function newApp(redirectUri: string) {
  await gateway.sql("update ir_config_parameter set value = $1 where key = 'web.base.url'", [gateway.odoo.url]);
  const ids = await admin.call<number[]>('gateway.app', 'create', [[{ name: 'Agent', redirect_uris: redirectUri }]]);
  const [app] = await admin.call<{ client_id: string }[]>('gateway.app', 'read', [ids, ['client_id']]);
  const consents = async (asked: URL | string, scope?: string[]) => {
    const sent = await fetch(asked, { redirect: 'manual' });
    const decided = await decide(admin, consentPage(sent, gateway.odoo.url), scope === undefined ? {} : { scope });
    return new URL(decided.headers.get('location') ?? '');
  };
  return { id: app?.client_id ?? '', consents };
}

/** The same token, correctly signed, but already expired. */
async function expired(token: string): Promise<string> {
  const [head, body] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  const [secret] = await gateway.sql<{ value: Buffer }>('select value from gateway.secret where kid = $1', [head.kid]);
  const encoded = [head, { ...body, exp: body.iat - 60 }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const mac = createHmac('sha256', secret?.value ?? '').update(encoded.join('.'));
  return `${encoded.join('.')}.${mac.digest('base64url')}`;
}

test.each(['legacy', 'modern'] as const)(
  'the official client (%s) gets a token, renews it, and asks for more scopes when a tool needs them, on any sidecar',
  async (era) => {
    const balancer = await balance([gateway.url, second.url]);
    const callback = 'http://127.0.0.1/callback';
    const { id, consents } = await newApp(callback);
    const allowed = [['read']];
    const client = new OAuthClient({ url: balancer.url, clientId: id, redirectUrl: callback, era }, (asked) =>
      consents(asked, allowed.shift()),
    );
    const search = () => client.call('search_records', { model: 'res.partner', limit: 1 });
    expect((await search()).structuredContent).toMatchObject({ records: [{ id: expect.any(Number) }] });
    expect(client.asked).toHaveLength(1);
    expect(client.tokens?.scope).toBe('read');

    const before = client.tokens?.access_token ?? '';
    if (client.tokens) client.tokens.access_token = await expired(before);
    expect((await search()).isError).not.toBe(true);
    expect(client.asked).toHaveLength(1);
    expect(client.tokens?.access_token).not.toBe(before);

    const written = await client.call('create_record', { model: 'res.partner', values: { name: 'Stepped Up' } });
    expect(written.structuredContent).toMatchObject({ status: 'confirmation_required' });
    expect(client.asked).toHaveLength(2);
    expect(client.tokens?.scope?.split(' ')).toEqual(expect.arrayContaining(['read', 'res.partner:write']));
    await balancer.close();
  },
);

describe("the protocol's own conformance suite, with two sidecars behind one address", async () => {
  const [third, fourth] = [
    await gateway.startSidecar({ env: conformanceEnv }),
    await gateway.startSidecar({ env: conformanceEnv }),
  ];
  const balancer = await balance([third.url, fourth.url], key);
  afterAll(() => balancer.close());

  test.each(Object.keys(expectedFailures))(
    'passes everything that %s requires, except scenarios that need a session',
    async (revision) => {
      const { passed, unexpected, report } = await conformance(balancer.url, revision);
      expect(unexpected, report).toEqual([]);
      expect(passed, report).toBeGreaterThan(50);
    },
  );

  test('passes its scenarios for authorization servers', async () => {
    await save({ gateway_oauth_apps: 'documents' });
    const { id, consents } = await newApp('http://127.0.0.1/callback');
    const faults = await authorizationConformance(balancer.url, id, await freePort(), consents);
    expect(faults).toEqual([]);
  });
});
