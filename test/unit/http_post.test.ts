// The exchange against servers that send exactly the bytes of a test.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { AnswerTooLarge, post } from '../../sidecar/src/executor/http_post.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers once the whole request has arrived; returns its URL and the request. */
async function serve(talk: (socket: Socket) => void): Promise<{ origin: URL; asked: () => string }> {
  let asked = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      asked += text;
      const [head, body] = asked.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head ?? '')?.[1]);
      if (body !== undefined && Buffer.byteLength(body) === length) talk(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return { origin: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), asked: () => asked };
}

async function ask(origin: URL, limitMs = 5_000): Promise<{ status: number; text: string }> {
  const { status, body } = await post(origin, '/path?x=1', ['X-Name', 'value'], '{"ü":1}', limitMs, 1_000);
  return { status, text: body.toString() };
}

test('sends HTTP/1.0 with a length in bytes', async () => {
  const { origin, asked } = await serve((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n'));
  await ask(origin);
  expect(asked()).toBe(`POST /path?x=1 HTTP/1.0\r\nHost: ${origin.host}\r\nContent-Length: 8\r\nX-Name: value\r\n\r\n{"ü":1}`);
});

test.each<[string, string[], { status: number; text: string }]>([
  ['with a length', ['HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nü!'], { status: 200, text: 'ü!' }],
  ['with a length in any case', ['HTTP/1.1 403 FORBIDDEN\r\ncontent-length:2\r\n\r\nno'], { status: 403, text: 'no' }],
  ['without a length', ['HTTP/1.0 502 Bad Gateway\r\nServer: x\r\n\r\nsorry'], { status: 502, text: 'sorry' }],
  ['without a reason phrase', ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'], { status: 200, text: '' }],
  ['in pieces', ['HTT', 'P/1.0 200 OK\r\nContent-Len', 'gth: 4\r\n\r', '\nab', 'cd'], { status: 200, text: 'abcd' }],
  ['with more bytes than its length', ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nabcd'], { status: 200, text: 'ab' }],
])('accepts an answer %s', async (_, pieces, answer) => {
  const { origin } = await serve(async (socket) => {
    for (const piece of pieces) {
      socket.write(piece);
      await delay(5);
    }
    socket.end();
  });
  expect(await ask(origin)).toEqual(answer);
});

test('does not wait for a server that keeps the connection open', async () => {
  const { origin } = await serve((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  expect(await ask(origin)).toEqual({ status: 200, text: 'ok' });
});

test('a character split over two pieces stays whole', async () => {
  const bytes = Buffer.from('HTTP/1.0 200 OK\r\n\r\nü');
  const { origin } = await serve(async (socket) => {
    socket.write(bytes.subarray(0, -1));
    await delay(5);
    socket.end(bytes.subarray(-1));
  });
  expect((await ask(origin)).text).toBe('ü');
});

test.each([
  ['closes at once', '', 'closed before'],
  ['closes during the headers', 'HTTP/1.0 200 OK\r\nContent', 'closed before'],
  ['closes during the body', 'HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'closed before'],
  ['does not speak HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'not HTTP'],
  ['answers HTTP/1.0 in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'in chunks'],
  ['never ends its headers', `HTTP/1.0 200 OK\r\nX: ${'x'.repeat(100_000)}`, 'no end of headers'],
])('fails when the server %s', async (_, said, why) => {
  const { origin } = await serve((socket) => void socket.end(said));
  await expect(ask(origin)).rejects.toThrow(why);
});

test('fails when the server is silent for too long, and when no server listens', async () => {
  const { origin } = await serve(() => {});
  await expect(ask(origin, 50)).rejects.toThrow('no answer in time');
  await expect(ask(new URL('http://127.0.0.1:1'))).rejects.toThrow('ECONNREFUSED');
});

test.each([
  ['announces its length', 'HTTP/1.0 200 OK\r\nContent-Length: 1001\r\n\r\n'],
  ['does not announce its length', `HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(1_001)}`],
])('reading stops at an answer that is one byte too long and %s', async (_, text) => {
  let closed: Promise<unknown> | undefined;
  const { origin } = await serve((socket) => {
    closed = once(socket, 'close');
    socket.write(text);
  });
  await expect(ask(origin)).rejects.toThrow(AnswerTooLarge);
  await closed;
});
