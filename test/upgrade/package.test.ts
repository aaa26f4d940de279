// A database's whole life with the released addon: it is installed from the zip of 0.1.0, upgraded with the zip of this
// version, used, uninstalled, and installed again. Odoo has no Node here, so the zip must contain everything that was built.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { copyDatabase, deleteDatabase, grantSidecar, markDatabase, sidecarUrl } from '../../scripts/stack/databases.mjs';
import type { Parts } from '../../scripts/stack/odoo.mjs';
import { runInShell, updateModules } from '../../scripts/stack/odoo.mjs';
import { rootDir } from '../../scripts/stack/paths.mjs';
import { run } from '../../scripts/stack/run.mjs';
import { nodeBin, startSidecar } from '../../scripts/stack/sidecar.mjs';
import { connectionEnv, postgresTool, sql, withDatabase } from '../../scripts/stack/sql.mjs';
import { ensureState } from '../../scripts/stack/state.mjs';
import { ensureBaseTemplate } from '../../scripts/stack/templates.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { useBrowser } from '../helpers/browser.ts';
import { Instance, OdooProcess, Sidecar } from '../helpers/instance.ts';

const released = join(rootDir, 'test/fixtures/api_gateway-19.0.0.1.0.zip');
const prepareFile = join(rootDir, 'scripts/stack/prepare_database.py');

const { parts: all, template } = await provideRealParts();
const folder = mkdtempSync(join(tmpdir(), 'api-gateway-package-'));
const addonsDir = join(folder, 'addons');
const noPrograms = join(folder, 'bin');
mkdirSync(noPrograms);
const parts: Parts = { ...all, addonsDir, odoo: { ...all.odoo, env: { ...all.odoo.env, PATH: noPrograms } } };
const { cluster } = parts;
const database = `upgrade_${process.pid}`;
const client = new pg.Client({ connectionString: withDatabase(cluster.ownerUrl, database) });
const browser = await useBrowser();
const silent = { progress: () => {}, note: () => {} };

afterAll(async () => {
  await client.end();
  await deleteDatabase(cluster, database);
  rmSync(folder, { recursive: true });
});

/** Unpacks the zip to where Odoo looks for addons. */
async function unpack(zip: string): Promise<void> {
  rmSync(addonsDir, { recursive: true, force: true });
  await run('python3', ['-m', 'zipfile', '-e', zip, addonsDir]);
}

/** Runs `npm run package`, and returns the path of the addon's zip in this clone. */
async function makePackage(): Promise<string> {
  const made = await run(nodeBin(), [join(rootDir, 'scripts/package.mjs')]);
  const zip = made.split('\n').find((line) => line.endsWith('.zip'));
  if (zip === undefined) throw new Error(`No zip was made:\n${made}`);
  return zip;
}

async function inShell(name: string, script: string): Promise<void> {
  const file = join(folder, `${name}.py`);
  writeFileSync(file, script);
  await runInShell(parts, database, file, {});
}

async function rows<Row extends pg.QueryResultRow>(query: string): Promise<Row[]> {
  return (await client.query<Row>(query)).rows;
}

/** Runs `work` on Odoo with its two workers and a sidecar, both of which are stopped afterwards. */
async function serving<T>(work: (gateway: Instance) => Promise<T>): Promise<T> {
  const odoo = await OdooProcess.own(parts, database);
  const sidecar = await startSidecar({ databaseUrl: sidecarUrl(cluster, database), databases: [database], odooUrl: odoo.url });
  const gateway = new Instance(
    { parts, template, sharedOdooUrl: null },
    { name: database, use: 'own' },
    odoo,
    new Sidecar(sidecar),
  );
  try {
    return await work(gateway);
  } finally {
    await gateway.sidecar.stop();
    await odoo.close();
  }
}

async function readsPartners(gateway: Instance): Promise<void> {
  const answer = await gateway.get('/api/v1/res.partner?limit=2&fields=name', { key: gateway.keys.demo });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json.data).toHaveLength(2);
}

const kept = `
  select (select value from gateway.setting where name = 'limit.default') as setting,
    (select jsonb_agg(to_jsonb(s) order by s) from gateway.secret s where s.purpose = 'channel') as secrets,
    (select count(*)::integer from gateway.never_exposed where pattern = 'res.bank') as exposure,
    (select count(*)::integer from res_groups_users_rel r
       join ir_model_data d on d.model = 'res.groups' and d.res_id = r.gid
       where d.module = 'api_gateway' and d.name = 'group_manager' and r.uid = 6) as managers`;
const crons = `
  select d.name, s.code, d.noupdate from ir_cron c
  join ir_act_server s on s.id = c.ir_actions_server_id
  left join ir_model_data d on d.model = 'ir.cron' and d.res_id = c.id
  where c.cron_name like 'API Gateway%' order by d.name`;
let before: unknown;

/** For each table of Odoo, the number of rows that contain the addon's name anywhere. */
async function traces(): Promise<Record<string, number>> {
  const tables = await rows<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [found] = await rows<{ n: number }>(`select count(*)::integer as n from "${name}" t where t::text ilike '%gateway%'`);
    if (found && found.n > 0 && name !== 'bus_bus') counts[name] = found.n; // messages that Odoo drops by itself
  }
  return counts;
}

/** The catalog: every object by its name, with its grants. */
async function catalog(): Promise<string[]> {
  const found = await rows<{ entry: string }>(`
    select concat_ws(' ', 'namespace', nspname, nspacl) as entry from pg_namespace where nspname !~ '^pg_(temp|toast)'
    union all select concat_ws(' ', 'database', datacl) from pg_database where datname = current_database()
    union all select concat_ws(' ', 'class', relnamespace::regnamespace, relname, relkind, relacl) from pg_class
      where relname !~ '^pg_toast'
    union all select concat_ws(' ', 'column', attrelid::regclass, attname, attacl) from pg_attribute
      where attnum > 0 and not attisdropped and attrelid::regclass::text !~ '^pg_toast'
    union all select concat_ws(' ', 'function', oid::regprocedure, proacl) from pg_proc
    union all select concat_ws(' ', 'type', typnamespace::regnamespace, typname, typacl) from pg_type where typname !~ '^_?pg_toast'
    union all select concat_ws(' ', 'trigger', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal
    union all select concat_ws(' ', 'constraint', conrelid::regclass, conname) from pg_constraint
    union all select concat_ws(' ', 'rule', ev_class::regclass, rulename) from pg_rewrite
    union all select concat_ws(' ', 'event trigger', evtname) from pg_event_trigger
    union all select concat_ws(' ', 'extension', extname) from pg_extension
    union all select concat_ws(' ', 'default', defaclnamespace, defaclacl) from pg_default_acl`);
  return found.map(({ entry }) => entry).sort();
}

test('the package holds the built files that Odoo needs, and nothing else', { timeout: 120_000 }, async () => {
  const zip = await makePackage();
  await unpack(join(rootDir, zip));
  const files = (await run('python3', ['-m', 'zipfile', '-l', join(rootDir, zip)]))
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s{2,}/)[0] ?? '')
    .filter((name) => name !== '');
  expect(files.filter((name) => !name.startsWith('api_gateway/'))).toEqual([]);
  expect(files.filter((name) => /\.(ts|tsx|pyc|map)$|\/tests\/|__pycache__|node_modules/.test(name))).toEqual([]);
  for (const name of [
    '__manifest__.py',
    'LICENSE',
    'sql/001_core.sql',
    'static/lib/apexcharts.min.js',
    'static/lib/apexcharts.LICENSE',
    'static/description/icon.png',
  ]) {
    expect(files).toContain(`api_gateway/${name}`);
  }
  for (const page of ['loader', 'core', 'dashboard', 'status', 'usage']) {
    expect(files.filter((name) => name.startsWith(`api_gateway/static/src/${page}/`))).not.toEqual([]);
  }
});

test('0.1.0 installs from its zip', { timeout: 300_000 }, async () => {
  await unpack(released);
  await copyDatabase(cluster, await ensureBaseTemplate(all), database);
  await markDatabase(cluster, database, { base: '', addon: '', prepared: '' });
  await client.connect();
  await updateModules(parts, database, { install: ['api_gateway'] }, silent);
  await grantSidecar(cluster, database);
  await client.query(`update gateway.setting set value = '33' where name = 'limit.default'`);
  await client.query(`insert into gateway.never_exposed (pattern) values ('res.bank')`);
  await inShell('manager', `env['res.users'].browse(6).group_ids += env.ref('api_gateway.group_manager')\nenv.cr.commit()\n`);
  [before] = await rows(kept);
  expect(before).toMatchObject({ setting: 33, exposure: 1, managers: 1 });
  expect(await rows('select number from gateway.migration')).toEqual([{ number: 1 }]);
});

test('0.1.0 is upgraded by the package, and keeps its data', { timeout: 300_000 }, async () => {
  const zip = await makePackage();
  await unpack(join(rootDir, zip));
  await updateModules(parts, database, { upgrade: ['api_gateway'] }, silent);
  expect((await rows(kept))[0]).toEqual(before);
  expect((await rows('select count(*)::integer as rules from gateway_alert_rule'))[0]).toEqual({ rules: 6 });
  expect(await rows(crons)).toEqual([
    { name: 'ir_cron_check_alerts', code: 'model._cron_check()', noupdate: true },
    { name: 'ir_cron_clean_changes', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_clean_channel', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_clean_log', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_clean_throttles', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_clean_tokens', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_clean_webhooks', code: 'model._cron_clean()', noupdate: true },
    { name: 'ir_cron_take_over_webhooks', code: 'model._cron_take_over()', noupdate: true },
  ]);
  // Creates users and keys for calls, and builds each bundle of the web client from nothing but the zip.
  await runInShell(parts, database, prepareFile, { STACK_PREPARE: JSON.stringify({ addon: true, keys: ensureState().keys }) });
  await serving(async (gateway) => {
    await readsPartners(gateway);
    const { page, faults, styleFault } = await browser.open(gateway, '/odoo/gateway');
    await page.waitForSelector('.o_api_gateway_sidecar[data-state=alive]');
    expect(await styleFault()).toBe('none');
    expect(faults).toEqual([]);
  });
});

test("managers' own records and their changes to shipped ones survive an upgrade", { timeout: 300_000 }, async () => {
  const made = `
    select (select jsonb_agg(to_jsonb(p) - 'write_date' order by id) from gateway_profile p) as profiles,
      (select jsonb_agg(to_jsonb(k) - 'write_date' order by id) from gateway_key k) as keys,
      (select jsonb_agg(to_jsonb(w) - 'write_date' order by id) from gateway_webhook w) as webhooks,
      (select jsonb_agg(to_jsonb(r) - 'write_date' order by id) from gateway_resource r) as resources,
      (select gateway_profile_id from res_users where id = 6) as profile_of_user`;
  await inShell(
    'data',
    `
profile = env['gateway.profile'].create({'name': 'Shops', 'minute_limit': 7, 'ip_list': '203.0.113.0/24'})
env['res.users'].browse(6).gateway_profile_id = profile
env['gateway.key'].create({'name': 'Warehouse', 'user_id': 6})
env['gateway.webhook'].create({
    'name': 'Partners', 'user_id': 6, 'model_id': env['ir.model']._get_id('res.partner'),
    'url': 'https://example.com/hook',
})
env['gateway.resource'].search([], limit=1).write({'active': False})
env.cr.commit()
`,
  );
  const [written] = await rows(made);
  const named = (name: string) => expect.arrayContaining([expect.objectContaining({ name })]);
  expect(written).toMatchObject({ profiles: named('Shops'), keys: named('Warehouse'), webhooks: named('Partners') });
  await updateModules(parts, database, { upgrade: ['api_gateway'] }, silent);
  expect((await rows(made))[0]).toEqual(written);
});

const uninstall = `env['ir.module.module'].search([('name', '=', 'api_gateway')]).button_immediate_uninstall()\n`;

test('uninstalling leaves nothing behind', { timeout: 300_000 }, async () => {
  await inShell('uninstall', uninstall);
  expect(await rows(`select nspname from pg_namespace where nspname = 'gateway'`)).toEqual([]);
  expect(await rows(`select tgname, tgrelid::regclass::text as on from pg_trigger where tgname like 'gateway%'`)).toEqual([]);
  expect(await rows(`select relname from pg_class where relname like 'gateway\\_%' and relkind in ('r', 'v', 'S')`)).toEqual([]);
  expect(await rows(`select attrelid::regclass::text from pg_attribute where attname like 'gateway\\_%' and attnum > 0`)).toEqual(
    [],
  );
  expect(
    await rows(`select model, name from ir_model_data where module = 'api_gateway' and model <> 'ir.module.module'`),
  ).toEqual([]);
  expect(await rows(`select model from ir_model where model like 'gateway.%'`)).toEqual([]);
  expect(await rows(`select cron_name from ir_cron where cron_name ilike '%gateway%'`)).toEqual([]);
  expect(await rows(`select key from ir_config_parameter where key like '%gateway%'`)).toEqual([]);
});

test('the addon can be installed again, and uninstalling gives back the rights that grant_to revoked', {
  timeout: 300_000,
}, async () => {
  // Grants the rights that a new database of Odoo has, because 0.1.0 did not record which rights it revoked.
  await client.query(`grant create on schema public to public; grant temporary on database "${database}" to public`);
  const [original, originalTraces] = [await catalog(), await traces()];
  await updateModules(parts, database, { install: ['api_gateway'] }, silent);
  await grantSidecar(cluster, database);
  await serving(readsPartners);
  await inShell(
    'people',
    `env['ir.filters'].create({'name': 'Mine', 'model_id': 'gateway.key', 'user_ids': [(4, 2)]})\nenv.cr.commit()\n`,
  );
  await inShell('uninstall', uninstall);
  const left = await catalog();
  expect(left.filter((entry) => !original.includes(entry))).toEqual([]);
  expect(original.filter((entry) => !left.includes(entry))).toEqual([]);
  expect(await traces()).toEqual(originalTraces);
});

test("a dump can be restored where the sidecar's role does not exist", { timeout: 300_000 }, async () => {
  await updateModules(parts, database, { install: ['api_gateway'] }, silent);
  const role = `gone_${process.pid}`;
  const superuser = new pg.Client({ connectionString: withDatabase(cluster.superuserUrl ?? cluster.ownerUrl, database) });
  await superuser.connect();
  await superuser.query(`create role ${role}`);
  await client.query(`select gateway.grant_to('${role}')`);
  const zip = join(folder, 'dump.zip');
  const dump = join(folder, 'custom.dump');
  const options = { env: connectionEnv(withDatabase(cluster.ownerUrl, database)) };
  const inOdoo = (name: string, script: string) => {
    const file = join(folder, `${name}.py`);
    writeFileSync(file, `from odoo.service import db\nfrom odoo.tools import config\nconfig['list_db'] = True\n${script}`);
    return runInShell({ ...all, addonsDir }, database, file, {});
  };
  await run(postgresTool('pg_dump'), ['--format=custom', `--file=${dump}`], options);
  await inOdoo('dump', `with open('${zip}', 'wb') as stream:\n    db.dump_db('${database}', stream)\n`);
  await superuser.query(`drop owned by ${role}; drop role ${role}`);
  await superuser.end();
  const restored = [`${database}_pg`, `${database}_zip`] as const;
  try {
    await sql(cluster.ownerUrl, `create database "${restored[0]}" template template0`);
    // The command in docs/admin.md.
    await run(
      postgresTool('pg_restore'),
      ['--no-owner', '--no-privileges', '--exit-on-error', `--dbname=${restored[0]}`, dump],
      options,
    );
    await inOdoo('restore', `db.restore_db('${restored[1]}', '${zip}')\n`);
    for (const copy of restored) {
      await grantSidecar(cluster, copy);
      expect(await sql(sidecarUrl(cluster, copy), 'select count(*) > 0 from gateway.migration')).toBe('t');
    }
  } finally {
    for (const copy of restored) await deleteDatabase(cluster, copy);
  }
});
