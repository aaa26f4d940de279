// Routes of other addons with auth="api_key": the example addon, installed into a real Odoo.

import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { startOdooServer } from '../../scripts/stack/odoo.mjs';
import { addonsDir } from '../../scripts/stack/paths.mjs';
import { HttpClient } from '../helpers/http_client.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

const environmentSecret = 'warehouse-secret-of-the-environment-0123456789';
const gateway = await useInstance();
const { parts } = inject('real');
const addons = [...parts.odoo.addonsPaths, addonsDir, join(import.meta.dirname, '../addons')].join(',');
const server = await startOdooServer(
  { ...parts, odoo: { ...parts.odoo, env: { ...parts.odoo.env, GATEWAY_KEY_WAREHOUSE: environmentSecret } } },
  {
    name: `odoo-example-${process.pid}`,
    databases: [gateway.database],
    workers: 0,
    extraArgs: ['--max-cron-threads=0', '--addons-path', addons, '--init', 'api_gateway_example'],
  },
);
afterAll(() => server.stop());
const odoo = new HttpClient(server.url);
const admin = await OdooWeb.login(gateway);
const service = (headers: Record<string, string>) => odoo.get('/my_service', { headers });

describe('a route with auth="api_key"', () => {
  test("runs as the key's user, whatever header carries it", async () => {
    const { secret } = await admin.create('gateway.key', { name: 'for the service' });
    for (const headers of [{ 'API-KEY': secret }, { 'X-API-Key': secret }, { Authorization: `Bearer ${secret}` }]) {
      expect((await service(headers)).json).toMatchObject({ uid: 2, login: 'admin' });
    }
    const proxied = await service({ 'API-KEY': secret, Authorization: `Basic ${btoa('proxy:password')}` });
    expect(proxied.json).toMatchObject({ uid: 2, login: 'admin' });
    const { json } = await service({ 'X-API-Key': gateway.keys.demo });
    expect(json.login).toBe('demo_api');
  });

  test('accepts keys from environment variables', async () => {
    expect((await service({ 'API-KEY': environmentSecret })).status).toBe(401);
    await admin.call('gateway.key', 'create', [{ name: 'environment', environment_name: 'WAREHOUSE' }]);
    expect((await service({ 'API-KEY': environmentSecret })).json.login).toBe('admin');
  });

  test('refuses missing, unknown and revoked keys with 401', async () => {
    const missing = await service({});
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="odoo"']);
    expect(missing.text).toContain('Missing access token');
    const { secret, id } = await admin.create('gateway.key', { name: 'short-lived' });
    expect((await service({ 'API-KEY': secret })).status).toBe(200);
    await admin.call('gateway.key', 'action_revoke', [[id]]);
    expect((await service({ 'API-KEY': secret })).status).toBe(401);
    expect((await service({ 'API-KEY': `${secret.slice(0, -1)}!` })).status).toBe(401);
  });

  test('refuses with 403 a key that was narrowed to another address, method or model', async () => {
    const profile = await admin.call<number>('gateway.profile', 'create', [{ name: 'one model', model_names: 'res.partner' }]);
    for (const [values, get, post] of [
      [{ ip_list: '203.0.113.7' }, 403, 403],
      [{ ip_list: '127.0.0.0/8\n::1' }, 200, 200],
      [{ scopes: 'read' }, 200, 403],
      [{ scopes: 'res.partner:read' }, 403, 403],
      [{ profile_id: profile }, 403, 403],
    ] as const) {
      const { secret } = await admin.create('gateway.key', { name: JSON.stringify(values), ...values });
      const headers = { 'API-KEY': secret };
      expect([values, (await service(headers)).status]).toEqual([values, get]);
      expect([values, (await odoo.request('POST', '/my_service', { headers })).status]).toEqual([values, post]);
    }
  });
});
