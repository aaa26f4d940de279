// Real sockets: answers that their caller does not read stay in the memory of this process.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { UnreadAnswers } from '../../sidecar/src/pipeline/unread_answers.ts';

const bytes = 16 * 1024 * 1024;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function start() {
  const unread = new UnreadAnswers();
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    responses.push(response);
    response.end('x'.repeat(bytes));
    unread.hold(response, String(request.url), bytes, bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  /** A request by a caller that reads only the first bytes of its answer. */
  async function ask(caller: string): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    closing.push(() => socket.destroy());
    socket.write(`GET ${caller} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    return socket;
  }
  return { ask, isCut: () => responses.map(({ destroyed }) => destroyed) };
}

test('the caller with the most unread data loses its oldest answer if there is no room for another', async () => {
  const { ask, isCut } = await start();
  await ask('/modest');
  for (let i = 0; i < 3; i += 1) await ask('/greedy');
  expect(isCut()).toEqual([false, false, false, false]);
  await ask('/other');
  expect(isCut()).toEqual([false, true, false, false, false]);
});

test('an answer that was read makes room', async () => {
  const { ask, isCut } = await start();
  for (let i = 0; i < 6; i += 1) {
    const socket = await ask('/reader');
    let read = 0;
    for await (const chunk of socket) {
      read += (chunk as Buffer).length;
      if (read >= bytes) break;
    }
  }
  await ask('/reader');
  expect(isCut().at(-1)).toBe(false);
});
