// The rows of the traffic log at each level; and no secret is ever stored or printed.

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logDir } from '../../scripts/stack/paths.mjs';
import { ConnectionPool } from '../../sidecar/src/db/pool.ts';
import { logColumns, logLiteral, recordLog } from '../../sidecar/src/db/traffic.ts';
import type { Answer, RequestOptions } from '../helpers/http_client.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const metricsToken = 'metrics-token-of-this-test';
const gateway = await useInstance({ env: { GATEWAY_METRICS_TOKEN: metricsToken } });

type Level = 'errors' | 'metadata' | 'payloads';

interface Row {
  request_id: string;
  status: number;
  level: string;
  path: string;
  route: string;
  model: string | null;
  user_id: number | null;
  consumer: string;
  reason: string | null;
  message: string | null;
  gateway_ms: number;
  odoo_ms: number | null;
  sql_count: number | null;
  request_headers: Record<string, string> | null;
  request_body: string | null;
  response_body: string | null;
  traceback: string | null;
}

async function setLevel(level: Level): Promise<void> {
  await gateway.sql(`update gateway.setting set value = to_jsonb($1::text) where name = 'log.level'`, [level]);
  await settled();
}

/** Waits for a second, after which every sidecar applies a change. */
async function settled(): Promise<void> {
  const [row] = await gateway.sql<{ at: Date }>('select clock_timestamp() as at');
  await until('the sidecar has polled', () => Date.now() - (row?.at.getTime() ?? 0) > 1_000);
}

let sent = 0;

async function request(
  path: string,
  options: RequestOptions & { method?: string } = {},
): Promise<{ id: string; answer: Answer }> {
  sent += 1;
  const id = `traffic-${process.pid}-${sent}`;
  const headers = { 'X-Request-Id': id, ...options.headers };
  const answer = await gateway.request(options.method ?? 'GET', path, { ...options, headers });
  expect(answer.headers.get('x-request-id')).toBe(id);
  return { id, answer };
}

async function rowOf(id: string): Promise<Row | undefined> {
  const [row] = await gateway.sql<Row>('select * from gateway.request_log where request_id = $1', [id]);
  return row;
}

async function expectRow(id: string): Promise<Row> {
  await until(`a row of ${id}`, async () => (await rowOf(id)) !== undefined);
  const row = await rowOf(id);
  if (row === undefined) throw new Error('no row');
  return row;
}

const { demo, admin } = gateway.keys;

test('the columns of a row are those of the table, in the same order', async () => {
  const columns = await gateway.sql<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'gateway.request_log'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  expect(columns.map(({ name }) => name)).toEqual([...logColumns]);
});

test('a row keeps every text unchanged', async () => {
  const pool = new ConnectionPool(gateway.sidecarDatabaseUrl, 1, pino({ level: 'silent' }));
  const texts = [
    '',
    ' ',
    'NULL',
    'null',
    ',',
    '(',
    ')',
    '"',
    '""',
    '\\',
    '\\"',
    '{}',
    '{"a":[1,"\\n"]}',
    "'",
    ' a ',
    'a\nb\t',
    '日本 é',
    '$1',
    '\u001f',
  ];
  const rows = texts.map((text, i) => ({
    ...{ at: new Date().toISOString().slice(0, -1), request_id: `text-${i}`, sidecar: 'test', consumer: 'none:0', method: 'GET' },
    ...{ path: text, route: text, status: 200, level: 'payloads', cost: 1, gateway_ms: 0.5, bytes_in: 0, bytes_out: i },
    ...{ request_headers: JSON.stringify({ text }), request_body: text + text, traceback: undefined, user_agent: text },
  }));
  const instance = randomUUID();
  await recordLog(pool, instance, 1, rows.map(logLiteral));
  const stored = await gateway.sql(
    `select path, route, request_headers, request_body, user_agent, traceback, response_body, bytes_out::integer
     from gateway.request_log where sidecar = 'test' order by bytes_out`,
  );
  expect(stored).toEqual(
    texts.map((text, i) => ({
      ...{ path: text, route: text, request_headers: { text }, request_body: text + text, user_agent: text },
      ...{ traceback: null, response_body: null, bytes_out: i },
    })),
  );
  await gateway.sql(`delete from gateway.request_log where sidecar = 'test'`);
  await pool.end();
});

test('at the level errors, only refused and failed requests are kept', async () => {
  await setLevel('errors');
  const good = await request('/api/v1/ping', { key: demo });
  const bad = await request('/api/v1/no.such.model', { key: demo });
  const row = await expectRow(bad.id);
  expect(row).toMatchObject({ status: 404, level: 'errors', reason: 'odoo.model', route: '/api/v1/:model' });
  expect(row.request_headers).toBeNull();
  expect(await rowOf(good.id)).toBeUndefined();
});

test('at the level metadata, every request is kept with its times, but without bodies', async () => {
  await setLevel('metadata');
  const { id, answer } = await request('/api/v1/res.partner?limit=1', { key: demo });
  expect(answer.status).toBe(200);
  const row = await expectRow(id);
  expect(row).toMatchObject({ status: 200, level: 'metadata', model: 'res.partner', path: '/api/v1/res.partner?limit=1' });
  expect(row.odoo_ms).toBeGreaterThan(0);
  expect(row.gateway_ms).toBeGreaterThan(row.odoo_ms ?? 0);
  expect(row.sql_count).toBeGreaterThan(0);
  expect(row.response_body).toBeNull();
});

test.each([
  ['Bearer written twice', { headers: { Authorization: `Bearer Bearer ${gateway.keys.admin}` } }, '"Bearer" in front of it'],
  ['Bearer in X-API-Key', { headers: { 'X-API-Key': `Bearer ${gateway.keys.admin}` } }, '"Bearer" in front of it'],
  ['quotation marks', { key: `"${gateway.keys.admin}"` }, 'quotation marks around it'],
  ['an escaped line end', { key: `${gateway.keys.admin}\\n` }, 'the end of its line'],
  ['a blank', { key: `${gateway.keys.admin.slice(0, 9)} ${gateway.keys.admin.slice(9)}` }, 'blanks in it'],
  [
    'the line end that echo adds to base64',
    { headers: { Authorization: `Basic ${Buffer.from(`admin:${gateway.keys.admin}\n`).toString('base64')}` } },
    'the end of its line',
  ],
])('if a key was pasted with %s, the log says so, but not the answer', async (_name, options, hint) => {
  const { id, answer } = await request('/api/v1/ping', options);
  expect([answer.status, answer.json.error.message]).toEqual([401, 'Invalid or expired credentials']);
  await until('the row', async () => (await rowOf(id)) !== undefined);
  expect((await rowOf(id))?.message).toBe(`Invalid or expired credentials: the key was pasted with ${hint}`);
});

test('dropping a day does not delay rows of another day', async () => {
  await setLevel('metadata');
  const days = await gateway.sql<{ name: string }>('select name from gateway.log_partitions() order by day');
  const [oldest] = days;
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    // The lock that drop_log_day() holds until its transaction ends.
    await client.query(`begin; lock table gateway.${oldest?.name} in access exclusive mode`);
    const { id } = await request('/api/v1/ping', { key: demo });
    const today = `gateway.request_log_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
    await until('the row is stored', async () => {
      const rows = await gateway.sql(`select from ${today} where request_id = $1`, [id]);
      return rows.length === 1;
    });
  } finally {
    await client.end();
  }
});

test('at the level payloads, headers and bodies are kept; a profile may choose this level for its users', async () => {
  await setLevel('errors');
  const profile = await gateway.orm<number[]>('gateway.profile', 'create', {
    vals_list: [{ name: 'Watched', log_level: 'payloads' }],
  });
  const [user] = await gateway.sql<{ id: number }>('select user_id as id from res_users_apikeys where index = $1', [
    demo.slice(0, 8),
  ]);
  await gateway.orm('res.users', 'write', { ids: [user?.id], vals: { gateway_profile_id: profile[0] } });
  await settled();
  const watched = await expectRow((await request('/api/v1/res.partner?limit=1', { key: demo })).id);
  expect(watched.level).toBe('payloads');
  expect(watched.request_headers?.['authorization']).toBe('Bearer **********');
  expect(JSON.parse(watched.response_body ?? '')).toMatchObject({ success: true });
  const other = await request('/api/v1/ping', { key: admin });
  await expectRow((await request('/api/v1/ping', { key: demo })).id);
  expect(await rowOf(other.id)).toBeUndefined();
  await gateway.orm('res.users', 'write', { ids: [user?.id], vals: { gateway_profile_id: false } });
  await settled();
});

test('the log keeps the traceback of a 500, which the caller does not see, under the id that Odoo logs', async () => {
  await setLevel('errors');
  // A computed field that fails when it is read.
  const [field] = await gateway.orm<number[]>('ir.model.fields', 'create', {
    vals_list: [
      {
        name: 'x_broken',
        model_id: (await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner.category']] }))[0],
        ttype: 'char',
        store: false,
        compute: "for record in self: record['x_broken'] = 1 / 0",
      },
    ],
  });
  await gateway.orm('res.partner.category', 'create', { vals_list: [{ name: 'Broken' }] });
  await settled();
  const { id, answer } = await request('/api/v1/res.partner.category?fields=x_broken', { key: admin });
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('ZeroDivisionError');
  const row = await expectRow(id);
  expect(row.traceback).toContain('ZeroDivisionError');
  await gateway.orm('ir.model.fields', 'unlink', { ids: [field] });
});

test('answers show the time of each step', async () => {
  const { answer } = await request('/api/v1/res.partner?limit=1', { key: admin });
  expect(answer.headers.get('server-timing')).toMatch(/odoo;dur=[\d.]+, orm;dur=[\d.]+,.* total;dur=[\d.]+$/);
});

test('callers with the token get the metrics; all others get 404', async () => {
  expect((await gateway.get('/metrics')).status).toBe(404);
  expect((await gateway.get('/metrics', { key: 'wrong-token-of-this-test' })).status).toBe(404);
  const { status, text, headers } = await gateway.get('/metrics', { key: metricsToken });
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('text/plain');
  const requests = text.match(
    /^gateway_requests_total\{route="\/api\/v1\/:model",method="GET",status="404",reason="odoo.model"\} (\d+)$/m,
  );
  expect(Number(requests?.[1])).toBeGreaterThan(0);
  expect(text).toContain('gateway_database_ready{');
  expect(text).toContain('gateway_request_duration_seconds_bucket');
});

test('no secret is in the database, in a log file or on stdout, raw, in base64 or percent-encoded', async () => {
  await setLevel('payloads');
  const secrets = {
    odooKey: demo,
    wrongKey: 'abcdef01'.repeat(5),
    gatewayKey: `gwk_${'Zx9-_Qw3Er'.repeat(6)}`,
    password: 'C0rrect "horse" & \'staple\' é',
    clientSecret: 'q7Zk2LmN8xW4pR1sT6vY3bC9dF5gH0jK',
    jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5OTkifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    cookie: 'session-cookie-8f3e1b7a',
  };
  const { password, clientSecret, gatewayKey, jwt, wrongKey, cookie } = secrets;
  const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  const json = { 'Content-Type': 'application/json' };
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const nested = {
    password,
    name: `mail to ${gatewayKey}`,
    lines: [{ deep: [{ client_secret: clientSecret, api_key: wrongKey }] }],
    text: JSON.stringify({ token: jwt, inner: JSON.stringify({ secret: clientSecret, password }) }),
    form: `login=demo&password=${encodeURIComponent(password)}`,
    headers: { Authorization: `Bearer ${jwt}`, 'X-API-Key': gatewayKey },
    echo: `the password was ${password}`,
    encoded: Buffer.from(`x${password}y`).toString('base64'),
  };
  const ids: string[] = [];
  const send = async (path: string, options: Parameters<typeof request>[1]) => ids.push((await request(path, options)).id);

  for (const secret of [demo, wrongKey, gatewayKey, jwt]) {
    await send('/api/v1/ping', { headers: { Authorization: `Bearer ${secret}` } });
    await send('/api/v1/ping', { headers: { 'X-API-Key': secret } });
    await send('/api/v1/ping', { headers: { 'API-KEY': secret } });
    await send('/api/v1/ping', { headers: { 'X-Access-Token': secret } });
    await send('/api/v1/ping', { headers: { Authorization: basic('demo', secret), Cookie: `session_id=${cookie}` } });
    await send(`/api/v1/res.partner?api_key=${secret}&filter[name]=${secret}`, { key: demo });
    await send(`/api/v1/${secret}`, { key: demo });
    await send(`/api/v1/ping?token=${Buffer.from(secret).toString('base64')}`, { headers: { 'User-Agent': `sync ${secret}` } });
  }
  await send('/api/v1/ping', { headers: { Authorization: basic('demo', encodeURIComponent(password)) } });
  await send(`/api/v1/ping?password=${encodeURIComponent(password)}&client_secret=${clientSecret}`, { key: demo });
  for (const path of [
    '/api/v1/res.partner',
    '/api/v1/auth/login',
    '/api/oauth/token',
    '/auth/token/apikey',
    '/call',
    '/nowhere',
  ]) {
    await send(path, { method: 'POST', key: demo, headers: json, body: JSON.stringify(nested) });
    await send(path, { method: 'POST', headers: json, body: JSON.stringify(nested) });
    await send(path, { method: 'POST', headers: json, body: `{"password": ${JSON.stringify(password)}, broken` });
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'gw_x',
      client_secret: clientSecret,
      password,
    });
    await send(path, { method: 'POST', headers: form, body: String(body) });
    await send(path, { method: 'POST', headers: { ...form, Authorization: basic('gw_abc', clientSecret) }, body: String(body) });
  }
  // A secret that was sent to Odoo, which repeats it in its error.
  await send('/call', {
    method: 'POST',
    key: admin,
    headers: json,
    body: JSON.stringify({ model: 'res.partner', method: 'search_read', kwargs: { domain: [['x', '=', gatewayKey]], password } }),
  });
  for (const id of ids) await expectRow(id);
  const [kept] = await gateway.sql<{ bodies: number }>('select count(request_body)::int as bodies from gateway.request_log');
  expect(kept?.bodies).toBeGreaterThan(0);

  await gateway.sidecar.stop();
  const stored = [
    execFileSync('pg_dump', ['--schema=gateway', '--data-only', '--inserts', gateway.databaseUrl], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    }),
    execFileSync('pg_dump', ['--schema=public', '--data-only', '--inserts', gateway.databaseUrl], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    }),
    readFileSync(gateway.sidecar.log, 'utf8'),
    odooLogs(),
  ];
  expect(stored[0]).toContain(ids[0]);
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) {
      for (const [i, text] of stored.entries()) {
        const at = text.indexOf(form);
        expect(
          at === -1
            ? null
            : `${name} in ${['gateway', 'public', 'sidecar', 'Odoo'][i]}: …${text.slice(Math.max(0, at - 80), at + 20)}`,
        ).toBeNull();
      }
    }
  }
});

/** The log of these tests' Odoo so far. */
function odooLogs(): string {
  const files = readdirSync(logDir).filter((file) => file.startsWith('odoo-http'));
  expect(files).not.toHaveLength(0);
  return files.map((file) => readFileSync(join(logDir, file), 'utf8')).join('');
}

/** A secret, percent-encoded, escaped for JSON and SQL, and its base64 at every offset. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    return bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...base64];
  return [...new Set([...forms, ...forms.map((form) => form.replaceAll("'", "''"))])];
}
