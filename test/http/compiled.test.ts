// Compiled reads: the same answers as Odoo's, and correct immediately after a change of rights, rules or fields.

import pg from 'pg';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { ReadPool } from '../../sidecar/src/db/read_pool.ts';
import { TooLargeError } from '../../sidecar/src/db/read_query.ts';
import type { Answer, HttpClient } from '../helpers/http_client.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ env: { GATEWAY_METRICS_FROM: '127.0.0.1' } });
const second = await gateway.startSidecar();
const { admin, demo } = gateway.keys;
const role = new pg.Pool({ connectionString: gateway.sidecarDatabaseUrl, max: 1 });
afterAll(() => role.end());

const explain = { 'X-Gateway-Explain': '1' };
const read = (path: string, { key = admin, of = gateway, headers = {} }: Asked = {}) =>
  of.get(path, { key, headers: { ...explain, ...headers } });
interface Asked {
  key?: string;
  of?: HttpClient;
  headers?: Record<string, string>;
}
const wayOf = (answer: Answer) => answer.headers.get('x-gateway-read') ?? '';

/** The answer through Odoo, then the compiled one. */
async function bothWays(path: string, asked: Asked = {}): Promise<[Answer, Answer]> {
  const first = await read(path, asked);
  expect([path, wayOf(first)]).toEqual([path, expect.stringMatching(/^odoo:/)]);
  return [first, await compiled(path, asked)];
}

async function compiled(path: string, asked: Asked = {}): Promise<Answer> {
  let answer: Answer | undefined;
  let way = '';
  await until(`${path} is compiled`, async () => {
    answer = await read(path, asked);
    way = wayOf(answer);
    return way === 'compiled';
  }).catch((error: unknown) => {
    throw new Error(`${String(error)} Last: ${way} ${answer?.text.slice(0, 300)}`);
  });
  return answer as Answer;
}

const partners = '/api/v1/res.partner';
const columns = 'fields=name,email,country_id,color,create_date,is_company,parent_id';

describe('a compiled answer equals that of Odoo, byte for byte', () => {
  test.each([
    ['a page', `${partners}?${columns}&limit=20`],
    ['one record', `${partners}/3?${columns}`],
    ['a filter', `${partners}?${columns}&filter[name][ilike]=a&limit=20`],
    ['nothing found', `${partners}?fields=name&filter[name]=no%20such%20name`],
    ['an order and its cursor', `${partners}?fields=name&limit=3&order=name%20desc`],
    ['all default fields of a small model', '/api/v1/res.country?limit=10&fields=name,code,phone_code,currency_id'],
  ])('%s', async (_, path) => {
    const [first, answer] = await bothWays(path);
    expect(answer.text).toBe(first.text);
    expect(answer.headers.get('content-language')).toBe(first.headers.get('content-language'));
    expect(answer.headers.get('server-timing')).toMatch(/sql;dur=/);
    expect(answer.headers.get('server-timing')).not.toMatch(/odoo;dur=/);
  });

  test('a plan also answers reads of the same shape with other values', async () => {
    await compiled(`${partners}?fields=name&filter[id][lt]=20&order=id`);
    const other = await read(`${partners}?fields=name&filter[id][lt]=12&order=id`);
    expect(wayOf(other)).toBe('compiled');
    expect(other.json.data.length).toBeGreaterThan(3);
    expect(other.json.data.every(({ id }: { id: number }) => id < 12)).toBe(true);
  });
});

test('a read that is not compiled gives the reason, but only on request', async () => {
  const path = `${partners}?fields=name&count=estimated`;
  expect(wayOf(await read(path))).toBe('odoo:shape');
  expect((await gateway.get(path, { key: admin })).headers.has('x-gateway-read')).toBe(false);
});

describe('a change takes effect with the very next read, on every sidecar', () => {
  const path = '/api/v1/res.partner.category?fields=name';
  const sidecars = [gateway, second];
  const warm = (key: string, at = path) => Promise.all(sidecars.map((of) => compiled(at, { key, of })));
  const statuses = (key: string, at = path) =>
    Promise.all(sidecars.map(async (of) => (await read(at, { key, of })).json.data?.length ?? -1));

  test('a rule that is added or deleted', async () => {
    const [before] = await warm(demo);
    expect(before?.json.data.length).toBeGreaterThan(1);
    const [model] = await gateway.sql<{ id: number }>("select id from ir_model where model = 'res.partner.category'");
    const [rule] = await gateway.orm<number[]>('ir.rule', 'create', {
      vals_list: [{ name: 'none', model_id: model?.id, domain_force: "[('id', '=', 0)]" }],
    });
    expect(await statuses(demo)).toEqual([0, 0]);
    await warm(demo);
    await gateway.orm('ir.rule', 'unlink', { ids: [rule] });
    expect(await statuses(demo)).toEqual([before?.json.data.length, before?.json.data.length]);
  });

  test('a right that is revoked', async () => {
    await warm(demo);
    await gateway.orm('ir.model.access', 'create', { vals_list: [] });
    const rights = await gateway.orm<{ id: number }[]>('ir.model.access', 'search_read', {
      domain: [['model_id.model', '=', 'res.partner.category']],
      fields: ['id'],
    });
    await gateway.orm('ir.model.access', 'write', { ids: rights.map(({ id }) => id), vals: { active: false } });
    const answers = await Promise.all(sidecars.map((of) => read(path, { key: demo, of })));
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    await gateway.orm('ir.model.access', 'write', { ids: rights.map(({ id }) => id), vals: { active: true } });
    expect((await statuses(demo))[0]).toBeGreaterThan(1);
  });

  test('a user that is archived', async () => {
    const [user] = await gateway.orm<number[]>('res.users', 'create', { vals_list: [{ name: 'Gone', login: 'gone' }] });
    const { secret: key } = await createOdooKey(gateway, { userId: user ?? 0, rounds: 1 });
    await warm(key);
    await gateway.orm('res.users', 'write', { ids: [user], vals: { active: false } });
    const answers = await Promise.all(sidecars.map((of) => read(path, { key, of })));
    expect(answers.map(({ status }) => status >= 400)).toEqual([true, true]);
  });
});

test('the log, the figures and the metrics show how reads were answered', async () => {
  await gateway.sql("update gateway.setting set value = '\"metadata\"' where name = 'log.level'");
  const path = '/api/v1/res.country?fields=name&limit=3';
  await until('the log keeps requests', async () => {
    await read(path);
    return (await gateway.sql("select from gateway.request_log where way = 'compiled' limit 1")).length > 0;
  });
  const ways = await gateway.sql<{ value: string }>(
    "select distinct value from gateway.request_stat_minute where facet = 'way' and consumer = '*'",
  );
  expect(ways.map(({ value }) => value)).toEqual(expect.arrayContaining(['compiled', 'odoo:new']));
  expect((await gateway.get('/metrics')).text).toMatch(/gateway_reads_total\{way="compiled",reason=""\} \d+/);
});

describe('the connections of compiled reads', () => {
  const log = pino({ level: 'silent' });
  const options = { url: gateway.sidecarDatabaseUrl, role: `${new URL(gateway.sidecarDatabaseUrl).username}_reader`, log };
  const pool = new ReadPool({ ...options, size: 2, statementTimeoutMs: 10_000 });
  afterAll(() => pool.end());
  const run = (text: string, caller = 'one', mostBytes = 1_000) =>
    pool.run({ name: text, text, isFrequent: false }, [], mostBytes, caller);

  test('are never all used by one caller, however slow its statements are', async () => {
    let ended = 0;
    const slow = Array.from({ length: 3 }, () => run('select pg_sleep(0.5)').then(() => (ended += 1)));
    await run('select 1', 'another');
    expect(ended).toBe(0);
    await Promise.all(slow);
  });

  test('reject results that are larger than an answer may be, and keep serving', async () => {
    await expect(run("select repeat('x', 600) from generate_series(1, 100000)")).rejects.toBeInstanceOf(TooLargeError);
    expect((await run('select 1 as one')).rows).toEqual([['1']]);
  });

  test('are closed when the pool ends, even if a statement is running', async () => {
    const ending = new ReadPool({ ...options, size: 2, statementTimeoutMs: 10_000 });
    const statement = (text: string) => ending.run({ name: text, text, isFrequent: false }, [], 1_000);
    await statement('select 1');
    const slow = 'select pg_sleep(0.501)';
    const running = statement(slow);
    const active = `select from pg_stat_activity where state = 'active' and query = '${slow}'`;
    await until('the statement is running', async () => (await role.query(active)).rowCount === 1);
    await ending.end();
    await running;
  });

  test('cannot write anything', async () => {
    await expect(run('create temporary table mine (a int)')).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:25006|42501)$/),
    });
  });
});

test('settings turn compiled reads off, for all models or for one', async () => {
  const path = '/api/v1/res.country?fields=name&limit=2';
  const set = (name: string, value: unknown) =>
    gateway.sql('update gateway.setting set value = $2 where name = $1', [name, JSON.stringify(value)]);
  const offThen = (what: string) => until(what, async () => wayOf(await read(path)) === 'odoo:off');
  await compiled(path);
  await set('compiled.except', ['res.country']);
  await offThen('the model is read by Odoo');
  await compiled(`${partners}?fields=name&limit=1`);
  await set('compiled.except', []);
  await set('compiled.enabled', false);
  await offThen('all models are read by Odoo');
  await set('compiled.enabled', true);
  await compiled(path);
});

test('the reader role can read only the columns of plans, and the role of the sidecar cannot read any', async () => {
  const client = await role.connect();
  try {
    const [{ reader } = { reader: '' }] = await gateway.sql<{ reader: string }>(
      'select reader from gateway.grantee where role = $1',
      [new URL(gateway.sidecarDatabaseUrl).username],
    );
    const fault = async (statement: string) => {
      await client.query('begin');
      const code = await client.query(statement).then(
        () => undefined,
        (error: unknown) => (error instanceof pg.DatabaseError ? error.code : String(error)),
      );
      await client.query('rollback');
      return code;
    };
    expect(await fault('select name from res_country limit 1')).toBe('42501');
    await client.query(`set role ${pg.escapeIdentifier(reader)}`);
    expect(await fault('select name from res_country limit 1')).toBeUndefined();
    expect(await fault('update res_country set name = name where false')).toBe('42501');
    // After all rights are revoked, compiling one read grants only the columns of its plan, among all tables and views.
    await gateway.sql('select gateway.revoke_reads($1)', [reader]);
    expect(await readable(client)).toEqual([]);
    await compiled('/api/v1/res.country?fields=name,currency_id&order=code&limit=7');
    expect(await readable(client)).toEqual([
      ...['code', 'currency_id', 'id', 'name'].map((column) => `public.res_country.${column}`),
      ...['id', 'name'].map((column) => `public.res_currency.${column}`),
    ]);
  } finally {
    client.release(true);
  }
});

/** The columns that a connection's role can read, found by trying to read every column. */
async function readable(client: pg.PoolClient): Promise<string[]> {
  await client.query(`
    do $$
    declare
      tried record;
      found text[] := '{}';
    begin
      for tried in
        select n.nspname, c.relname, a.attname
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
          and n.nspname !~ '^(?:pg_|information_schema$)'
        order by 1, 2, 3
      loop
        begin
          execute format('select %I from %I.%I limit 0', tried.attname, tried.nspname, tried.relname);
          found := found || concat_ws('.', tried.nspname, tried.relname, tried.attname);
        exception when insufficient_privilege then null;
        end;
      end loop;
      perform set_config('test.readable', array_to_json(found)::text, false);
    end $$`);
  const { rows } = await client.query<{ found: string }>("select current_setting('test.readable') as found");
  return JSON.parse(rows[0]?.found ?? 'null') as string[];
}
