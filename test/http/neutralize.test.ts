// A copy of a database, made in the usual way: dumped, restored elsewhere, neutralized by Odoo's own command.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { deleteDatabase, grantSidecar } from '../../scripts/stack/databases.mjs';
import { writeConfig } from '../../scripts/stack/odoo.mjs';
import { run } from '../../scripts/stack/run.mjs';
import { connectionEnv, postgresTool, sql, withDatabase } from '../../scripts/stack/sql.mjs';
import type { Sidecar } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const { parts } = inject('real');
const environmentSecret = 'neutralize-secret-of-the-environment-0123456789';
const environment = { GATEWAY_KEY_COPIED: environmentSecret };
const gateway = await useInstance({ env: environment });
const receiver = await startReceiver();
const copy = `${gateway.database}_copy`;
const copyUrl = withDatabase(parts.cluster.ownerUrl, copy);
const ping = '/api/v1/ping';
let sidecar: Sidecar;
let pool: pg.Pool;
/** Credentials of the original, all accepted there. */
const held: Record<string, string> = {};
const usedFrom = 'key_usage where last_address is not null';
const peoplesData = ['webhook_job', 'webhook_attempt', 'idempotency', 'request_log', 'used_address', usedFrom];
/** Rows in the copy before its sidecar writes any. */
const kept: Record<string, number> = {};

const count = async (where: string) => Number((await pool.query(`select count(*) from ${where}`)).rows[0].count);
const arrivals = () => receiver.arrived.length;

/** Odoo's own API, on either database. */
async function orm<T>(database: string, model: string, method: string, params: object): Promise<T> {
  const answer = await fetch(`${gateway.odoo.url}/json/2/${model}/${method}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Odoo-Database': database,
      Authorization: `Bearer ${gateway.keys.admin}`,
    },
    body: JSON.stringify(params),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

const createPartner = (database: string, name: string) => orm(database, 'res.partner', 'create', { vals_list: [{ name }] });
const arrived = (name: string) => receiver.arrived.filter(({ event }) => event.data.values?.['name'] === name);

beforeAll(async () => {
  const admin = await OdooWeb.login(gateway);
  await gateway.sql(`update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow'`);
  await gateway.sql(`update gateway.setting set value = '"https://api.example.com"' where name = 'sidecar.url'`);
  const [model] = await gateway.sql<{ id: number }>(`select id from ir_model where model = 'res.partner'`);
  await gateway.orm('gateway.webhook', 'create', { vals_list: [{ name: 'ERP', url: receiver.url, model_id: model?.id }] });
  const client = await admin.create('gateway.client', { name: 'shop' });
  const key = await admin.create('gateway.key', { name: 'shop' });
  await admin.call('gateway.key', 'create', [{ name: 'of the environment', environment_name: 'COPIED' }]);
  const login = await gateway.post('/api/v1/auth/login', { login: 'admin', password: 'admin' });
  const token = await gateway.post('/api/oauth/token', {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.secret,
  });
  Object.assign(held, {
    'token of a login': login.json.data.access_token,
    'token of a client': token.json.access_token,
    'gateway key': key.secret,
    'key of the environment': environmentSecret,
  });
  await createPartner(gateway.database, 'delivered by the original');
  await until('it arrives', () => arrivals() === 1);
  // An event that is waiting at the time of the dump.
  receiver.answer = () => ({ status: 500 });
  await createPartner(gateway.database, 'waits');
  await until('it was tried', () => arrivals() === 2);

  await gateway.post(
    '/api/v1/res.partner.category',
    { name: 'repeated' },
    { key: gateway.keys.admin, headers: { 'Idempotency-Key': crypto.randomUUID() } },
  );
  await gateway.get('/api/v1/res.partner/0', { key: gateway.keys.admin });
  const logged = async () => (await gateway.sql('select 1 from gateway.request_log limit 1')).length;
  await until('a request is logged', async () => (await logged()) > 0);
  for (const rows of [usedFrom, 'used_address']) {
    const used = async () => (await gateway.sql(`select 1 from gateway.${rows}`)).length;
    await until('a use is counted', async () => (await used()) > 0, 20_000);
  }

  const dump = join(tmpdir(), `${copy}.dump`);
  const source = withDatabase(parts.cluster.ownerUrl, gateway.database);
  await run(postgresTool('pg_dump'), ['--format=custom', '--compress=1', `--file=${dump}`], {
    env: connectionEnv(source),
    doing: 'Dumping',
  });
  await sql(parts.cluster.ownerUrl, "create database :\"copy\" template template0 encoding 'UTF8' lc_collate 'C'", { copy });
  await run(postgresTool('pg_restore'), ['--no-owner', '--jobs=2', `--dbname=${copy}`, dump], {
    env: connectionEnv(copyUrl),
    doing: 'Restoring',
  });
  rmSync(dump);
  const [command = '', ...first] = parts.odoo.command;
  const config = writeConfig(parts, copy, { db_name: copy, workers: 0 });
  await run(command, [...first, 'neutralize', '--config', config], { env: parts.odoo.env, doing: 'Neutralizing' });
  await grantSidecar(parts.cluster, copy);
  pool = new pg.Pool({ connectionString: copyUrl, max: 2 });
  pool.on('error', () => {}); // the server ends idle connections when the database is dropped
  for (const rows of peoplesData) kept[rows] = await count(`gateway.${rows}`);
  sidecar = await gateway.startSidecar({ databases: [copy], env: environment });
}, 180_000);

afterAll(async () => {
  await sidecar?.stop();
  await pool?.end();
  await receiver.close();
  await deleteDatabase(parts.cluster, copy);
});

test('the copy has the identity of the original, so only its secrets are different', async () => {
  const [original] = await gateway.sql<{ uuid: string }>('select uuid from gateway.database()');
  expect((await pool.query('select uuid from gateway.database()')).rows[0].uuid).toBe(original?.uuid);
});

test.each(['token of a login', 'token of a client', 'gateway key', 'key of the environment'])(
  'the original accepts its %s, the copy does not',
  async (name) => {
    expect((await gateway.get(ping, { key: held[name] ?? '' })).status).toBe(200);
    expect((await sidecar.get(ping, { key: held[name] ?? '' })).status).toBe(401);
  },
);

test('the copy has secrets of its own', async () => {
  const secrets = `select purpose, encode(value, 'hex') as value from gateway.secret`;
  await pool.query(`select gateway.secrets('jwt')`);
  const originals = new Set((await gateway.sql<{ value: string }>(secrets)).map(({ value }) => value));
  const { rows } = await pool.query<{ purpose: string; value: string }>(secrets);
  expect(rows.map(({ purpose }) => purpose)).toContain('jwt');
  for (const { value } of rows) expect(originals).not.toContain(value);
});

test.each(peoplesData)('the copy keeps no %s of the original', async (rows) => {
  expect(Number((await gateway.sql<{ count: string }>(`select count(*) from gateway.${rows}`))[0]?.count)).toBeGreaterThan(0);
  expect(kept[rows]).toBe(0);
});

test('the copy sends no webhook events, neither new nor waiting ones', async () => {
  const [waiting] = await gateway.sql<{ count: string }>(`select count(*) from gateway.webhook_job where state = 'queued'`);
  expect(Number(waiting?.count)).toBe(1);
  expect(await count(`gateway.webhook_job where state = 'queued'`)).toBe(0);
  await createPartner(copy, 'made in the copy');
  expect(await count(`gateway.webhook_job where state = 'queued'`)).toBe(0);
  // The copy could send events if it were configured to, so missing events are due to the neutralization.
  receiver.answer = () => ({ status: 200 });
  const context = { active_test: false };
  const ids = await orm<number[]>(copy, 'gateway.webhook', 'search', { domain: [], context });
  await orm(copy, 'gateway.webhook', 'write', { ids, vals: { active: true } });
  await createPartner(copy, 'asked for');
  await until('it arrives', () => arrived('asked for').length === 1);
  expect(arrived('made in the copy')).toEqual([]);
});

test('browsers connect to the sidecars of the copy, not to those of the original', async () => {
  const { rows } = await pool.query(`select gateway.settings() ->> 'sidecar.url' as url`);
  expect(rows[0].url).toBe('');
  expect(await count('gateway.sidecar')).toBe(1);
});

test('a database with a new identity generates new secrets, neutralized or not', async () => {
  const kids = async () => (await pool.query(`select kid from gateway.secrets('jwt')`)).rows.map(({ kid }) => kid);
  const before = await kids();
  await pool.query(`update ir_config_parameter set value = gen_random_uuid()::text where key = 'database.uuid'`);
  const after = await kids();
  expect(after).toHaveLength(1);
  expect(before).not.toContain(after[0]);
});
