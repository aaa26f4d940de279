// Passwords can be checked in only one place, which reveals nothing but the result. No secret of a request ends up in the request
// log or the sidecar's own log, wherever it was in the request.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { logDir } from '../../scripts/stack/paths.mjs';
import type { Answer } from '../helpers/http_client.ts';
import { createUser } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin, demo } = gateway.keys;
const loginPath = '/api/v1/auth/login';

beforeAll(async () => {
  await gateway.sql(`update gateway.setting set value = '"payloads"' where name = 'log.level'`);
  const [row] = await gateway.sql<{ at: Date }>('select clock_timestamp() as at');
  await until('the sidecar has polled', () => Date.now() - (row?.at.getTime() ?? 0) > 1_000);
});

describe('methods that take or return secrets', () => {
  const credential = { type: 'password', login: 'admin', password: 'admin' };
  const calls: [string, string, unknown[]][] = [
    ['res.users', 'authenticate', [[], credential, { interactive: true }]],
    ['res.users', 'change_password', ['admin', 'another']],
    ['res.users', 'signup', [{ login: 'x', password: 'x' }]],
    ['res.users', 'reset_password', [[], 'admin']],
    ['res.users', 'action_reset_password', [[2]]],
    ['res.users', 'api_key_wizard', [[2]]],
    ['res.users', 'revoke_all_devices', [[2]]],
    ['res.users', 'action_totp_disable', [[2]]],
    ['res.users.identitycheck', 'run_check', [[1]]],
    ['change.password.wizard', 'change_password_button', [[1]]],
    ['auth_totp.wizard', 'enable', [[1]]],
    ['res.device', 'revoke', [[1]]],
    ['res.partner', 'signup_get_auth_param', [[3]]],
  ];

  test.each(calls)('%s.%s is closed on every path', async (model, method, args) => {
    const batch = [{ op: 'call', model, method, args }];
    const answers = await Promise.all([
      gateway.post('/call', { model, method, args }, { key: admin }),
      gateway.post(`/api/v1/${model}/${method}`, { args }, { key: admin }),
      gateway.post(`/api/v1/${model}/2/${method}`, { args: args.slice(1) }, { key: admin }),
      gateway.post('/api/v1/batch', batch, { key: admin }),
    ]);
    for (const { status, text } of answers) {
      expect(status, text).toBe(403);
      expect(text).not.toContain('another');
    }
    for (const place of [1, 2, 3]) expect(answers[place]?.json.error.reason).toBe('odoo.exposure');
  });

  test('the refusal names the endpoint for logins', async () => {
    const { json } = await gateway.post(
      '/call',
      { model: 'res.users', method: 'authenticate', args: [[], {}, {}] },
      { key: demo },
    );
    expect(json.error).toContain('POST /api/v1/auth/login');
  });

  test('an administrator sets a password with PATCH', async () => {
    const id = await createUser(gateway, 'forgetful');
    const answer = await gateway.request('PATCH', `/api/v1/res.users/${id}`, {
      key: admin,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ password: 'a right horse' }),
    });
    expect(answer.status, answer.text).toBe(200);
    expect((await gateway.post(loginPath, { login: 'forgetful', password: 'a right horse' })).status).toBe(200);
  });
});

test('an unknown login takes as long as a wrong password', async () => {
  const times = { known: [] as number[], unknown: [] as number[], inactive: [] as number[] };
  const id = await createUser(gateway, 'sleeping');
  await gateway.orm('res.users', 'write', { ids: [id], vals: { active: false } });
  const logins = { known: 'admin', unknown: 'nobody-of-this-name', inactive: 'sleeping' };
  for (let round = 0; round < 4; round += 1) {
    for (const kind of ['known', 'unknown', 'inactive'] as const) {
      const startedAt = performance.now();
      const { status } = await gateway.post(loginPath, { login: logins[kind], password: `wrong ${round}` });
      times[kind].push(performance.now() - startedAt);
      expect(status).toBe(401);
    }
  }
  // Without a password check, such a login would take a thirtieth of the time.
  const fastest = (kind: keyof typeof times) => Math.min(...times[kind]);
  expect(fastest('unknown')).toBeGreaterThan(fastest('known') / 3);
  expect(fastest('inactive')).toBeGreaterThan(fastest('known') / 3);
});

describe('the log at the level payloads', () => {
  const secret = (name: string) => `${name.replaceAll(/\W/g, '')}Zq7${process.pid}vKp`;
  let sent = 0;

  async function rowOf(id: string): Promise<string> {
    const find = () =>
      gateway.sql<{ row: string }>('select l::text as row from gateway.request_log l where request_id = $1', [id]);
    await until(`a row of ${id}`, async () => (await find()).length > 0);
    return (await find())[0]?.row ?? '';
  }

  type Send = (planted: string, id: Record<string, string>) => Promise<Answer>;
  const post = (path: string, body: (planted: string) => unknown, key = admin): Send => {
    return (planted, headers) => gateway.post(path, body(planted), { key, headers });
  };
  const get = (query: (planted: string) => string): Send => {
    return (planted, headers) => gateway.get(`/api/v1/${query(planted)}`, { key: admin, headers });
  };
  const encoded = (value: unknown) => encodeURIComponent(JSON.stringify(value));
  const cases: [string, Send, string?][] = [
    [
      'arguments of /call',
      post('/call', (s) => ({ model: 'res.users', method: 'change_password', args: [s, s] })),
      'change_password',
    ],
    ['arguments of a method route', post('/api/v1/res.users/change_password', (s) => ({ args: [s, 'x'] })), 'change_password'],
    ['arguments of a record method', post('/api/v1/res.users/2/action_reset_password', (s) => ({ args: [s] }))],
    [
      'a batch',
      post('/api/v1/batch', (s) => [{ op: 'call', model: 'res.users', method: 'authenticate', args: [[], { x: s }, {}] }]),
    ],
    ['execute_kw', post('/call', (s) => ({ args: ['db', 2, s, 'res.users', 'read', [[2]]] }))],
    ['a filter', get((s) => `ir.attachment?filter[access_token]=${s}&limit=3`), 'limit=3'],
    ['a filter with an operator', get((s) => `res.users?filter[password][eq]=${s}&limit=3`), 'limit=3'],
    ['a domain in the query', get((s) => `ir.attachment?limit=3&domain=${encoded([['access_token', '=', s]])}`), 'access_token'],
    ['a broken domain', get((s) => `ir.attachment?domain=${encoded([['access_token', 'equals', s]])}`)],
    ['a nested domain', get((s) => `res.partner?domain=${encoded([['user_ids', 'any', [['password', '=', s]]]])}`)],
    ['a domain of Python', get((s) => `res.partner?domain=${encodeURIComponent(`[('signup_token','=','${s}')]`)}`)],
    [
      'a domain in a call',
      post('/call', (s) => ({ model: 'ir.attachment', method: 'search', args: [[['access_token', '=', s]]] })),
      'ir.attachment',
    ],
    [
      'columns of load',
      post('/call', (s) => ({ model: 'res.users', method: 'load', args: [['login', 'password'], [['x', s]]] })),
      'login',
    ],
    [
      'columns of load by name',
      post('/api/v1/res.users/load', (s) => ({ kwargs: { fields: ['nope', 'password'], data: [['x', s]] } })),
    ],
    [
      'web_save',
      post('/call', (s) => ({
        model: 'res.partner',
        method: 'web_save',
        args: [[3], { user_ids: [[1, 2, { password: s, nope: 1 }]] }, {}],
      })),
    ],
    [
      'a context',
      post('/call', (s) => ({
        model: 'res.partner',
        method: 'search',
        args: [[]],
        kwargs: { context: { default_password: s } },
      })),
    ],
    ['values and their echo', post('/api/v1/ir.attachment', (s) => ({ name: 'x', access_token: s, type: s }))],
    [
      'a refused statement',
      post('/call', (s) => ({ model: 'ir.attachment', method: 'create', args: [{ name: false, access_token: s }] })),
    ],
    ['a result', post('/api/v1/ir.attachment', (s) => ({ name: 'x', access_token: s }))],
    [
      'rows without names',
      async (planted, headers) => {
        const [id] = await gateway.orm<number[]>('ir.attachment', 'create', {
          vals_list: [{ name: 'x', access_token: planted }],
        });
        const body = { model: 'ir.attachment', method: 'export_data', args: [[id], ['name', 'access_token']] };
        return gateway.post('/call', body, { key: admin, headers });
      },
    ],
    ['a path', (s, headers) => gateway.get(`/api/v1/res.partner/gwk_${s}`, { key: admin, headers })],
    [
      'a header of any name',
      (s, headers) => gateway.get('/api/v1/ping', { key: admin, headers: { ...headers, 'X-Note': `Bearer ${s}` } }),
    ],
    [
      'a referer',
      (s, headers) =>
        gateway.get('/api/v1/ping', { key: admin, headers: { ...headers, Referer: `https://u:${s}@x/?password=${s}` } }),
    ],
    ['a login', post(loginPath, (s) => ({ login: 'admin', password: s })), 'admin'],
    ['a login under other names', post(loginPath, (s) => ({ user: 'admin', word: s }))],
    ['a login as a list', post(loginPath, (s) => ['admin', s])],
    ['a method route with a slash', post('/api/v1/res.users/change_password/', (s) => ({ args: [s, 'x'] }))],
    ['a method route with a query', post('/api/v1/res.users/2/change_password/?x=/y', (s) => ({ args: [s, 'x'] }))],
    ['an encoded method', post('/api/v1/res.users/%61uthenticate', (s) => ({ args: ['db', s] }))],
    ['an encoded path', post('/api/v1/auth/lo%67in/', (s) => ({ login: 'admin', word: s }))],
    [
      'columns and rows apart',
      post('/call', (s) => ({ model: 'res.users', method: 'load', args: [['login', 'password']], kwargs: { data: [['x', s]] } })),
    ],
    ['keys of users', post('/api/v1/res.users.apikeys/generate', (s) => ({ args: ['rpc', s] }))],
    [
      'an order',
      post('/call', (s) => ({ model: 'res.users', method: 'search', args: [[]], kwargs: { order: `password ${s}` } })),
    ],
  ];

  test('no secret is in any column, nor in the logs of the sidecar and of Odoo', async () => {
    const planted = new Map<string, string>();
    for (const [name, send, kept] of cases) {
      sent += 1;
      const id = `places-${process.pid}-${sent}`;
      const value = secret(name);
      planted.set(name, value);
      await send(value, { 'X-Request-Id': id });
      const row = await rowOf(id);
      expect(row, name).not.toContain(value);
      if (kept !== undefined) expect(row, name).toContain(kept);
    }
    const files = readdirSync(logDir).filter((file) => file.startsWith('odoo-http'));
    expect(files).not.toEqual([]);
    const logs = [gateway.sidecar.log, ...files.map((file) => join(logDir, file))].map((file) => readFileSync(file, 'utf8'));
    for (const [name, value] of planted) for (const log of logs) expect(log.includes(value), name).toBe(false);
  });

  test('a key sent as the request id is not used as the request id', async () => {
    const { headers } = await gateway.get('/api/v1/ping', { headers: { 'X-Request-Id': demo } });
    expect(headers.get('x-request-id')).not.toBe(demo);
  });
});
