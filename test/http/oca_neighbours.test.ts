// Addons of the OCA beside ours, unchanged, in one database of a real Odoo: auth_api_key, whose routes both addons open, and
// rpc_helper, which closes models and methods to remote calls.

import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { startOdooServer } from '../../scripts/stack/odoo.mjs';
import { addonsDir } from '../../scripts/stack/paths.mjs';
import { ocaAddons } from '../../scripts/test/oca_addons.mjs';
import { HttpClient } from '../helpers/http_client.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

const failuresBeforeCooldown = 5;

const gateway = await useInstance();
await gateway.sql("update ir_config_parameter set value = $1 where key = 'base.login_cooldown_after'", [
  String(failuresBeforeCooldown),
]);
const { parts } = inject('real');
const addons = [...parts.odoo.addonsPaths, addonsDir, join(import.meta.dirname, '../addons'), await ocaAddons()];
const start = (...more: string[]) =>
  startOdooServer(parts, {
    name: `odoo-oca-${process.pid}`,
    databases: [gateway.database],
    workers: 0,
    extraArgs: ['--max-cron-threads=0', '--addons-path', addons.join(','), ...more],
  });
let server = await start('--init', 'api_gateway_example,auth_api_key,api_gateway_closed_example');
afterAll(() => server.stop());
const sidecar = await gateway.startSidecar({ env: { GATEWAY_ODOO_URL: server.url } });
const logIn = () => OdooWeb.login({ database: gateway.database, odoo: server });
const admin = await logIn();

// What test/addons/api_gateway_closed_example closes: create and unlink of res.partner.category, search of
// res.partner.industry.
describe('methods and models that rpc_helper closes to remote calls are closed to the gateway', () => {
  const key = gateway.keys.admin;
  const call = (model: string, method: string, args: unknown[] = [], kwargs: object = {}) =>
    sidecar.post('/call', { model, method, args, kwargs }, { key });
  const refused = (answer: { status: number; json: { error?: { reason?: string; message?: string } | string } }) => {
    const { error } = answer.json;
    const message = typeof error === 'string' ? error : error?.message;
    expect([answer.status, message]).toEqual([403, expect.stringMatching(/closed (\S+ ){1,9}to remote calls/)]);
  };
  const count = async (table: string) => (await gateway.sql<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n;

  test('a closed method is refused on every path that leads to it', async () => {
    const before = await count('res_partner_category');
    const [category] = await gateway.sql<{ id: number }>('select id from res_partner_category limit 1');
    const id = category?.id ?? 0;
    const values = { name: 'New' };
    const categories = '/api/v1/res.partner.category';
    refused(await sidecar.post(categories, values, { key }));
    refused(await sidecar.post(categories, [values, { name: 'Another' }], { key }));
    refused(await sidecar.request('DELETE', `${categories}/${id}`, { key }));
    refused(await call('res.partner.category', 'create', [values]));
    refused(await call('res.partner.category', 'unlink', [[id]]));
    refused(await call('res.partner.category', 'name_create', ['New']));
    refused(await call('res.partner.category', 'copy', [[id]]));
    refused(await call('res.partner.category', 'load', [['name'], [['New']]]));
    refused(await call('res.partner.category', 'web_save', [[], values], { specification: {} }));
    refused(await sidecar.post('/api/v1/res.partner', { name: 'With one', category_id: [[0, 0, values]] }, { key }));
    refused(await sidecar.post('/api/v1/res.partner', { name: 'Without one', category_id: [[2, id]] }, { key }));
    refused(await sidecar.post('/api/v1/batch', [{ op: 'create', model: 'res.partner.category', values }], { key }));
    refused(await sidecar.post(`${categories}/${id}/unlink`, {}, { key }));
    refused(await sidecar.post(`${categories}/${id}/copy`, {}, { key }));
    expect(await count('res_partner_category')).toBe(before);
    expect((await sidecar.get(`${categories}/${id}`, { key })).status).toBe(200);
    expect((await sidecar.request('PATCH', `${categories}/${id}`, patch(key, { color: 3 }))).status).toBe(200);

    refused(await sidecar.get('/api/v1/res.partner.industry', { key }));
    refused(await call('res.partner.industry', 'search_read', [[]]));
    refused(await call('res.partner.industry', 'name_search', ['A']));
    expect((await sidecar.get('/api/v1/res.partner.industry/1', { key })).status).toBe(200);
  });

  test('a closed model is refused, itself and through relations; relations still show the names of its records', async () => {
    const states = '/api/v1/res.country.state';
    const partners = '/api/v1/res.partner?limit=1&order=id';
    expect((await sidecar.get(`${states}?limit=1`, { key })).status).toBe(200);
    const [model] = await admin.call<number[]>('ir.model', 'search', [[['model', '=', 'res.country.state']]]);
    await admin.call('ir.model', 'write', [[model], { rpc_config_edit: '{"disable": ["all"]}' }]);
    refused(await sidecar.get(`${states}?limit=1`, { key }));
    refused(await sidecar.get(`${states}/1`, { key }));
    refused(await sidecar.get(`${states}/schema`, { key }));
    refused(await sidecar.request('PATCH', `${states}/1`, patch(key, { name: 'x' })));
    refused(await call('res.country.state', 'search_count', [[]]));
    refused(await call('res.country.state', 'fields_get'));
    refused(await sidecar.get(`${partners}&fields=state_id.code`, { key }));
    refused(await sidecar.get(`${partners}&filter[state_id.code][eq]=CA`, { key }));
    expect((await sidecar.get(`${partners}&fields=state_id,state_id.name`, { key })).status).toBe(200);
    const listed = (await sidecar.get('/api/v1', { key })).text;
    expect(listed).toContain('"res.country"');
    expect(listed).not.toContain('"res.country.state"');
    await admin.call('ir.model', 'write', [[model], { rpc_config_edit: '{}' }]);
    expect((await sidecar.get(`${states}?limit=1`, { key })).status).toBe(200);
  });
});

test('a field that is missing from the SQL view of its model is not read by default, and requests for it are refused', async () => {
  const key = gateway.keys.admin;
  const reports = '/api/v1/api.gateway.example.report';
  const { status, json } = await sidecar.get(`${reports}?limit=1`, { key });
  expect([status, Object.keys(json.data[0])]).toEqual([200, ['id', 'country_id', 'partners']]);
  const { id } = json.data[0];
  expect((await sidecar.get(`${reports}/${id}`, { key })).status).toBe(200);
  for (const query of ['fields=rate', 'filter[rate][gt]=1', 'order=rate']) {
    const refused = await sidecar.get(`${reports}?${query}`, { key });
    expect([query, refused.status, refused.json.error?.reason]).toEqual([query, 400, 'odoo.field']);
    expect(refused.json.error.message).toContain('rate of api.gateway.example.report');
  }
});

describe('routes with auth="api_key", beside auth_api_key', () => {
  const theirs = `oca-${'k'.repeat(40)}`;
  const service = (headers: Record<string, string>) => new HttpClient(server.url).get('/my_service', { headers });

  test('the route accepts keys of auth_api_key, with their ids, and keys of the gateway, with their restrictions', async () => {
    const [user] = await admin.call<number[]>('res.users', 'search', [[['login', '=', 'demo_api']]]);
    const [id] = await admin.call<number[]>('auth.api.key', 'create', [[{ name: 'theirs', key: theirs, user_id: user }]]);
    const found = await service({ 'API-KEY': theirs });
    expect([found.status, found.json]).toEqual([200, { uid: user, login: 'demo_api', auth_api_key_id: id }]);
    const { secret } = await admin.create('gateway.key', { name: 'ours' });
    for (const headers of [{ 'API-KEY': secret }, { 'X-API-Key': secret }, { Authorization: `Bearer ${secret}` }]) {
      expect((await service(headers)).json).toEqual({ uid: 2, login: 'admin', auth_api_key_id: null });
    }
    const narrowed = await admin.create('gateway.key', { name: 'narrowed', ip_list: '203.0.113.7' });
    expect((await service({ 'API-KEY': narrowed.secret })).status).toBe(403);
  });

  test("missing and unknown keys are refused with 401; keys of OCA's addon do not count as failed logins", async () => {
    const missing = await service({});
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="odoo"']);
    for (let i = 0; i < 2 * failuresBeforeCooldown + 1; i += 1) {
      expect((await service({})).status).toBe(401);
      expect((await service({ 'API-KEY': theirs })).status).toBe(200);
    }
    await logIn();
  });

  test('an invalid key that is sent repeatedly counts once', async () => {
    for (let i = 0; i < 2 * failuresBeforeCooldown + 1; i += 1) {
      expect((await service({ 'API-KEY': `${theirs}-dead` })).status).toBe(401);
    }
    await logIn();
  });

  test('keys that both addons refuse count as failed logins from their address', async () => {
    for (let i = 0; i < 2 * failuresBeforeCooldown + 1; i += 1) {
      const unknown = await service({ 'API-KEY': `${theirs.slice(0, -2)}${i + 10}` });
      expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="odoo"']);
    }
    await expect(logIn()).rejects.toThrow(/login of admin/);
    expect((await service({ 'API-KEY': theirs })).status).toBe(401);
  });

  test('the keys of both addons also work after a restart, which loads the addons in another order', async () => {
    await server.stop();
    server = await start();
    expect((await service({ 'API-KEY': theirs })).json.login).toBe('demo_api');
    expect((await service({ 'API-KEY': gateway.keys.demo })).json).toMatchObject({ login: 'demo_api', auth_api_key_id: null });
    const unknown = await service({ 'API-KEY': `${theirs}x` });
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="odoo"']);
    expect((await service({})).status).toBe(401);
  });
});

function patch(key: string, values: object) {
  return { key, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values) };
}
