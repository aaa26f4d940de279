// How much memory the bodies of requests take in the sidecar: large bodies, many at once, and bodies that never end.

import { once } from 'node:events';
import { request as send } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const token = 'a-token-for-metrics-1';
const gateway = await useInstance({ shared: true, env: { GATEWAY_METRICS_TOKEN: token } });
const { hostname, port } = new URL(gateway.url);
const mebibyte = 1024 * 1024;

test('without a credential, no byte of an unexpected or too large body is read', async () => {
  const bytesIn = async () => {
    const { text } = await gateway.get('/metrics', { key: token });
    return Number(/^gateway_body_bytes_total\{direction="in"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  // Shows that the counter counts the bytes that are read.
  await gateway.post('/api/v1/res.partner', { name: 'counted' }, { key: gateway.keys.admin });
  await until('its body is counted', async () => (await bytesIn()) > 0);
  const before = await bytesIn();
  const body = JSON.stringify('x'.repeat(20_000));
  for (const [method, path, status] of [
    ['GET', '/api/openapi.json', 200],
    ['DELETE', '/api/openapi.json', 405],
    ['POST', '/nowhere', 404],
    ['POST', '/api/v1/auth/login', 413],
  ] as const) {
    const headers = { Host: 'x', 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const asking = send({ hostname, port, method, path, headers, agent: false });
    asking.end(body);
    const [answer] = await once(asking, 'response');
    answer.resume();
    expect([method, path, answer.statusCode]).toEqual([method, path, status]);
  }
  expect((await bytesIn()) - before).toBe(0);
});

test('a caller whose uploads would fill the memory is refused, while other callers are served', async () => {
  const upload = (key: string) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let answer = '';
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    const head = ['POST /api/v1/res.partner HTTP/1.1', 'Host: x', `Authorization: Bearer ${key}`];
    head.push('Content-Type: application/json', `Content-Length: ${10 * mebibyte}`, '', '');
    socket.write(head.join('\r\n'));
    // Everything except the end.
    socket.write(Buffer.alloc(9 * mebibyte, ' '));
    return { socket, answer: () => answer };
  };
  // 14 such uploads fill half of 256 MiB.
  const uploads = Array.from({ length: 16 }, () => upload(gateway.keys.admin));
  await until('one is refused', () => uploads.some(({ answer }) => answer().includes('\r\n\r\n')), 20_000);
  const refused = uploads.map(({ answer }) => answer()).find((text) => text !== '') ?? '';
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toMatch(/\r\nRetry-After: 1\r\n/);
  expect(refused).toContain('"reason":"request.overloaded"');
  expect(refused).toMatch(/The bodies of your running requests take \d+ MiB together/);

  const large = { name: 'Other', comment: 'x'.repeat(mebibyte / 4) };
  const other = await gateway.post('/api/v1/res.partner', large, { key: gateway.keys.bench });
  expect(other.status).toBe(201);
  for (const { socket } of uploads) socket.destroy();
  await until('the memory of the uploads is free again', async () => {
    const answer = await gateway.post('/api/v1/res.partner', { name: 'after' }, { key: gateway.keys.admin });
    return answer.status === 201;
  });
});

test('a body that would become far larger in memory is refused before it is parsed', async () => {
  const args = `[[${'{},'.repeat(1_700_000)}{}]]`;
  const body = `{"model":"res.partner","method":"search_count","args":${args}}`;
  const headers = { 'Content-Type': 'application/json' };
  const answer = await gateway.request('POST', '/api/v1/res.partner', { key: gateway.keys.admin, headers, body });
  expect(answer.status).toBe(413);
  expect(answer.json.error).toMatchObject({
    reason: 'request.too_large',
    message: expect.stringMatching(/too many lists, objects/),
  });
});

test('the connection of a refused request is closed, even if the client keeps its half open', async () => {
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write('no request\r\n\r\n');
  await until('it is refused', () => text.startsWith('HTTP/1.1 400 '));
  await until('its connection is gone', async () => {
    socket.write('more');
    return socket.destroyed;
  });
});
