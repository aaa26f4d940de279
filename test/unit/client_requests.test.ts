// The client's requests: what it sends, when it sends it again, and what it throws. Each test runs a server that gives the
// answers it needs.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { Gateway, GatewayError } from '../../client/src/index.ts';

interface Canned {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}
type Seen = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/**
 * A server that gives these answers one after the other, and the requests that it has seen. If a function is passed instead, it
 * answers all requests.
 */
async function serverOf(...answers: [(seen: Seen) => Canned] | Canned[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    const answer = answers[Math.min(seen.length, answers.length - 1)] as Canned | ((seen: Seen) => Canned);
    seen.push({ method, url, headers, body });
    const {
      status,
      headers: sent,
      body: canned,
    } = typeof answer === 'function' ? answer({ method, url, headers, body }) : answer;
    response.writeHead(status, sent).end(typeof canned === 'string' ? canned : JSON.stringify(canned ?? success));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const success = { success: true, data: { id: 7 } };
const refused = (status: number, reason: string, retryAfter?: string): Canned => ({
  status,
  body: { success: false, error: { code: status, message: 'Not now.', reason, request_id: 'r1', details: { model: 'x' } } },
  headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter },
});
const ok: Canned = { status: 200 };

describe('requests that are sent again', () => {
  test.each([
    ['a limit', refused(429, 'throttle.exceeded', '0')],
    ['a conflict', refused(409, 'odoo.conflict', '0')],
    ['a restart of Odoo', refused(503, 'odoo.unavailable', '0')],
    ['a date from a proxy', refused(503, 'odoo.unavailable', new Date(0).toUTCString())],
    ['a proxy without a gateway', { status: 502, body: '<html>Bad gateway</html>', headers: { 'Retry-After': '0' } }],
  ])('after %s, a write is sent again with the same Idempotency-Key', async (_name, refusal) => {
    const { url, seen } = await serverOf(refusal, refusal, ok);
    const { data } = await new Gateway({ url, key: 'k' }).model('res.partner').create({ name: 'Azure' });
    const keys = seen.map(({ headers }) => headers['idempotency-key']);
    expect([data, seen.length, new Set(keys).size, keys[0]?.length]).toEqual([{ id: 7 }, 3, 1, 32]);
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1);
  });

  test('each write has its own Idempotency-Key; reads and dry runs have none', async () => {
    const { url, seen } = await serverOf(ok);
    const partners = new Gateway({ url, key: 'k' }).model('res.partner');
    await partners.update(7, { name: 'a' });
    await partners.update(7, { name: 'b' });
    await partners.update(7, { name: 'b' }, { idempotencyKey: 'mine' });
    await partners.update(7, { name: 'b' }, { dryRun: true, quiet: true });
    await partners.get(7);
    const [first, second, ...others] = seen.map(({ headers }) => headers['idempotency-key']);
    expect([first === second, others]).toEqual([false, ['mine', undefined, undefined]]);
    expect(seen[3]?.headers['prefer']).toBe('tx=rollback, notify=none');
  });

  test.each([
    ['a permanent refusal', refused(403, 'scope.insufficient'), 1],
    ['a wait that is too long', refused(429, 'throttle.exceeded', '3600'), 1],
    ['a date too far in the future', refused(429, 'throttle.exceeded', new Date(Date.now() + 3_600_000).toUTCString()), 1],
    ['too many failures', refused(503, 'odoo.unavailable', '0'), 3],
  ])('a request is not sent again after %s', async (_name, refusal, requests) => {
    const { url, seen } = await serverOf(refusal);
    const failed = new Gateway({ url, key: 'k', retries: 2 }).model('x').get(1);
    const { code: status, reason } = (refusal.body as { error: { code: number; reason: string } }).error;
    await expect(failed).rejects.toMatchObject({
      name: 'GatewayError',
      status,
      reason,
      requestId: 'r1',
      details: { model: 'x' },
    });
    expect(seen.length).toBe(requests);
  });

  test('a write without an Idempotency-Key is not sent again', async () => {
    const { url, seen } = await serverOf(refused(503, 'odoo.unavailable', '0'), ok);
    const lost = new Gateway({ url, key: 'k' }).model('x').remove(1, { idempotencyKey: false });
    await expect(lost).rejects.toMatchObject({ reason: 'odoo.unavailable', retryAfterS: 0 });
    expect(seen.length).toBe(1);
  });

  test('an upload from a stream is not sent again, because the stream is used up', async () => {
    const { url, seen } = await serverOf(refused(503, 'odoo.unavailable', '0'), ok);
    const stream = new Blob(['a;b']).stream();
    const lost = new Gateway({ url, key: 'k' }).model('x').writeFile(1, 'raw', stream, { filename: 'ü.csv', type: 'text/csv' });
    await expect(lost).rejects.toMatchObject({ reason: 'odoo.unavailable' });
    const [{ body, headers, url: path } = {} as Seen] = seen;
    expect([seen.length, body, headers['content-type'], path]).toEqual([
      1,
      'a;b',
      'text/csv',
      '/api/v1/x/1/raw/content?name=%C3%BC.csv',
    ]);
  });

  test('a request is no longer sent after its signal aborts', async () => {
    const { url } = await serverOf(refused(503, 'odoo.unavailable', '30'));
    const controller = new AbortController();
    const waiting = new Gateway({ url, key: 'k' }).model('x').get(1, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('errors', () => {
  test('a server that cannot be reached is reported as an error of the client, with its cause', async () => {
    const lost = new Gateway({ url: 'http://127.0.0.1:9', retries: 0 }).model('x').get(1);
    await expect(lost).rejects.toMatchObject({ reason: 'client.network', status: 0, cause: expect.any(Error) });
  });

  test.each([
    ['a page', { status: 404, body: '<html>' }],
    ['JSON from another server', { status: 200, body: '"ok"' }],
    ['nothing', { status: 200, body: 'null' }],
  ])('an answer that is not from the gateway is reported as such: %s', async (_name, answer) => {
    const { url, seen } = await serverOf(answer);
    const lost = new Gateway({ url }).model('x').get(1);
    await expect(lost).rejects.toBeInstanceOf(GatewayError);
    await expect(lost).rejects.toMatchObject({ reason: 'client.answer', status: answer.status });
    expect(seen.length).toBe(1);
  });

  test('a value that cannot be part of an address is refused, instead of changing the address', async () => {
    const { url, seen } = await serverOf(ok);
    const gateway = new Gateway({ url });
    const partners = gateway.model('res.partner');
    const refusal = { reason: 'client.request' };
    for (const value of ['.', '..', '']) {
      expect(() => partners.upsert('ref', value, {})).toThrow(expect.objectContaining(refusal));
      expect(() => partners.call(value, { id: 1 })).toThrow(expect.objectContaining(refusal));
    }
    await partners.call('../../x?y#z', { id: 1 });
    expect(seen.map(({ url: path }) => path)).toEqual(['/api/v1/res.partner/1/..%2F..%2Fx%3Fy%23z']);
  });

  test.each([
    ['undefined', { ref: undefined }],
    ['null', { ref: null }],
    ['no operator', { ref: {} }],
    ['an operator with undefined', { ref: { eq: undefined } }],
    ['a list with null', { ref: { in: [null] } }],
  ])('a condition without a value is refused, instead of finding all records: %s', async (_name, filter) => {
    const { url, seen } = await serverOf(ok);
    const found = { filter, maxAffected: 10 } as never;
    expect(() => new Gateway({ url }).model('x').removeFound(found)).toThrow(/filter\.ref/);
    expect(seen).toEqual([]);
  });
});

describe('credentials', () => {
  const token = (name: string): Canned => ({ status: 200, body: { access_token: name, token_type: 'Bearer', expires_in: 3600 } });
  const authorization = ({ headers }: Seen) => headers.authorization;

  test('an OAuth client fetches one token for simultaneous requests, and a new one when the token is refused', async () => {
    const expired = refused(401, 'auth.expired');
    const { url, seen } = await serverOf(token('one'), ok, ok, expired, token('two'), ok);
    const gateway = new Gateway({ url, oauth: { clientId: 'c', clientSecret: 's&s', scope: 'read' } });
    await Promise.all([gateway.model('x').get(1), gateway.model('x').get(2)]);
    await gateway.model('x').get(3);
    expect(seen.map(({ url: path }) => path?.slice(0, 10))).toEqual([
      '/api/oauth',
      ...Array(3).fill('/api/v1/x/'),
      '/api/oauth',
      '/api/v1/x/',
    ]);
    expect(seen[0]?.body).toBe('grant_type=client_credentials&client_id=c&client_secret=s%26s&scope=read');
    expect(seen.slice(3).map(authorization)).toEqual(['Bearer one', undefined, 'Bearer two']);
  });

  test('requests that are refused at the same time fetch one new token, and the fetch names the database, too', async () => {
    const names = ['one', 'two', 'three'];
    const { url, seen } = await serverOf(({ url: path, headers }) => {
      if (path === '/api/oauth/token') return token(names.shift() ?? '');
      return headers.authorization === 'Bearer one' ? refused(401, 'auth.expired') : ok;
    });
    const gateway = new Gateway({ url, retries: 0, database: 'other', oauth: { clientId: 'c', clientSecret: 's' } });
    await Promise.all([1, 2, 3].map((id) => gateway.model('x').get(id)));
    const tokens = seen.filter(({ url: path }) => path === '/api/oauth/token');
    expect(tokens.map(({ headers }) => headers['x-odoo-database'])).toEqual(['other', 'other']);
    expect(seen.length).toBe(8);
  });

  test('a signal also ends the wait for a token', async () => {
    const waiting = new Gateway({ url: 'http://127.0.0.1:9', key: () => new Promise<string>(() => {}) });
    const failed = waiting.model('x').get(1, { signal: AbortSignal.timeout(20) });
    await expect(failed).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test.each([301, 302, 307, 308])('no redirect (%i) carries a credential or a write to another address', async (status) => {
    const other = await serverOf(ok);
    const { url, seen } = await serverOf({ status, headers: { Location: `${other.url}/api/v1/x` } });
    const secrets = { clientId: 'c', clientSecret: 's' };
    for (const gateway of [new Gateway({ url, key: 'secret' }), new Gateway({ url, oauth: secrets })]) {
      const lost = gateway.model('x').create({ name: 'a' });
      await expect(lost).rejects.toMatchObject({ status, reason: 'client.answer', message: expect.stringContaining(other.url) });
    }
    expect([seen.length, other.seen]).toEqual([2, []]);
  });

  test('the reason for refusing an OAuth client is reported', async () => {
    const body = { error: 'invalid_client', error_description: 'Wrong.', reason: 'auth.invalid', request_id: 'r2' };
    const { url } = await serverOf({ status: 401, body });
    const failed = new Gateway({ url, oauth: { clientId: 'c', clientSecret: 's' } }).model('x').get(1);
    await expect(failed).rejects.toMatchObject({ reason: 'auth.invalid', message: 'Wrong.', requestId: 'r2' });
  });

  test('a key may come from a function; company, language, time zone and database are headers', async () => {
    const { url, seen } = await serverOf(ok);
    const chosen = { company: 2, language: 'fr-FR', timezone: 'Europe/Paris', database: 'main', headers: { 'X-Mine': '1' } };
    await new Gateway({ url: `${url}/`, key: async () => 'fresh', ...chosen }).model('x').get(1);
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer fresh',
      'x-odoo-company': '2',
      'x-odoo-language': 'fr-FR',
      'x-odoo-timezone': 'Europe/Paris',
      'x-odoo-database': 'main',
      'x-mine': '1',
    });
  });
});

describe('in Python', () => {
  const run = promisify(execFile);
  const folder = join(import.meta.dirname, '../../client/src/pull');

  /** Runs the code, in which `model` is a model of the gateway at `url`, and returns what it prints. */
  async function python(url: string, code: string): Promise<string> {
    const start = `import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(folder)})
from python_package.client import Client
from python_package.errors import GatewayError
from python_package.records import Model
model = Model(Client(${JSON.stringify(url)}, "secret"), "x")
`;
    return (await run('/usr/bin/python3', ['-c', start + code])).stdout.trim();
  }

  const create = `try:
    print(json.dumps(model.create({"name": "a"}).data))
except GatewayError as error:
    print(error.status, error.reason, error.request_id)`;

  test.each([
    ['a limit', refused(429, 'throttle.exceeded', '0')],
    ['a date', refused(503, 'odoo.unavailable', new Date(0).toUTCString())],
  ])('a write is sent again with the same Idempotency-Key after %s', async (_name, refusal) => {
    const { url, seen } = await serverOf(refusal, ok);
    expect(await python(url, create)).toBe('{"id": 7}');
    expect([seen.length, new Set(seen.map(({ headers }) => headers['idempotency-key'])).size]).toEqual([2, 1]);
  });

  test.each([
    ['an answer from another server', { status: 200, body: 'null' }, '200 client.answer None'],
    [
      'a date too far in the future',
      refused(429, 'throttle.exceeded', new Date(Date.now() + 3_600_000).toUTCString()),
      '429 throttle.exceeded r1',
    ],
  ])('%s is reported as an error after one request', async (_name, answer, printed) => {
    const { url, seen } = await serverOf(answer);
    expect([await python(url, create), seen.length]).toEqual([printed, 1]);
  });

  test.each([301, 307])('no redirect (%i) carries the key or the write to another address', async (status) => {
    const other = await serverOf(ok);
    const { url, seen } = await serverOf({ status, headers: { Location: `${other.url}/api/v1/x` } });
    expect(await python(url, create)).toBe(`${status} client.answer None`);
    expect(await python(url, create.replace('create({"name": "a"})', 'get(1)'))).toBe(`${status} client.answer None`);
    expect([seen.length, other.seen]).toEqual([2, []]);
  });

  test('a value that cannot be sent is refused', async () => {
    const { url, seen } = await serverOf(ok);
    const calls = ['search(filter={"a": None})', 'search(filter={"a": {"in": [None]}})', 'upsert("ref", "..", {})'];
    for (const call of calls) {
      const printed = await python(url, create.replace('create({"name": "a"})', call));
      expect(printed).toBe('0 client.request None');
    }
    expect(seen).toEqual([]);
  });
});

test('a loop that ends early sends no further request', async () => {
  const page = { status: 200, body: { success: true, data: [{ id: 1 }], meta: { limit: 1, next: 'n' } } };
  const changes = { status: 200, body: { success: true, data: { upserts: [{ id: 1 }], removed: [] }, meta: { next: 'n' } } };
  const { url, seen } = await serverOf(page, changes);
  const model = new Gateway({ url }).model('x');
  for await (const { meta } of model.pages()) if (meta.next === 'n') break;
  for await (const { meta } of model.changes()) if (meta.next === 'n') break;
  expect(seen.map(({ url: path }) => path)).toEqual(['/api/v1/x', '/api/v1/x/changes?since=new&wait=25']);
});

test('a long list of conditions is sent in the body', async () => {
  const { url, seen } = await serverOf({ status: 200, body: { success: true, data: [] } });
  const partners = new Gateway({ url }).model('res.partner');
  const filter = { city: { in: ['a "b", c'] } };
  await partners.search({ filter, fields: ['name', 'email'], order: ['name', 'id'] });
  await partners.search({ filter: { id: { in: Array.from({ length: 900 }, (_, i) => i) } } });
  const address = new URL(seen[0]?.url ?? '', url);
  expect(Object.fromEntries(address.searchParams)).toEqual({
    fields: 'name,email',
    order: 'name,id',
    'filter[city][in]': '"a ""b"", c"',
  });
  expect([seen[1]?.method, seen[1]?.url, JSON.parse(seen[1]?.body ?? '').filter.id.in.length]).toEqual([
    'POST',
    '/api/v1/res.partner/search',
    900,
  ]);
});

test('the bundled client is smaller than 12 kB', async () => {
  const entry = join(import.meta.dirname, '../../client/src/index.ts');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  expect(outputFiles[0]?.contents.length).toBeLessThan(12_000);
});
