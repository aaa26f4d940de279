import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook as Receiver } from 'standardwebhooks';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Job, Result, Webhook } from '../../sidecar/src/db/webhooks.ts';
import { GatewayError } from '../../sidecar/src/errors.ts';
import { deliver, renderEvent, retryAfter } from '../../sidecar/src/webhooks/deliver.ts';
import { Endpoint } from '../../sidecar/src/webhooks/endpoint.ts';
import { renderAll } from '../../sidecar/src/webhooks/render.ts';
import { sign } from '../../sidecar/src/webhooks/sign.ts';

const secrets = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const agent = new Agent();
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=1`;
});

afterAll(async () => {
  await agent.destroy();
  server.close();
});

const webhook = (changes: Partial<Webhook> = {}): Webhook => ({
  id: 1,
  name: 'Test',
  url,
  model: 'res.partner',
  userId: 2,
  lang: null,
  fields: [],
  concurrency: 2,
  secrets,
  headers: [],
  ...changes,
});

const job = (id: number, changes: Partial<Job> = {}): Job => ({
  id,
  eventId: `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`,
  webhookId: 1,
  event: 'write',
  model: 'res.partner',
  resId: 7,
  changed: ['name'],
  previous: { name: 'Azure' },
  recordValues: null,
  attempts: 0,
  body: null,
  createdAt: new Date('2026-11-22T10:00:00.123Z'),
  ...changes,
});

describe('a delivery', () => {
  test('is accepted by the package standardwebhooks, with the new secret and with the old one', async () => {
    const body = renderEvent(job(1), 7, { id: 7, name: 'Überraschung' });
    const verified: unknown[] = [];
    answer = (request, response, received) => {
      const headers = request.headers as Record<string, string>;
      for (const secret of secrets) verified.push(new Receiver(secret.toString('base64')).verify(received, headers));
      expect(() => new Receiver(Buffer.alloc(32, 3).toString('base64')).verify(received, headers)).toThrow();
      expect(() => new Receiver(secrets[0]?.toString('base64') ?? '').verify(`${received} `, headers)).toThrow();
      response.end('thanks');
    };
    const result = await deliver(agent, webhook(), job(1), body, 1_000);
    expect(result).toMatchObject({ job: 1, outcome: 'delivered', status: 200, response: 'thanks', error: null });
    const event = {
      id: job(1).eventId,
      type: 'res.partner.write',
      timestamp: '2026-11-22T10:00:00Z',
      data: {
        model: 'res.partner',
        id: 7,
        sequence: 7,
        changed: ['name'],
        previous: { name: 'Azure' },
        values: { id: 7, name: 'Überraschung' },
      },
    };
    expect(verified).toEqual([event, event]);
  });

  test('carries the headers of the webhook without losing its own', async () => {
    let seen: IncomingMessage['headers'] = {};
    answer = (request, response) => {
      seen = request.headers;
      response.end();
    };
    const headers = [
      { name: 'Authorization', value: 'Bearer s3cret' },
      { name: 'User-Agent', value: 'ours' },
    ];
    await deliver(agent, webhook({ headers }), job(1), '{}', 1_000);
    expect(seen).toMatchObject({
      authorization: 'Bearer s3cret',
      'user-agent': 'ours',
      'content-type': 'application/json',
      'webhook-id': job(1).eventId,
    });
  });

  test('is not made when a header has lost its value', async () => {
    answer = () => expect.unreachable('nothing must arrive');
    const result = await deliver(agent, webhook({ headers: [{ name: 'Authorization', value: null }] }), job(1), '{}', 1_000);
    expect(result).toMatchObject({ outcome: 'failed', error: expect.stringContaining('has lost its value') });
  });

  test.each([
    ['a 500', 500, {}, 'Answered 500', null, false],
    ['a redirect', 302, { location: 'http://127.0.0.1/inside' }, 'Answered 302: redirects are not followed', null, false],
    ['a 429 with Retry-After', 429, { 'retry-after': '120' }, 'Answered 429', 120, false],
    ['a 410', 410, {}, 'Answered 410', null, true],
  ])('fails with %s', async (_name, status, headers, error, wait, gone) => {
    answer = (_request, response) => response.writeHead(status, headers).end('why');
    const result = await deliver(agent, webhook(), job(1), '{}', 1_000);
    expect(result).toMatchObject({ outcome: 'failed', status, error, retry_after: wait, gone, response: 'why' });
  });

  test('fails in time when the receiver stalls, before the answer and in the middle of it', async () => {
    answer = () => {};
    await expect(deliver(agent, webhook(), job(1), '{}', 200)).resolves.toMatchObject({ error: 'No answer within 0.2 s' });
    answer = (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    };
    await expect(deliver(agent, webhook(), job(1), '{}', 200)).resolves.toMatchObject({ error: 'No answer within 0.2 s' });
  });

  test('fails when the connection breaks, and names the host', async () => {
    answer = (request) => request.socket.destroy();
    const result = await deliver(agent, webhook(), job(1), '{}', 1_000);
    expect(result).toMatchObject({ outcome: 'failed', status: null, error: expect.stringMatching(/^127\.0\.0\.1: /) });
  });

  test('keeps no header, password or token that the receiver repeats, not even in part', async () => {
    const value = 'Bearer opensesame Zq7vKp2mXw';
    for (const fill of [0, 1_010, 1_020]) {
      answer = (request, response) => response.end(`${'.'.repeat(fill)}${JSON.stringify(request.headers)} token=abcdef`);
      const target = webhook({
        headers: [
          { name: 'Authorization', value },
          { name: 'X-Own', value: 'hunter22' },
        ],
      });
      const { response } = await deliver(agent, target, job(1), '{}', 1_000);
      expect(response?.length).toBeLessThanOrEqual(1_024);
      for (const secret of ['opens', 'Zq7v', 'hunter', 'abcdef']) expect(response).not.toContain(secret);
    }
    const broken = webhook({ headers: [{ name: 'X-Own', value: 'hunter22\n' }] });
    const { outcome, error } = await deliver(agent, broken, job(1), '{}', 1_000);
    expect(outcome).toBe('failed');
    expect(error).not.toContain('hunter22');
  });

  test.each(['hunter22', 'hunter%32%32', 'hunter22%zz'])(
    'keeps nothing of the password %s in its URL, and never throws',
    async (password) => {
      answer = (_request, response) => response.end(`hello u:hunter22 ${password}`);
      const target = webhook({ url: url.replace('//', `//u:${password}@`) });
      const { outcome, response } = await deliver(agent, target, job(1), '{}', 1_000);
      expect(outcome).toBe('delivered');
      expect(response).not.toContain(password);
    },
  );

  test('keeps no string that Postgres cannot store, such as a lone surrogate', async () => {
    answer = (_request, response) => response.end(`${'.'.repeat(1_023)}😀`);
    const { response } = await deliver(agent, webhook(), job(1), '{}', 1_000);
    expect(response).toBe(`${'.'.repeat(1_023)}\ufffd`);
  });

  test('keeps the first KB of the answer and does not read an endless one', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.writable && response.write('x\0'.repeat(4_096)));
      };
      response.on('drain', more);
      more();
    };
    const result = await deliver(agent, webhook(), job(1), '{}', 2_000);
    expect(result.outcome).toBe('delivered');
    expect(result.response).toBe('x'.repeat(512));
  });
});

test('Retry-After is read in both its forms and never negative', () => {
  expect(retryAfter('7')).toBe(7);
  expect(retryAfter(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(55);
  expect(retryAfter(new Date(0).toUTCString())).toBe(0);
  expect(retryAfter('soon')).toBeNull();
  expect(retryAfter(undefined)).toBeNull();
});

test('the signature is that of the example in the specification', () => {
  // The example of github.com/standard-webhooks/standard-webhooks
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  expect(sign([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

describe('records that cannot be read', () => {
  const unreadable = 13;
  const jobs = [7, 8, unreadable, 9].map((resId, index) => job(index + 1, { resId }));
  const reader = (error: Error) => async (ids: readonly number[]) => {
    if (ids.includes(unreadable)) throw error;
    return new Map(ids.map((id) => [id, { id }]));
  };

  test('an unreadable record fails only its own job', async () => {
    const error = new GatewayError('odoo.error');
    const { ready, unread } = await renderAll(jobs, new Map(), reader(error));
    expect(ready.map(({ job: { id }, body }) => [id, JSON.parse(body).data.values.id])).toEqual([
      [1, 7],
      [2, 8],
      [4, 9],
    ]);
    expect(unread).toEqual([{ job: jobs[2], error }]);
  });

  test('the unreadable record is not searched for while Odoo is unavailable', async () => {
    const { ready, unread } = await renderAll(jobs, new Map(), reader(new GatewayError('odoo.unavailable')));
    expect([ready.length, unread.length]).toEqual([0, 4]);
  });

  test('a value that is not JSON, or a date that is not valid, fails only its own job', async () => {
    const odd = [job(1, { event: 'unlink', recordValues: { n: 1n } }), job(2), job(3, { createdAt: new Date(Number.NaN) })];
    const { ready, unread } = await renderAll(odd, new Map(), async () => new Map());
    expect(ready.map(({ job: { id } }) => id)).toEqual([2]);
    expect(unread.map(({ job: { id } }) => id)).toEqual([1, 3]);
  });
});

describe('an endpoint', () => {
  const sent: number[] = [];
  const results: Result[] = [];
  const open = new Map<number, (outcome: 'delivered' | 'failed' | Promise<never>) => void>();

  afterEach(() => {
    sent.length = 0;
    results.length = 0;
    open.clear();
  });

  const create = (mostFailures = 100, concurrency = 2) =>
    new Endpoint({
      webhook: webhook({ concurrency }),
      mostFailures: () => mostFailures,
      send: (_webhook, { job: { id } }) => {
        sent.push(id);
        return new Promise<'delivered' | 'failed'>((resolve) => open.set(id, resolve)).then((outcome) => ({ job: id, outcome }));
      },
      report: (result) => results.push(result),
      onRoom: () => {},
    });

  const take = (endpoint: Endpoint, jobs: readonly Job[]) => {
    endpoint.hold(jobs);
    endpoint.push(jobs.map((item) => ({ job: item, body: '{}' })));
  };

  async function end(id: number, outcome: 'delivered' | 'failed'): Promise<void> {
    open.get(id)?.(outcome);
    await new Promise(setImmediate);
  }

  test("sends a record's jobs one after the other, and those of several records in parallel", async () => {
    const endpoint = create();
    take(endpoint, [job(1), job(2), job(3, { resId: 8 }), job(4, { resId: 9 })]);
    expect(sent).toEqual([1, 3]);
    await end(3, 'delivered');
    expect(sent).toEqual([1, 3, 4]);
    await end(1, 'delivered');
    expect(sent).toEqual([1, 3, 4, 2]);
  });

  test('releases the jobs that wait for a failed one', async () => {
    const endpoint = create();
    take(endpoint, [job(1), job(2), job(3)]);
    await end(1, 'failed');
    expect(sent).toEqual([1]);
    expect(results.map(({ job: id, outcome }) => [id, outcome])).toEqual([
      [1, 'failed'],
      [2, 'released'],
      [3, 'released'],
    ]);
    expect(endpoint.held.size).toBe(0);
  });

  test('counts an unexpected error as a failed attempt of that job', async () => {
    const endpoint = create();
    take(endpoint, [job(1), job(2, { resId: 8 })]);
    open.get(1)?.(Promise.reject(new TypeError('odd')));
    await end(2, 'delivered');
    expect(results).toEqual([
      { job: 2, outcome: 'delivered' },
      { job: 1, outcome: 'failed', status: null, error: 'Not sent: TypeError: odd' },
    ]);
  });

  test('releases everything after many failures', async () => {
    const endpoint = create(2, 1);
    take(
      endpoint,
      [1, 2, 3, 4].map((id) => job(id, { resId: id })),
    );
    await end(1, 'failed');
    await end(2, 'failed');
    expect(sent).toEqual([1, 2]);
    expect(results.slice(2).map(({ outcome }) => outcome)).toEqual(['released', 'released']);
    expect(endpoint.room).toBe(0);
  });

  test('after many failures, also releases the jobs that were being prepared', async () => {
    const endpoint = create(2, 1);
    take(endpoint, [job(1), job(2, { resId: 8 })]);
    const later = [job(3, { resId: 9 }), job(4, { resId: 10 })];
    endpoint.hold(later);
    await end(1, 'failed');
    await end(2, 'failed');
    endpoint.push(later.map((item) => ({ job: item, body: '{}' })));
    expect(sent).toEqual([1, 2]);
    expect(results.slice(2).map(({ outcome }) => outcome)).toEqual(['released', 'released']);
    expect(endpoint.held.size).toBe(0);
  });

  test('stops when the running requests have ended, and releases the rest', async () => {
    const endpoint = create();
    take(endpoint, [job(1), job(2), job(3, { resId: 8 }), job(4, { resId: 9 })]);
    let stopped = false;
    const stopping = endpoint.stop().then(() => {
      stopped = true;
    });
    await end(1, 'delivered');
    expect(stopped).toBe(false);
    await end(3, 'delivered');
    await stopping;
    expect(sent).toEqual([1, 3]);
    expect(results.filter(({ outcome }) => outcome === 'released').map(({ job: id }) => id)).toEqual([4, 2]);
    expect(endpoint.room).toBe(0);
  });
});

test("the receivers' code on a webhook's page accepts our signatures and refuses others", () => {
  const [secret] = secrets;
  const time = Math.floor(Date.now() / 1_000);
  const body = '{"name": "é"}';
  const headersWith = (signature: string, at = time) => ({
    'webhook-id': 'msg',
    'webhook-timestamp': String(at),
    'webhook-signature': signature,
  });
  const cases = [
    headersWith(sign(secrets, 'msg', time, body)),
    headersWith(sign([Buffer.alloc(32, 3)], 'msg', time, body)),
    headersWith(sign(secrets, 'msg', time - 600, body), time - 600),
  ];
  // The soak receiver_code also runs PHP, Go and Java, whose compilers are not on every machine that runs tests.
  const script = `
import json, subprocess, sys
from receiver_code import RECEIVERS
own, node, secret, body, cases = {}, *json.loads(sys.argv[1])
exec(RECEIVERS["Python"], own)
print(json.dumps([own["is_genuine"](secret, headers, body.encode()) for headers in cases]))
print(subprocess.check_output([node, "--input-type=module", "-e", RECEIVERS["JavaScript"]
    + f"console.log(JSON.stringify({json.dumps(cases)}.map((headers) => isGenuine({json.dumps(secret)}, headers, {json.dumps(body)}))))"],
    text=True))`;
  const given = [process.execPath, `whsec_${secret?.toString('base64')}`, body, cases];
  const folder = join(import.meta.dirname, '../../odoo_addon/api_gateway/tools');
  const output = execFileSync('python3', ['-c', script, JSON.stringify(given)], { encoding: 'utf8', cwd: folder });
  const found = output.trim().split(/\s*\n/);
  expect(found.map((line) => JSON.parse(line))).toEqual([
    [true, false, false],
    [true, false, false],
  ]);
});
