// Several databases behind one sidecar, and databases that cannot be served.

import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, expect, inject, test, vi } from 'vitest';
import { cloneTemplate, deleteDatabase, sidecarUrl } from '../../scripts/stack/databases.mjs';
import { withDatabase } from '../../scripts/stack/sql.mjs';
import { consentPage, decide } from '../helpers/consent.ts';
import { callTool, rpc } from '../helpers/mcp.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { SidecarProcess } from '../helpers/sidecar_process.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

vi.setConfig({ testTimeout: 90_000 });
const gateway = await useInstance();
const { cluster } = inject('real').parts;
const made: string[] = [];
const started: SidecarProcess[] = [];
afterAll(async () => {
  for (const sidecar of started) sidecar.kill('SIGKILL');
  await Promise.all(started.map((sidecar) => sidecar.exited));
  for (const name of made) await deleteDatabase(cluster, name);
});

async function clone(name: string): Promise<string> {
  const database = `${gateway.database}_${name}`;
  await cloneTemplate(cluster, inject('real').template, database);
  made.push(database);
  return database;
}

async function inDatabase(database: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(cluster.ownerUrl, database) });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function serve(...databases: string[]): Promise<SidecarProcess> {
  const sidecar = await SidecarProcess.spawn({
    GATEWAY_DATABASE_URL: sidecarUrl(cluster, databases[0] ?? ''),
    GATEWAY_DATABASES: databases.join(','),
    GATEWAY_ODOO_URL: gateway.odoo.url,
    GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
  });
  started.push(sidecar);
  return sidecar;
}

test('X-Odoo-Database chooses the database; without it, the first database answers', async () => {
  const other = await clone('other');
  await inDatabase(other, "update res_users set login = 'admin-of-other' where id = 2");
  const sidecar = await serve(gateway.database, other);
  await until('ready', async () => (await sidecar.readiness())?.json.status === 'ready');
  const loginIn = async (database?: string) => {
    const headers: Record<string, string> = database === undefined ? {} : { 'X-Odoo-Database': database };
    return (await sidecar.get('/api/v1/ping', { key: gateway.keys.admin, headers })).json.data.user.login;
  };
  expect(await loginIn()).toBe('admin');
  expect(await loginIn(gateway.database)).toBe('admin');
  expect(await loginIn(other)).toBe('admin-of-other');
  const read = await sidecar.get('/api/v1/res.users/2?fields=login', {
    key: gateway.keys.admin,
    headers: { 'X-Odoo-Database': other },
  });
  expect(read.json.data.login).toBe('admin-of-other');
});

test('an agent sees the tools of its database, and its tokens, codes and confirmations work only there', async () => {
  const other = await clone('agents');
  await inDatabase(
    other,
    "update ir_config_parameter set value = gen_random_uuid()::text where key = 'database.uuid'",
    "update res_partner set name = 'Admin of Other' where id = (select partner_id from res_users where id = 2)",
    "update gateway_resource set active = false where name = 'products'",
  );
  for (const database of [gateway.database, other]) {
    await inDatabase(
      database,
      "update gateway.setting set value = 'true' where name = 'agent.enabled'",
      `update ir_config_parameter set value = '${gateway.odoo.url}' where key = 'web.base.url'`,
    );
  }
  const sidecar = await serve(gateway.database, other);
  await until('ready', async () => (await sidecar.readiness())?.json.status === 'ready');
  // Like a proxy that gives each database a host name.
  const here = { 'X-Forwarded-Host': 'here.example.com', 'X-Odoo-Database': gateway.database };
  const there = { 'X-Forwarded-Host': 'there.example.com', 'X-Odoo-Database': other };
  const keyed = (headers: Record<string, string>) => ({ key: gateway.keys.admin, headers });
  const toolsOf = async (headers: Record<string, string>) => {
    const { json } = await rpc(sidecar, 'tools/list', {}, keyed(headers));
    return json.result.tools.map(({ name }: { name: string }) => name);
  };
  expect(await toolsOf(here)).toContain('products_search');
  expect(await toolsOf(there)).toContain('customers_search');
  expect(await toolsOf(there)).not.toContain('products_search');
  expect((await callTool(sidecar, 'whoami', {}, keyed(there))).data.user.name).toBe('Admin of Other');

  const created = { model: 'res.partner', values: { name: 'Of One Database' } };
  const { confirm } = (await callTool(sidecar, 'create_record', created, keyed(here))).data;
  const replayed = await callTool(sidecar, 'create_record', { ...created, confirm }, keyed(there));
  expect(replayed.data.reason).toBe('agent.confirmation');

  const redirect_uri = 'https://app.example.com/callback';
  const web = await OdooWeb.login(gateway);
  const ids = await web.call<number[]>('gateway.app', 'create', [[{ name: 'Agent', redirect_uris: redirect_uri }]]);
  const [app] = await web.call<{ client_id: string }[]>('gateway.app', 'read', [ids, ['client_id']]);
  const client_id = app?.client_id ?? '';
  const code_verifier = 'v'.repeat(43);
  const authorize = (resource: string) => {
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
    const asked = { response_type: 'code', client_id, redirect_uri, code_challenge, code_challenge_method: 'S256', resource };
    return sidecar.get(`/api/oauth/authorize?${new URLSearchParams(asked)}`, { headers: here });
  };
  const refused = await authorize('http://there.example.com/mcp');
  expect(refused.headers.get('location')).toMatch(/^https:\/\/app\.example\.com\/callback\?error=invalid_target/);
  const decided = await decide(web, consentPage(await authorize('http://here.example.com/mcp'), gateway.odoo.url));
  const code = new URL(decided.headers.get('location') ?? '').searchParams.get('code');
  const grant = { grant_type: 'authorization_code', client_id, redirect_uri, code, code_verifier };
  const exchanged = (headers: Record<string, string>) => sidecar.post('/api/oauth/token', grant, { headers });
  expect((await exchanged(there)).status).toBe(400);
  const key = (await exchanged(here)).json.access_token;
  const used = async (headers: Record<string, string>) => (await rpc(sidecar, 'tools/list', {}, { key, headers })).status;
  expect(await used(here)).toBe(200);
  expect(await used(there)).toBe(401);
  expect(await used({ ...there, 'X-Forwarded-Host': 'here.example.com' })).toBe(401);
  expect(await used({ ...here, 'X-Forwarded-Host': 'there.example.com' })).toBe(401);
});

test('a database without the addon is named, and the others are served', async () => {
  const bare = await clone('bare');
  await inDatabase(bare, 'drop schema gateway cascade');
  const sidecar = await serve(gateway.database, bare, `${bare}_that_is_not_there`);
  await until('it serves one', async () => (await sidecar.readiness())?.json.status === 'degraded');
  const ready = await sidecar.readiness();
  expect(ready?.status).toBe(200);
  expect(ready?.json.databases).toMatchObject({
    [gateway.database]: { postgres: 'up', addon: 'installed', odoo: 'up' },
    [bare]: { postgres: 'up', addon: 'missing' },
    [`${bare}_that_is_not_there`]: { addon: 'missing' },
  });
  const refused = await sidecar.get('/api/v1/ping', { key: gateway.keys.admin, headers: { 'X-Odoo-Database': bare } });
  expect(refused.status).toBe(503);
  expect(refused.json.error.reason).toBe('database.not_prepared');
  expect((await sidecar.get('/api/v1/ping', { key: gateway.keys.admin })).status).toBe(200);
});

test.each([
  ['older', 'delete from gateway.migration where number = (select max(number) from gateway.migration)', 'upgrade the addon'],
  ['newer', "insert into gateway.migration (number, name, checksum) values (999, 'future', '')", 'upgrade the sidecar'],
])('a sidecar stops if the schema is %s than itself, and says which of the two to upgrade', async (name, statement, advice) => {
  const database = await clone(name);
  await inDatabase(database, statement);
  const sidecar = await serve(database);
  expect(await sidecar.exited).toBe(1);
  expect(sidecar.output).toContain(advice);
  expect(sidecar.output).toContain(`"${database}"`);
});

test('rights that the role does not need are listed in a warning', async () => {
  const open = await clone('open');
  await inDatabase(open, `grant temporary on database "${open}" to public`);
  const sidecar = await serve(open);
  await until('ready', async () => (await sidecar.readiness())?.status === 200);
  expect(sidecar.output).toContain('create temporary tables');
});

test('all faults of the configuration are printed together', async () => {
  const sidecar = await SidecarProcess.spawn({ GATEWAY_DATABASE_URL: '', GATEWAY_ODOO_WORKERS: 'many' });
  expect(await sidecar.exited).toBe(2);
  expect(sidecar.output).toContain('GATEWAY_DATABASE_URL');
  expect(sidecar.output).toContain('GATEWAY_ODOO_WORKERS');
});

test('a sidecar shows up in Odoo while it runs, with its version, and disappears when it stops', async () => {
  const sidecar = await serve(gateway.database);
  await until('ready', async () => (await sidecar.readiness())?.status === 200);
  const rows = () =>
    gateway.sql<{ seen_at: Date; version: string }>('select * from gateway.sidecar where address = $1', [sidecar.url]);
  await until('a heartbeat', async () => (await rows()).length === 1);
  const [first] = await rows();
  expect(first?.version).toMatch(/^\d+\.\d+\.\d+$/);
  await until('another one', async () => (await rows())[0]?.seen_at.getTime() !== first?.seen_at.getTime());
  sidecar.kill('SIGTERM');
  expect(await sidecar.exited).toBe(0);
  expect(await rows()).toEqual([]);
});
