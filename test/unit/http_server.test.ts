// How different kinds of clients handle connections and bodies, byte by byte, against the server itself.

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Method, Policy, Route } from '../../sidecar/src/pipeline/context.ts';
import { createHttpServer } from '../../sidecar/src/pipeline/http_server.ts';
import { jsonBody } from '../../sidecar/src/pipeline/json_body.ts';
import { createApp } from '../../sidecar/src/pipeline/server.ts';
import type { Step } from '../../sidecar/src/pipeline/steps.ts';
import { steps } from '../../sidecar/src/pipeline/steps.ts';

const echo = (method: Method, path: string, waitMs = 0): Route => ({
  name: path,
  method,
  path,
  access: 'anonymous',
  smallBody: 'json',
  async handle({ body }) {
    await delay(waitMs);
    return { status: 200, body: { body } };
  },
});
/** There is no authentication, because the tested steps come before or after it. */
const policies = Object.fromEntries(
  steps.map((step) => [step, step === 'body' ? jsonBody() : { appliesTo: [], check: () => undefined }]),
) as unknown as Record<Step, Policy>;
let server: Server;

beforeAll(async () => {
  const routes = [echo('GET', '/echo'), echo('POST', '/echo'), echo('GET', '/slow', 1_300)];

  const app = createApp(routes, { policies, recorders: [], originOf: () => 'http://localhost', isStopping: () => false });
  server = createHttpServer(app, ({ headers }) => headers.upgrade === 'websocket');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function open() {
  return connect((server.address() as AddressInfo).port, '127.0.0.1');
}

/** The whole answer to these bytes on a connection that the server must end. */
async function exchange(head: string[], body: string | Buffer = ''): Promise<string> {
  const socket = open();
  socket.write(`${head.join('\r\n')}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  if (body.length > 0) socket.write(body);
  return text(socket);
}

const chunked = (size: number) => (size === 0 ? '0\r\n\r\n' : `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`);

describe('an upgrade that is not offered is ignored', () => {
  test.each([
    [
      "Java's upgrade to HTTP/2",
      'GET /echo HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk',
      '',
    ],
    ['a WebSocket at another path', 'GET /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket', ''],
    [
      'TLS',
      'POST /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\nContent-Type: application/json\r\nContent-Length: 7',
      '{"a":1}',
    ],
  ])('%s', async (_name, head, body) => {
    const socket = open();
    socket.end(`${head}\r\nHost: x\r\n\r\n${body}`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain(body === '' ? '{}' : '{"body":{"a":1}}');
  });

  test('the connection continues, and a WebSocket can be opened', async () => {
    const upgraded = once(server, 'upgrade');
    const socket = open();
    socket.write('GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    await once(socket, 'data');
    socket.write('GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [request, taken] = await upgraded;
    expect(request.url).toBe('/live');
    taken.destroy();
  });
});

describe('a client that closes its half of the connection', () => {
  test.each([
    ['with its request', ['GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'], 1],
    ['with its body', ['POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n', '{}'], 1],
    ['a moment later', ['GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', ''], 1],
    ['after two requests', ['GET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n'], 2],
  ])('%s gets its answer', async (_name, parts, answers) => {
    const socket = open();
    for (const [place, part] of parts.entries()) {
      if (place > 0) await delay(100);
      if (part !== '') socket.write(part);
    }
    socket.end();
    expect((await text(socket)).match(/HTTP\/1\.1 200 /g)).toHaveLength(answers);
  });

  test('long after its request, it gets no answer', async () => {
    const socket = open();
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await delay(1_100);
    socket.end();
    expect(await text(socket)).toBe('');
  });
});

describe('the media type of a body', () => {
  const post = (type: string, body: string | Buffer = '{"a":1}') =>
    exchange(['POST /echo HTTP/1.1', `Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`], body);

  test.each([
    'application/json',
    'Application/JSON ; Charset=UTF-8',
    'application/json;charset=utf8',
    'application/json; charset="utf-8"',
    "application/json; charset='utf-8'",
    'application/json; charset=UTF_8; odata.metadata=minimal',
    'application/json; odata=verbose; IEEE754Compatible=true',
    'application/json; note="a; charset=latin1"',
    'application/json;',
    'application/vnd.api+json; ext="https://x.example/a;b"',
    'application/merge-patch+json',
  ])('%s is accepted', async (type) => {
    expect(await post(type)).toContain('{"body":{"a":1}}');
  });

  test.each([
    ['application/json; charset=iso-8859-1', 'in UTF-8, not in iso-8859-1.'],
    ['application/json; a=b; charset="UTF-16"', 'in UTF-8, not in UTF-16.'],
    ['application/json-patch+json', 'application/json, not application/json-patch+json.'],
    ['text/json', 'application/json, not text/json.'],
  ])('%s is refused', async (type, words) => {
    const answer = await post(type);
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
    expect(answer).toContain(words);
  });

  test('a byte order mark before a body is not part of the body', async () => {
    expect(await post('application/json', '\uFEFF{"a":1}')).toContain('{"body":{"a":1}}');
  });

  test.each([
    ['no type', []],
    ['another type', ['Content-Type: application/octet-stream']],
    ['the type of JSON', ['Content-Type: application/json']],
    ['compression', ['Content-Type: application/json', 'Content-Encoding: gzip']],
  ])('an empty chunked body with %s does not count as a body', async (_name, headers) => {
    const answer = await exchange(['GET /echo HTTP/1.1', 'Transfer-Encoding: chunked', ...headers], chunked(0));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a chunked body that is not empty must have the type of JSON', async () => {
    const answer = await exchange(['POST /echo HTTP/1.1', 'Transfer-Encoding: chunked', 'Content-Type: text/plain'], chunked(5));
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });
});

describe('a client that waits for 100 Continue before it sends its body', () => {
  const asking = (path: string, ...headers: string[]) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n${headers.join('\r\n')}\r\n\r\n`;

  test('gets 100 Continue', async () => {
    const socket = open();
    socket.write(asking('/echo', 'Content-Type: application/json', 'Content-Length: 7', 'Connection: close'));
    expect(String((await once(socket, 'data'))[0])).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('{"a":1}');
    expect(await text(socket)).toContain('{"body":{"a":1}}');
  });

  test('other values of Expect are ignored', async () => {
    const answer = await exchange(['GET /echo HTTP/1.1', 'Expect: the-unexpected']);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ['an unknown path', '/nowhere', ['Content-Length: 7'], 404],
    ['a body of the wrong type', '/echo', ['Content-Type: text/plain', 'Content-Length: 7'], 415],
    ['a body of the wrong type and unknown length', '/echo', ['Content-Type: text/plain', 'Transfer-Encoding: chunked'], 415],
    ['a body that is too large', '/echo', ['Content-Type: application/json', 'Content-Length: 99999999'], 413],
  ])('is refused immediately: %s', async (_name, path, headers, status) => {
    const startedAt = performance.now();
    const socket = open();
    socket.write(asking(path, ...headers));
    const answer = await text(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.match(/^connection: close/gim)).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
