// Odoo's own protocols: sends the same calls to Odoo and to the gateway, and compares the answers.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createOdooKey, createUser } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { requestOf } from '../helpers/rpc_wire.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { database } = gateway;
const key = gateway.keys.admin;
const [admin] = await gateway.sql<{ id: number }>(`select id from res_users where login = 'admin'`);
const uid = admin?.id ?? 0;
const both = [gateway.odoo.url, gateway.sidecar.url] as const;
const execute = promisify(execFile);
await gateway.sql(`update gateway.setting set value = '"metadata"' where name = 'log.level'`);

interface Wire {
  status: number;
  type: string | null;
  text: string;
}

async function send(url: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Wire> {
  const answer = await fetch(url + path, { method: 'POST', body, headers: { 'Content-Type': 'text/xml', ...headers } });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

const rpc = (url: string, service: string, method: string, args: unknown[], path = '/jsonrpc') =>
  send(url, path, JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 7, params: { service, method, args } }), {
    'Content-Type': 'application/json',
  }).then(({ status, text }) => ({ status, json: JSON.parse(text) }));

const kw = (url: string, model: string, method: string, args: unknown[], kwargs: object = {}) =>
  rpc(url, 'object', 'execute_kw', [database, uid, key, model, method, args, kwargs]).then(({ json }) => json);

const json2 = async (url: string, path: string, body: unknown, bearer = key) => {
  const headers = { 'Content-Type': 'application/json', Authorization: `bearer ${bearer}`, 'X-Odoo-Database': database };
  const { status, text } = await send(url, path, JSON.stringify(body), headers);
  return { status, json: JSON.parse(text) };
};

/** The parts that must be equal: everything except the traceback and the text of internal errors. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of Odoo's
const comparable = ({ error, ...rest }: any) =>
  error === undefined ? rest : { ...rest, error: [error.code, error.message, error.data.name] };

async function save(values: Record<string, unknown>): Promise<void> {
  const web = await OdooWeb.login(gateway);
  const id = await web.call<number[]>('res.config.settings', 'create', [[values]]);
  await web.call('res.config.settings', 'execute', [id]);
}

describe('JSON-RPC answers as Odoo does', () => {
  test.each<[string, string, unknown[], object?]>([
    ['res.partner', 'search_read', [[['id', '<', 5]], ['name', 'company_id', 'credit_limit']], { limit: 3, order: 'id' }],
    ['res.partner', 'search', [[['id', '<', 9]], 0, 2, 'id desc']],
    ['res.partner', 'read', [[1], ['name', 'child_ids', 'partner_latitude']]],
    ['res.partner', 'read', [1, ['name']]],
    ['res.partner', 'search_count', [[['id', '<', 9]]]],
    ['res.partner', 'fields_get', [['name']], { attributes: ['type', 'string'] }],
    ['res.partner', 'search_read', [[['id', '=', 1]], ['name']], { context: { lang: 'en_US' } }],
    ['res.users', 'context_get', []],
    ['res.partner', 'search_read', [[['nope', '=', 1]]]],
    ['res.partner', 'nope', [[1]]],
    ['res.partner', '_compute_display_name', [[1]]],
    ['res.nope', 'search', [[]]],
    ['res.partner', 'search', [[]], { nope: 1 }],
    ['res.partner', 'write', [[99_999_999], { name: 'x' }]],
    ['res.partner', 'create', [{ name: false, type: 'contact' }]],
  ])('%s.%s %j', async (model, method, args, kwargs) => {
    const [odoo, ours] = await Promise.all(both.map((url) => kw(url, model, method, args, kwargs)));
    expect(comparable(ours)).toEqual(comparable(odoo));
  });

  test('logins, versions and refusals get the same answers', async () => {
    const calls: [string, string, unknown[]][] = [
      ['common', 'version', []],
      ['common', 'login', [database, 'admin', key]],
      ['common', 'authenticate', [database, 'admin', key, {}]],
      ['common', 'authenticate', [database, 'demo', key, {}]],
      ['common', 'login', [database, 'admin', 'wrong']],
      ['db', 'server_version', []],
      ['object', 'execute', [database, uid, key, 'res.partner', 'search', [['id', '<', 4]]]],
      ['object', 'execute_kw', [database, uid, 'wrong', 'res.partner', 'search', [[]]]],
      ['object', 'execute_kw', [database, uid, '', 'res.partner', 'search', [[]]]],
    ];
    for (const [service, method, args] of calls) {
      const [odoo, ours] = await Promise.all(both.map((url) => rpc(url, service, method, args)));
      expect([service, method, comparable(ours?.json)]).toEqual([service, method, comparable(odoo?.json)]);
      expect(ours?.status).toBe(200);
    }
  });

  test.each(['/xmlrpc/2/object', '/jsonrpc'])('an empty body of unknown length at %s gets an answer', async (path) => {
    const headers = { 'Content-Type': 'text/xml', 'Transfer-Encoding': 'chunked' };
    const asked = request(both[1] + path, { method: 'POST', headers });
    asked.end();
    const [answer] = (await once(asked, 'response', { signal: AbortSignal.timeout(5_000) })) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBeLessThan(500);
  });

  test('a large body without a credential is refused', async () => {
    const large = Array.from({ length: 5_000 }, () => 'x'.repeat(4));
    const ours = await rpc(both[1], 'common', 'version', large);
    expect(ours.json.error.data.message).toContain('too large');
  });

  test('only the beginning of a large body is parsed until its caller is known', async () => {
    const ask = (secret: string, tail: string, isSorted: boolean) => {
      const args = [database, uid, secret, 'res.partner', 'create', [{ name: 'large', comment: 'x'.repeat(30_000) }]];
      const called = { service: 'object', method: 'execute_kw' };
      const body = { method: 'call', params: isSorted ? { args, ...called } : { ...called, args }, id: 'seven' };
      return send(both[1], '/jsonrpc', JSON.stringify(body) + tail, { 'Content-Type': 'application/json' });
    };
    for (const isSorted of [false, true]) {
      const made = JSON.parse((await ask(key, '', isSorted)).text);
      expect(made).toMatchObject({ id: 'seven', result: expect.any(Number) });
      expect((await ask(key, '}', isSorted)).text).toBe('Invalid JSON data');
      expect(JSON.parse((await ask('wrong', '', isSorted)).text)).toMatchObject({
        id: 'seven',
        error: { data: { message: 'Access Denied' } },
      });
      expect(JSON.parse((await ask('wrong', '}', isSorted)).text).error.data.message).toBe('Access Denied');
    }
  });

  test('a key is valid only for its own user', async () => {
    const answer = await rpc(both[1], 'object', 'execute_kw', [database, uid + 1, key, 'res.partner', 'search', [[]]]);
    expect(answer.json.error.data).toMatchObject({ name: 'odoo.exceptions.AccessDenied', message: 'Access Denied' });
  });

  test('no traceback is sent', async () => {
    const { error } = await kw(both[1], 'res.partner', 'search', [[['nope', '=', 1]]]);
    expect(error.data.debug).toMatch(/^builtins\.ValueError: .*\nRequest [\w-]+\n$/s);
  });
});

test('JSON-2 answers as Odoo does', async () => {
  const calls: [string, unknown][] = [
    ['res.partner/search_read', { domain: [['id', '<', 4]], fields: ['name', 'company_id'], order: 'id' }],
    ['res.partner/read', { ids: [1], fields: ['name'] }],
    ['res.users/context_get', {}],
    ['res.partner/search', { domain: [], nope: 1 }],
    ['res.partner/search_read', { domain: [['nope', '=', 1]] }],
    ['res.partner/_write', { ids: [1], vals: {} }],
    ['res.partner/nope', {}],
    ['res.nope/search', { domain: [] }],
  ];
  for (const [path, body] of calls) {
    const [odoo, ours] = await Promise.all(both.map((url) => json2(url, `/json/2/${path}`, body)));
    const shown = (answer = { status: 0, json: {} as Record<string, unknown> }) =>
      answer.status === 200 ? answer : { status: answer.status, name: answer.json['name'] };
    expect([path, shown(ours)]).toEqual([path, shown(odoo)]);
  }
  const [odoo, ours] = await Promise.all(both.map((url) => json2(url, '/json/2/res.partner/search', {}, 'wrong')));
  expect([ours?.status, ours?.json.name, ours?.json.message]).toEqual([odoo?.status, odoo?.json.name, odoo?.json.message]);
  const documents = await Promise.all(
    both.map(async (url) => {
      const headers = { Authorization: `Bearer ${key}`, 'X-Odoo-Database': database };
      const answer = await fetch(`${url}/doc-bearer/res.device.json`, { headers });
      return (await answer.json()) as { methods: { write: { parameters: object } } };
    }),
  );
  expect(documents[1]).toEqual(documents[0]);
  expect(Object.keys(documents[1]?.methods.write.parameters ?? {})).toEqual(['vals']);
  const versions = await Promise.all(both.map(async (url) => (await fetch(`${url}/json/version`)).json()));
  expect(versions[1]).toEqual(versions[0]);
});

describe('XML-RPC', () => {
  test.each([1, 2])("version %i: Python's own client gets the same answers as from Odoo", async (version) => {
    const script = join(import.meta.dirname, '../fixtures/rpc/python_xmlrpc.py');
    const run = async (url: string) => {
      const { stdout } = await execute('/usr/bin/python3', [script, url, String(version), database, 'admin', key]);
      return JSON.parse(stdout);
    };
    const [odoo, ours] = await Promise.all(both.map(run));
    expect(ours).toEqual(odoo);
    expect(ours).toMatchObject({ uid, wrong: false, gone: [] });
  });

  test('a method that returns nothing answers false, base64 is accepted, an empty PHP array is an object', async () => {
    const value = (inner: string) => `<param><value>${inner}</value></param>`;
    const call = (...params: string[]) =>
      send(
        both[1],
        '/xmlrpc/2/object',
        `<methodCall><methodName>execute_kw</methodName><params>${params.join('')}</params></methodCall>`,
      );
    const who = [value(database), value(`<int>${uid}</int>`), value(key), value('res.partner')];
    const id = (await kw(both[1], 'res.partner', 'create', [{ name: 'xml' }])).result as number;
    const ids = `<array><data><value><array><data><value><int>${id}</int></value></data></array></value></data></array>`;
    const archived = await call(...who, value('action_archive'), value(ids), value('<array><data></data></array>'));
    expect(archived.text).toContain('<boolean>0</boolean>');
    expect(archived.text).not.toContain('nil');
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const member = `<value><struct><member><name>image_1920</name><value><base64>${pixel}</base64></value></member></struct></value>`;
    const withImage = ids.replace('</array></value></data></array>', `</array></value>${member}</data></array>`);
    expect((await call(...who, value('write'), value(withImage))).text).toContain('<boolean>1</boolean>');
  });

  test('a body that is not XML gets fault 1 with the status 200', async () => {
    const answer = await send(both[1], '/xmlrpc/2/common', '<!DOCTYPE x><methodCall/>');
    expect([answer.status, answer.type]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(answer.text).toMatch(/<int>1<\/int>[\s\S]*DOCTYPE/);
  });
});

async function passwords(areTaken: boolean): Promise<void> {
  await gateway.sql(`update gateway.setting set value = $1 where name = 'rpc.passwords'`, [String(areTaken)]);
  const login = () => rpc(both[1], 'common', 'login', [database, 'admin', 'admin']);
  await until('the setting holds', async () => (await login()).json.result === (areTaken ? uid : false));
}

test('no protocol allows more than /call does', async () => {
  await passwords(true);
  const web = await OdooWeb.login(gateway);
  const narrowed = async (name: string, scopes: string) => (await web.create('gateway.key', { name, scopes })).secret;
  const keys = {
    'a full key': key,
    'a key that reads partners': await narrowed('reads', 'res.partner:read'),
    'a key without call': await narrowed('writes', 'res.partner:read res.partner:write'),
  };
  const file = { res_model: 'res.partner', name: 'x' };
  const refused: [keyof typeof keys, string, string, Record<string, unknown>][] = [
    ['a full key', 'ir.config_parameter', 'search_read', { domain: [] }],
    ['a full key', 'ir.config_parameter', 'fields_get', { allfields: ['key'] }],
    ['a full key', 'res.users', 'read', { ids: [uid], fields: ['password'] }],
    ['a full key', 'res.users', 'search_read', { domain: [['password', 'like', 'a']], fields: ['name'] }],
    ['a full key', 'res.users', 'fields_get', { allfields: ['api_key_ids', 'nope'] }],
    ['a full key', 'res.users', 'default_get', { fields: ['api_key_ids', 'nope'] }],
    ['a full key', 'res.users', 'write', { ids: [uid], vals: { api_key_ids: [[0, 0, { name: '' }]] } }],
    ['a full key', 'res.partner', 'sudo', { ids: [1] }],
    ['a full key', 'res.partner', 'with_user', { ids: [1], user: 1 }],
    ['a full key', 'ir.attachment', 'create', { vals_list: { ...file, res_model: 'ir.cron', res_id: 1 } }],
    ['a full key', 'ir.attachment', 'create', { vals_list: { ...file, res_id: 1.5 } }],
    ['a full key', 'res.partner', 'search_count', { domain: [], context: { active_model: 'ir.cron', active_id: 1 } }],
    ['a full key', 'res.partner', 'search_count', { domain: [], context: { active_ids: [1] } }],
    ['a full key', 'res.partner', 'search_count', { domain: [], context: { allowed_company_ids: [99_999_999] } }],
    ['a key that reads partners', 'res.country', 'read', { ids: [1], fields: ['name'] }],
    ['a key that reads partners', 'res.partner', 'search_read', { domain: [['country_id.code', '=', 'BE']], fields: ['name'] }],
    [
      'a key that reads partners',
      'res.partner',
      'web_read',
      { ids: [1], specification: { user_ids: { fields: { login: {} } } } },
    ],
    ['a key that reads partners', 'res.partner', 'write', { ids: [1], vals: { name: '' } }],
    ['a key that reads partners', 'res.partner', 'create', { vals_list: { name: '' } }],
    ['a key that reads partners', 'res.partner', 'unlink', { ids: [1] }],
    ['a key that reads partners', 'res.partner', 'action_archive', { ids: [1] }],
    ['a key without call', 'res.partner', 'message_post', { ids: [1] }],
    ['a key without call', 'res.partner', 'write', { ids: [1], vals: { user_ids: [[0, 0, { login: '' }]] } }],
    [
      'a key without call',
      'res.partner',
      'create',
      { vals_list: { name: '' }, context: { default_user_ids: [[0, 0, { login: '' }]] } },
    ],
  ];
  const protocols = ['xmlrpc.2', 'xmlrpc.1', 'jsonrpc', 'json2'] as const;
  const writing = { whole: 'int', isTyped: true, encoding: 'utf-8', id: 1 } as const;
  const answers: { id: string; of: string; text: string }[] = [];
  for (const [row, [who, model, method, { ids, context, ...named }]] of refused.entries()) {
    const kwargs = context === undefined ? {} : { context };
    const byPosition = { model, method, args: [...(ids === undefined ? [] : [ids]), ...Object.values(named)], kwargs };
    const byName = { ...byPosition, args: [], kwargs: { ...named, ...kwargs }, ids };
    const ask = async (way: string, path: string, headers: object, body: Uint8Array | string) => {
      const id = `rights-${row}-${way}`;
      const answer = await gateway.request('POST', path, { headers: { ...headers, 'X-Request-Id': id }, body });
      answers.push({ id, of: `rights-${row}-call`, text: answer.text });
    };
    const secrets = who === 'a full key' ? [key, 'admin'] : [keys[who]];
    const overProtocols = secrets.flatMap((secret) =>
      // The bearer token of JSON-2 is a key.
      (secret === 'admin' ? (['jsonrpc'] as const) : protocols).map((protocol) => {
        const asked = { ...(protocol === 'json2' ? byName : byPosition), protocol, service: 'object', writing } as const;
        const { path, headers, body } = requestOf(asked, { database, login: 'admin', uid, key: secret });
        return ask(`${protocol}-${secret === 'admin' ? 'password' : 'key'}`, path, headers, body);
      }),
    );
    const headers = { Authorization: `Bearer ${keys[who]}`, 'Content-Type': 'application/json' };
    await Promise.all([ask('call', '/call', headers, JSON.stringify(byPosition)), ...overProtocols]);
  }
  const isRefused = (text: string) => /<name>faultCode<|"error": ?\{|"debug":|"success":false/.test(text);
  expect(answers.filter(({ text }) => !isRefused(text))).toEqual([]);
  const reasons = async () =>
    new Map(
      (
        await gateway.sql<{ id: string; reason: string }>(
          `select request_id as id, reason from gateway.request_log where request_id like 'rights-%'`,
        )
      ).map(({ id, reason }) => [id, reason]),
    );
  await until('all are in the log', async () => (await reasons()).size === answers.length);
  const logged = await reasons();
  expect(answers.map(({ id }) => [id, logged.get(id)])).toEqual(answers.map(({ id, of }) => [id, logged.get(of)]));
  await passwords(false);
});

test('wrong passwords count, a second factor needs a key, and a manager may close protocols or refuse passwords', async () => {
  const login = (password: string) =>
    rpc(both[1], 'common', 'login', [database, 'admin', password]).then(({ json }) => json.result);
  expect(await login('admin')).toBe(false);
  await save({ gateway_rpc_passwords: true, gateway_rpc_jsonrpc: true });
  await until('passwords are accepted', async () => (await login('admin')) === uid, 5_000);
  const { result } = (
    await rpc(both[1], 'object', 'execute_kw', [database, uid, 'admin', 'res.partner', 'search_count', [[['id', '=', 1]]]])
  ).json;
  expect(result).toBe(1);
  const careful = await createUser(gateway, 'two_factors');
  await gateway.orm('res.users', 'write', { ids: [careful], vals: { password: 'two factors' } });
  await gateway.sql('update res_users set totp_secret = $1 where id = $2', ['A'.repeat(32), careful]);
  const loginOf = async (secret: string) =>
    (await rpc(both[1], 'common', 'login', [database, 'two_factors', secret])).json.result;
  expect(await loginOf('two factors')).toBe(false);
  expect(await loginOf((await createOdooKey(gateway, { userId: careful })).secret)).toBe(careful);
  await save({ gateway_rpc_passwords: false, gateway_rpc_json2: false });
  await until('JSON-2 is closed', async () => (await json2(both[1], '/json/2/res.users/context_get', {})).status === 404, 5_000);
  expect(await login('admin')).toBe(false);
  await gateway.sql(`update gateway.setting set value = '3' where name = 'throttle.failed'`);
  const failed = async () => {
    const { json } = await rpc(both[1], 'common', 'login', [database, 'admin', `wrong ${Math.random()}`]);
    return json.error !== undefined;
  };
  await until('the address has failed too often', failed, 5_000);
  expect(await login(key)).toBe(uid);
});

test('the page Legacy Clients shows the figures of the log', async () => {
  const uses = `
    select protocol, consumer, client, model, method, requests::int, failed::int from gateway.protocol_use order by 1, 2, 3, 4, 5`;
  const logged = `
    select
      case route
        when '/xmlrpc/:service' then 'xmlrpc' when '/xmlrpc/2/:service' then 'xmlrpc.2' when '/jsonrpc' then 'jsonrpc' else 'json2'
      end as protocol, consumer,
      coalesce(user_agent, '') as client,
      case when reason in ('odoo.model', 'odoo.method') then '' else coalesce(model, '') end as model,
      case
        when model is null and status < 400 then 'login'
        when reason in ('odoo.model', 'odoo.method') then '' else coalesce(odoo_method, '')
      end as method,
      count(*)::int as requests, (count(*) filter (where status >= 400))::int as failed
    from gateway.request_log
    where route in ('/xmlrpc/:service', '/xmlrpc/2/:service', '/jsonrpc', '/json/2/:model/:method') and user_id is not null
    group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`;
  const same = async () => JSON.stringify(await gateway.sql(uses)) === JSON.stringify(await gateway.sql(logged));
  await until('the figures equal the log', same, 10_000).catch(() => {});
  expect(await gateway.sql(uses)).toEqual(await gateway.sql(logged));
  expect((await gateway.sql(uses)).length).toBeGreaterThan(20);
  const web = await OdooWeb.login(gateway);
  const names = ['protocol', 'consumer', 'client', 'model', 'method', 'requests', 'failed'];
  const shown = await web.call<Record<string, unknown>[]>('gateway.protocol.use', 'search_read', [[], names]);
  const shownAs: Record<string, string> = { '(no User-Agent)': '', '(does not exist)': '' };
  const rows = (found: Record<string, unknown>[]) =>
    found.map((row) => JSON.stringify(names.map((name) => (shownAs[String(row[name])] ?? row[name]) || 0))).sort();
  expect(rows(shown)).toEqual(rows(await gateway.sql(logged)));
});
