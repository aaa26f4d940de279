// Files in the Python client: what it sends, when it sends it again, and what is left after a download that broke off.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pythonFiles } from '../../client/src/pull/python.ts';

const execute = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'python-files-'));
mkdirSync(join(dir, 'odoo_gateway'));
const schema = { 'x.order': { label: 'Order', fields: { raw: { type: 'binary' } } } };
for (const [name, text] of pythonFiles(schema, { url: 'https://example.com', hash: 'h', client: 'c' })) {
  writeFileSync(join(dir, 'odoo_gateway', name), text);
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json = (status: number, body: object): Answer => {
  return (_request, response) => response.writeHead(status, { 'Retry-After': '0' }).end(JSON.stringify(body));
};
const written = json(200, { success: true, data: { id: 7 } });
const busy = json(503, { error: { reason: 'file.busy', message: 'Later.', request_id: 'r' } });
const disposition = `attachment; filename="?.csv"; filename*=UTF-8''%C3%BC%3B.csv`;
const file = (length: number): Answer => {
  return (_request, response) => {
    const headers = { 'Content-Type': 'text/csv', 'Content-Length': length, 'Content-Disposition': disposition };
    response.writeHead(200, headers).write('a;b', () => response.destroy());
  };
};
const [whole, cut] = [file(3), file(9)];
/** Does not read the body, like the gateway when a file is too large. */
const unread: Answer = (request, response) => {
  request.pause();
  response.writeHead(413, { Connection: 'close' });
  response.end('{"error": {"reason": "request.too_large", "message": "Too large.", "request_id": "r"}}');
};

const csv = { 'content-type': 'text/csv', 'content-length': '3' };
const content = '/api/v1/x.order/1/raw/content';
interface Case {
  readonly answers: Answer[];
  /** What the call returned or raised, and what is left of the file. */
  readonly outcome: [result: unknown, left: unknown];
  readonly requests: number;
  readonly sent?: object;
}
const cases: Record<string, Case> = {
  bytes: { answers: [busy, written], outcome: [7, null], requests: 2, sent: { ...csv, url: `${content}?name=%C3%BC.csv` } },
  path: { answers: [busy, written], outcome: [7, null], requests: 2, sent: { ...csv, url: `${content}?name=%C3%BC.csv` } },
  file: { answers: [busy, written], outcome: [7, null], requests: 2, sent: { ...csv, url: content } },
  pipe: { answers: [written], outcome: [7, null], requests: 1, sent: { 'transfer-encoding': 'chunked' } },
  'pipe, refused': { answers: [busy], outcome: ['file.busy', null], requests: 1 },
  text: { answers: [written], outcome: ['client.request', null], requests: 0 },
  big: { answers: [unread], outcome: ['request.too_large', null], requests: 1 },
  read: { answers: [cut, whole], outcome: ['a;b', null], requests: 2, sent: { range: 'bytes=0-', url: `${content}?size=7` } },
  save: { answers: [cut, whole], outcome: ['ü;.csv', ['a;b', 1]], requests: 2 },
  'save, cut': { answers: [cut], outcome: ['client.network', ['a;b', 1]], requests: 2 },
  'into a file': { answers: [cut, whole], outcome: [3, '__a;b'], requests: 2 },
  'into a pipe': { answers: [busy, whole], outcome: [3, '__a;b'], requests: 2 },
  'into a pipe, cut': { answers: [cut, whole], outcome: ['client.network', '__a;b'], requests: 1 },
};

const seen = new Map<string, object[]>(Object.keys(cases).map((name) => [name, []]));
const bodies: string[] = [];
const server = createServer(async (request, response) => {
  const name = request.headers.authorization?.replace('Bearer ', '') ?? '';
  const { answers } = cases[name] as Case;
  const requests = seen.get(name) as object[];
  const answer = answers[Math.min(requests.length, answers.length - 1)] as Answer;
  if (answer !== unread && request.method !== 'GET') {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // The client has given up.
    }
    bodies.push(body);
  }
  requests.push({ ...request.headers, url: request.url });
  answer(request, response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const env = { ...process.env, GATEWAY: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, PYTHONPATH: dir };
const { stdout } = await execute('/usr/bin/python3', [join(import.meta.dirname, '../fixtures/python_files.py')], { env });
server.close();
rmSync(dir, { recursive: true });
const outcomes = JSON.parse(stdout);

test.each(Object.entries(cases))('the Python client handles the case "%s"', (name, { outcome, requests, sent = {} }) => {
  expect([outcomes[name], seen.get(name)?.length]).toEqual([outcome, requests]);
  if (requests > 0) expect(seen.get(name)?.at(-1)).toMatchObject(sent);
});

test('the whole file is sent each time', () => expect(new Set(bodies)).toEqual(new Set(['a;b'])));
