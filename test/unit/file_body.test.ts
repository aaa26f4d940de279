// Files that arrive over real sockets.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import type { Database } from '../../sidecar/src/db/database.ts';
import { GatewayError } from '../../sidecar/src/errors.ts';
import type { Endpoint } from '../../sidecar/src/pipeline/context.ts';
import { RequestContext } from '../../sidecar/src/pipeline/context.ts';
import { receiveFile } from '../../sidecar/src/pipeline/file_body.ts';

const largest = 100_000;
const habits = {
  requireUncompressed() {},
  tooLarge: () => new GatewayError('request.too_large'),
  discard: async () => undefined,
};
let onArrival = (_request: Request) => {};
const ended: { context: RequestContext; error: unknown }[] = [];

const server = createServer(async (plain, reply) => {
  const request = plain as Request;
  const context = new RequestContext(request, reply as Response, {} as Endpoint);
  context.address = '192.0.2.1';
  context.database = { settings: { 'file.max_bytes': largest } } as Database;
  const receiving = receiveFile(context, habits);
  onArrival(request);
  const error: unknown = await receiving.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  ended.push({ context, error });
  reply.end(error instanceof GatewayError ? error.reason : String(context.file?.bytes));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

afterAll(() => server.close().closeAllConnections());
afterEach(() => {
  onArrival = () => {};
  ended.length = 0;
  vi.unstubAllEnvs();
});

const send = async (body: NonNullable<RequestInit['body']>, type = 'text/plain') =>
  (await fetch(url, { method: 'POST', body, headers: { 'Content-Type': type }, duplex: 'half' } as RequestInit)).text();
const boundary = 'multipart/form-data; boundary=x';
const head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';
const form = `${head}content\r\n--x--\r\n`;

test.each([
  ['raw', 'text/plain'],
  ['in a form', boundary],
])('clients that disconnect while their file is opened free their places: %s', async (_how, type) => {
  onArrival = (request) => request.destroy();
  for (let i = 0; i < 5; i += 1) await expect(send(form, type)).rejects.toThrow();
  await vi.waitFor(() =>
    expect(ended.map(({ error }) => (error as GatewayError).reason)).toEqual(Array(5).fill('request.incomplete')),
  );
  onArrival = () => {};
  expect(await send(form, boundary)).toBe('7');
});

test('a full disk does not count as an error of the client, and occupies no place', async () => {
  vi.stubEnv('TMPDIR', '/nonexistent');
  for (let i = 0; i < 5; i += 1) expect(await send('content')).toBe('file.storage');
  vi.unstubAllEnvs();
  expect(await send('content')).toBe('7');
});

/** A body of unknown length. */
function* pieces(...texts: string[]): Generator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const chunked = (...texts: string[]) => ReadableStream.from(pieces(...texts)) as unknown as NonNullable<RequestInit['body']>;

test.each([
  ['a large field', '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', 'a'.repeat(200_000)],
  ['much data before the first part', 'a'.repeat(200_000), form],
  ['a large file', head, 'a'.repeat(largest + 1)],
])('a form of unknown length with %s is refused', async (_what, ...texts) => {
  expect(await send(chunked(...texts, '\r\n--x--\r\n'), boundary)).toBe('request.too_large');
});

test('a form without a boundary is not taken for a file', async () => {
  expect(await send(form, 'multipart/form-data')).toBe('file.form');
});

test('all bytes of a form are counted, and the time that they take to arrive is not charged to the gateway', async () => {
  async function* slowly() {
    yield Buffer.from(head);
    await delay(300);
    yield Buffer.from('content\r\n--x--\r\n');
  }
  expect(await send(ReadableStream.from(slowly()) as never, boundary)).toBe('7');
  const { context } = ended[0] ?? {};
  expect(context?.bytesIn).toBe(form.length);
  expect(context?.idleMs).toBeGreaterThan(50);
});
