// Real sockets: clients that send requests without waiting for answers.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { inTurn } from '../../sidecar/src/pipeline/in_turn.ts';
import { until } from '../helpers/wait.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function start() {
  const begun: { path: string; body: string; response: ServerResponse }[] = [];
  let closed = 0;
  const server = createServer(
    inTurn(async (request, response) => {
      response.once('close', () => {
        closed += 1;
      });
      let body = '';
      for await (const chunk of request) body += chunk;
      begun.push({ path: String(request.url), body, response });
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  closing.push(() => {
    socket.destroy();
    server.close().closeAllConnections();
  });
  const send = (path: string, body = '') =>
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return { begun, closed: () => closed, socket, send, answers: () => text };
}

test('a request starts only when the previous request on its connection is answered, and gets its whole body', async () => {
  const { begun, send, answers } = await start();
  const bodies = ['', 'x'.repeat(100_000), 'y'];
  for (const [i, body] of bodies.entries()) send(`/${i}`, body);
  for (const [i, body] of bodies.entries()) {
    await until(`request ${i} has begun`, () => begun.length > i);
    expect(begun.map(({ path }) => path)).toEqual(bodies.slice(0, i + 1).map((_, at) => `/${at}`));
    expect(begun[i]?.body).toBe(body);
    begun[i]?.response.end(`answer ${i}`);
  }
  await until('all are answered', () => answers().includes('answer 2'));
});

test('when a client disconnects, its running request ends, and its waiting requests do not start', async () => {
  const { begun, closed, socket, send } = await start();
  for (let i = 0; i < 5; i += 1) send(`/${i}`);
  await until('the first one has begun', () => begun.length === 1);
  socket.destroy();
  await until('it has ended', () => closed() === 1);
  expect(begun).toHaveLength(1);
});

test('too many waiting requests end the connection', async () => {
  const { socket, send } = await start();
  for (let i = 0; i < 17; i += 1) send(`/${i}`);
  expect(socket.destroyed).toBe(false);
  send('/17');
  await until('it is closed', () => socket.destroyed);
});
