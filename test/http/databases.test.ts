// Several databases behind one sidecar, and databases that cannot be served.

import pg from 'pg';
import { afterAll, expect, inject, test, vi } from 'vitest';
import { cloneTemplate, deleteDatabase, sidecarUrl } from '../../scripts/stack/databases.mjs';
import { withDatabase } from '../../scripts/stack/sql.mjs';
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
  });
  started.push(sidecar);
  return sidecar;
}

test('X-Odoo-Database chooses; without it the first one answers', async () => {
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
])('a schema that is %s ends the sidecar, which names the half to upgrade', async (name, statement, advice) => {
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

test('all faults of the configuration are printed at once', async () => {
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
