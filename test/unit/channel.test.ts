// The channel against a server on this machine that answers as Odoo does, but only when a test lets it answer.

import { createHmac, createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { GatewayError } from '../../sidecar/src/errors.ts';
import { CallerPaces } from '../../sidecar/src/executor/caller_paces.ts';
import type { Addressee, Call, ChannelOptions, Request } from '../../sidecar/src/executor/channel.ts';
import { OdooChannel } from '../../sidecar/src/executor/channel.ts';
import { createLog } from '../../sidecar/src/log.ts';
import { until } from '../helpers/wait.ts';

const log = createLog('silent');
const secret = createSecretKey('a secret of 32 bytes, more or less', 'utf8');

/** One exchange that reached the server and waits for its answer. */
interface Exchange {
  request: IncomingMessage;
  path: string;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the body is what the tests look at
  body: any;
  answer: (status?: number, body?: unknown) => void;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** @param resets how many requests are reset first */
async function startOdoo(options: Partial<ChannelOptions> = {}, resets = 0) {
  let left = resets;
  const exchanges: Exchange[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    left -= 1;
    if (left >= 0) {
      request.socket.resetAndDestroy();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = JSON.parse(text);
    const good = () => ({
      results: body.calls.map((call: Call) => ({ ok: true, results: [call.request_id], sql: 1, ms: 1, retries: 0 })),
    });
    const answer = (status = 200, given: unknown = good()) => {
      response.writeHead(status, { connection: 'close' }).end(typeof given === 'string' ? given : JSON.stringify(given));
    };
    exchanges.push({ request, path: request.url ?? '', text, body, answer });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const channel = new OdooChannel({
    odooUrl: `http://127.0.0.1:${port}`,
    slots: 1,
    mostQueued: 100,
    longestQueueMs: 10_000,
    ...options,
  });
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { server, exchanges, channel, arrived: (count: number) => until(`${count} exchanges`, () => exchanges.length >= count) };
}

const settings = { 'answer.max_bytes': 65_536 };
const shop: Addressee = { name: 'shop', channel: { uuid: 'uuid-of-shop', secret }, log, settings, reloadChannel: async () => {} };

function request(id: string, given: Partial<Request> = {}): Request {
  const call: Call = {
    request_id: id,
    uid: 2,
    address: '192.0.2.1',
    context: {},
    grant: { scopes: null, models: null },
    operations: [{ op: 'types', models: [] }],
  };
  const rest = { path: '/gateway/read', database: shop, consumer: 'odoo_key:1', isWanted: () => true } as const;
  return { ...rest, call, deadline: Date.now() + 10_000, ...given };
}

const write = { path: '/gateway/execute' } as const;

const resultsOf = async (delivery: ReturnType<OdooChannel['deliver']>) => {
  const { result } = await delivery;
  if (!result.ok) throw new Error(result.error.message);
  return result.results;
};

test('a body contains everything that must not be altered, and is signed', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const deadline = Date.now() + 10_000;
  const delivery = resultsOf(channel.deliver(request('a', { deadline })));
  await arrived(1);
  const [exchange] = exchanges;
  if (exchange === undefined) throw new Error('nothing arrived');
  expect(exchange.body).toMatchObject({
    v: 1,
    path: '/gateway/read',
    database: 'uuid-of-shop',
    deadline,
    calls: [{ request_id: 'a' }],
  });
  expect(exchange.body.nonce).toMatch(/^[\w-]{22}$/);
  expect(Math.abs(Date.now() - exchange.body.time)).toBeLessThan(2_000);
  const signature = createHmac('sha256', secret).update(exchange.text).digest('hex');
  expect(exchange.request.headers).toMatchObject({ 'x-gateway-signature': `v1=${signature}`, 'x-odoo-database': 'shop' });
  exchange.answer();
  expect(await delivery).toEqual(['a']);
});

test('reads that have to wait are sent together, each with its own result', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const ids = ['a', 'b', 'c', 'd'];
  const deliveries = ids.map((id) => resultsOf(channel.deliver(request(id))));
  await arrived(1);
  exchanges[0]?.answer();
  await arrived(2);
  exchanges[1]?.answer();
  expect(await Promise.all(deliveries)).toEqual([['a'], ['b'], ['c'], ['d']]);
  expect(exchanges.map(({ body }) => body.calls.length)).toEqual([1, 3]);
});

test('calls with large bodies are sent separately', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const bytes = { a: 1, b: 65_537, c: 65_536, d: 1 };
  const deliveries = Object.entries(bytes).map(([id, size]) => resultsOf(channel.deliver(request(id, { bytes: size }))));
  for (const place of [0, 1, 2]) {
    await arrived(place + 1);
    exchanges[place]?.answer();
  }
  await Promise.all(deliveries);
  const carried = exchanges.map(({ body }) => body.calls.map((call: Call) => call.request_id));
  expect(carried).toEqual([['a'], ['b'], ['c', 'd']]);
});

test('a read whose result did not fit into the shared answer is sent again separately', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const deliveries = ['a', 'b', 'c', 'd'].map((id) => resultsOf(channel.deliver(request(id))));
  await arrived(1);
  exchanges[0]?.answer();
  await arrived(2);
  const cost = { sql: 0, ms: 0, retries: 0 };
  const full = { ok: false, error: { reason: 'channel.full', message: '' }, ...cost };
  exchanges[1]?.answer(200, { results: [{ ok: true, results: ['b'], ...cost }, full, full] });
  for (const place of [2, 3]) {
    await arrived(place + 1);
    exchanges[place]?.answer();
  }
  expect((await Promise.all(deliveries)).flat().sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(exchanges.map(({ body }) => body.calls.length)).toEqual([1, 3, 1, 1]);
});

test('after a slow read, further reads of its kind are sent separately', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const reading = (id: string, model: string, ids = [1]) => {
    const { call, ...rest } = request(id);
    return { ...rest, call: { ...call, operations: [{ op: 'read' as const, model, ids, fields: { name: {} } }] } };
  };
  const first = channel.deliver(reading('a', 'slow.model'));
  await arrived(1);
  exchanges[0]?.answer(200, { results: [{ ok: true, results: ['a'], sql: 1, ms: 2_000, retries: 0 }] });
  await first;
  const waiting = [
    reading('b', 'other.model'),
    reading('c', 'other.model'),
    reading('d', 'slow.model', [2]),
    reading('e', 'other.model'),
  ].map((asked) => channel.deliver(asked));
  for (const place of [1, 2, 3]) {
    await arrived(place + 1);
    exchanges[place]?.answer();
  }
  await Promise.all(waiting);
  const carried = exchanges.map(({ body }) => body.calls.map((call: Call) => call.request_id));
  expect(carried).toEqual([['a'], ['b'], ['c', 'e'], ['d']]);
});

test('a write is sent separately, and reads of another database in another body', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const other: Addressee = { ...shop, name: 'other' };
  const deliveries = [
    channel.deliver(request('first')),
    channel.deliver(request('read')),
    channel.deliver(request('write', { path: '/gateway/execute' })),
    channel.deliver(request('elsewhere', { database: other })),
    channel.deliver(request('read too')),
  ];
  for (let i = 0; i < 4; i += 1) {
    await arrived(i + 1);
    exchanges[i]?.answer();
  }
  await Promise.all(deliveries);
  const sent = exchanges.map(({ body }) => body.calls.map((call: Call) => call.request_id));
  expect(sent).toEqual([['first'], ['read', 'read too'], ['elsewhere'], ['write']]);
});

test('there are never more exchanges at once than slots', async () => {
  const { exchanges, channel, arrived } = await startOdoo({ slots: 2 });
  const deliveries = ['a', 'b', 'c'].map((id) => channel.deliver(request(id, { path: '/gateway/execute' })));
  await arrived(2);
  await delay(50);
  expect(exchanges).toHaveLength(2);
  exchanges[0]?.answer();
  await arrived(3);
  exchanges[1]?.answer();
  exchanges[2]?.answer();
  await Promise.all(deliveries);
});

test('a caller gets its answer at the deadline; the slot stays taken until Odoo ends', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const late = channel.deliver(request('late', { deadline: Date.now() + 50 }));
  await expect(late).rejects.toMatchObject({ reason: 'odoo.timeout', status: 504 });
  const next = resultsOf(channel.deliver(request('next')));
  await delay(50);
  expect(exchanges).toHaveLength(1);
  exchanges[0]?.answer();
  await arrived(2);
  exchanges[1]?.answer();
  expect(await next).toEqual(['next']);
});

test('a call is refused if it waits too long, or if too many calls are waiting already', async () => {
  const { exchanges, channel, arrived } = await startOdoo({ mostQueued: 1, longestQueueMs: 50 });
  const first = channel.deliver(request('first'));
  await arrived(1);
  const waiting = expect(channel.deliver(request('waiting'))).rejects.toMatchObject({ reason: 'odoo.overloaded', status: 503 });
  await expect(channel.deliver(request('one too many'))).rejects.toMatchObject({ reason: 'odoo.overloaded' });
  await waiting;
  exchanges[0]?.answer();
  await first;
  expect(exchanges).toHaveLength(1);
});

test('a call whose caller has disconnected is not sent', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const first = channel.deliver(request('first'));
  await arrived(1);
  const left = expect(channel.deliver(request('left', { isWanted: () => false }))).rejects.toThrow();
  const stays = channel.deliver(request('stays'));
  exchanges[0]?.answer();
  await arrived(2);
  exchanges[1]?.answer();
  await Promise.all([first, left, stays]);
  expect(exchanges[1]?.body.calls.map((call: Call) => call.request_id)).toEqual(['stays']);
});

test('a refused signature is tried once more with the current secret', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  const database = { ...shop, channel: { uuid: 'before', secret } };
  const renewed: Addressee = {
    ...database,
    get channel() {
      return database.channel;
    },
    reloadChannel: async () => {
      database.channel = { uuid: 'after', secret };
    },
  };
  const delivery = resultsOf(channel.deliver(request('a', { database: renewed })));
  await arrived(1);
  exchanges[0]?.answer(403, { error: { reason: 'channel.database' } });
  await arrived(2);
  exchanges[1]?.answer();
  expect(await delivery).toEqual(['a']);
  expect(exchanges.map(({ body }) => body.database)).toEqual(['before', 'after']);
});

test.each([
  [403, { error: { reason: 'channel.signature' } }, 'odoo.channel', 2],
  [404, {}, 'odoo.channel', 1],
  [200, { something: 'else' }, 'odoo.channel', 1],
  [500, { error: { reason: 'odoo.error' } }, 'odoo.error', 1],
  [503, {}, 'odoo.unavailable', 1],
])('an answer %i %j is reported as %s, and the call is sent %i time(s) in all', async (status, body, reason, attempts) => {
  const { exchanges, channel, arrived } = await startOdoo();
  const delivery = expect(channel.deliver(request('a'))).rejects.toMatchObject({ reason });
  for (let i = 0; i < attempts; i += 1) {
    await arrived(i + 1);
    exchanges[i]?.answer(status, body);
  }
  await delivery;
  expect(exchanges).toHaveLength(attempts);
});

test.each([
  [404, '<p>No database is selected and the requested URL was not found.</p>', 'database.unavailable', 'nothing_written'],
  [503, { error: { reason: 'database.unavailable', outcome: 'nothing_written' } }, 'database.unavailable', 'nothing_written'],
  [503, { error: { reason: 'database.unavailable', outcome: 'unknown' } }, 'database.unavailable', 'unknown'],
  [500, '<h1>Internal Server Error</h1>', 'odoo.unavailable', 'unknown'],
  [502, '<h1>Bad Gateway</h1>', 'odoo.unavailable', 'unknown'],
])('a write that is answered %i %j fails with %s and the outcome %s', async (status, body, reason, became) => {
  const { exchanges, channel, arrived } = await startOdoo();
  const delivery = channel.deliver(request('a', write)).catch((error: GatewayError) => error);
  await arrived(1);
  exchanges[0]?.answer(status, body);
  expect(await delivery).toMatchObject({ reason, details: { outcome: became } });
  expect(exchanges).toHaveLength(1);
});

test('if Odoo ends during a write, the outcome is unknown', async () => {
  const { exchanges, channel, arrived } = await startOdoo();
  for (const [place, path, details] of [
    [0, '/gateway/read', undefined],
    [1, '/gateway/execute', { outcome: 'unknown' }],
  ] as const) {
    const delivery = channel.deliver(request('a', { path })).catch((error: GatewayError) => error);
    await arrived(place + 1);
    exchanges[place]?.request.socket.destroy();
    expect(await delivery).toMatchObject({ reason: 'odoo.unavailable', status: 502, details });
  }
});

test('a call waits as long for an Odoo that refuses connections as for a busy one, and then fails without writing', async () => {
  const nobody = new OdooChannel({ odooUrl: 'http://127.0.0.1:1', slots: 1, mostQueued: 9, longestQueueMs: 300 });
  const since = performance.now();
  const refused = await Promise.all(
    ['a', 'b'].map((id) => nobody.deliver(request(id, write)).catch((error: GatewayError) => error)),
  );
  expect(performance.now() - since).toBeGreaterThan(150);
  for (const error of refused) {
    expect(error).toMatchObject({ reason: 'odoo.unavailable', status: 502, details: { outcome: 'nothing_written' } });
  }
});

test('no call fails because of a restart of Odoo that is shorter than the longest wait in the queue', async () => {
  const first = await startOdoo({ slots: 2 });
  const { port } = first.server.address() as AddressInfo;
  first.server.close();
  await once(first.server, 'close');
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const deliveries = ids.map((id, i) => resultsOf(first.channel.deliver(request(id, i % 2 ? write : {}))));
  await delay(250);
  first.server.listen(port, '127.0.0.1');
  const serving = carriedBy(first, 4);
  expect(await Promise.all(deliveries)).toEqual(ids.map((id) => [id]));
  expect((await serving).flat().sort()).toEqual(ids);
});

describe('if the connection is reset before it is accepted', () => {
  test.each(['/gateway/read', '/gateway/execute'] as const)('a call to %s is sent once more', async (path) => {
    const odoo = await startOdoo({}, 1);
    const delivery = resultsOf(odoo.channel.deliver(request('a', { path })));
    await carriedBy(odoo, 1);
    expect(await delivery).toEqual(['a']);
  });

  test.each([
    ['a write that Odoo has already received gets the outcome "unknown"', {}, { outcome: 'unknown' }],
    ['a write with an Idempotency-Key is sent again', { idempotency: {} as NonNullable<Call['idempotency']> }, undefined],
  ])('%s', async (_name, given, details) => {
    const odoo = await startOdoo({}, 1);
    const asked = request('a', write);
    const delivery = odoo.channel.deliver({ ...asked, call: { ...asked.call, ...given } }).catch((error: GatewayError) => error);
    await odoo.arrived(1);
    odoo.exchanges[0]?.answer(403, { error: { reason: 'channel.replay' } });
    if (details === undefined) {
      await odoo.arrived(2);
      odoo.exchanges[1]?.answer();
      expect(await delivery).toMatchObject({ result: { ok: true } });
    } else {
      expect(await delivery).toMatchObject({ reason: 'odoo.unavailable', details });
      expect(odoo.exchanges).toHaveLength(1);
    }
  });

  test('a second reset makes the outcome of a write unknown', async () => {
    const odoo = await startOdoo({}, 2);
    const delivery = odoo.channel.deliver(request('a', write));
    await expect(delivery).rejects.toMatchObject({ reason: 'odoo.unavailable', details: { outcome: 'unknown' } });
  });
});

/** Answers exchanges one after the other, and returns the calls of each. */
async function carriedBy({ exchanges, arrived }: Awaited<ReturnType<typeof startOdoo>>, count: number, ms = 1) {
  for (let i = 0; i < count; i += 1) {
    await arrived(i + 1);
    const ok = exchanges[i]?.body.calls.map((call: Call) => ({ ok: true, results: [call.request_id], sql: 1, ms, retries: 0 }));
    exchanges[i]?.answer(200, { results: ok });
  }
  return exchanges.map(({ body }) => body.calls.map((call: Call) => call.request_id));
}

const asked = (id: string, consumer: string, given: Partial<Request> = {}) => {
  const { call, ...rest } = request(id, { consumer, ...given });
  return { ...rest, call: { ...call, uid: consumer.charCodeAt(0), ...given.call } };
};
const other: Addressee = { ...shop, name: 'other' };

test('consumers take turns, however many calls one of them has waiting', async () => {
  const odoo = await startOdoo();
  const deliveries = [
    ...['g1', 'g2', 'g3', 'g4', 'g5'].map((id) => odoo.channel.deliver(asked(id, 'greedy', write))),
    odoo.channel.deliver(asked('m1', 'modest', write)),
    odoo.channel.deliver(asked('e1', 'elsewhere', { ...write, database: other })),
  ];
  expect(await carriedBy(odoo, 7)).toEqual([['g1'], ['g2'], ['e1'], ['m1'], ['g3'], ['g4'], ['g5']]);
  await Promise.all(deliveries);
});

test('reads of several consumers are sent together, each taking its turn', async () => {
  const odoo = await startOdoo();
  const greedy = Array.from({ length: 20 }, (_, i) => odoo.channel.deliver(asked(`g${i}`, 'greedy')));
  const modest = ['m0', 'm1'].map((id) => odoo.channel.deliver(asked(id, 'modest')));
  const [first, second] = await carriedBy(odoo, 3);
  expect(first).toEqual(['g0']);
  expect(second.slice(0, 4)).toEqual(['g1', 'm0', 'g2', 'm1']);
  expect(second).toHaveLength(16);
  await Promise.all([...greedy, ...modest]);
});

test('a full queue refuses the caller with the most calls, and says so', async () => {
  const odoo = await startOdoo({ mostQueued: 3 });
  const refused: string[] = [];
  const deliver = (id: string, consumer: string, given: Partial<Request> = write) =>
    odoo.channel.deliver(asked(id, consumer, given)).catch((error: GatewayError) => {
      expect(error).toMatchObject({ reason: 'odoo.overloaded', details: { outcome: 'nothing_written', waiting: 2, places: 3 } });
      expect(error.message).toBe('Odoo is busy, and 2 more of your requests are waiting. Send fewer at a time.');
      expect(error.headers).toContain('Retry-After');
      refused.push(id);
    });
  const deliveries = ['g1', 'g2', 'g3', 'g4'].map((id) => deliver(id, 'greedy'));
  deliveries.push(deliver('m1', 'modest'));
  expect(await carriedBy(odoo, 4)).toEqual([['g1'], ['g2'], ['m1'], ['g3']]);
  await Promise.all(deliveries);
  expect(refused).toEqual(['g4']);
});

test('while others are active, a user with slow calls cannot use the last worker, however many keys it has', async () => {
  // Odoo has two workers.
  const odoo = await startOdoo({ slots: 3 });
  const modest = (id: string) => odoo.channel.deliver(asked(id, 'modest'));
  const seen = modest('m0');
  await odoo.arrived(1);
  odoo.exchanges[0]?.answer();
  await seen;
  const stuck = ['g1', 'g2', 'g3', 'g4'].map((id) => odoo.channel.deliver(asked(id, `greedy:${id}`, write)));
  await odoo.arrived(2);
  const quick = modest('m1');
  await odoo.arrived(3);
  expect(odoo.exchanges.map(({ body }) => body.calls[0].request_id)).toEqual(['m0', 'g1', 'm1']);
  odoo.exchanges[2]?.answer();
  await quick;
  // The slot that became free stays free: the next call of another caller gets it at once.
  const next = modest('m2');
  await odoo.arrived(4);
  expect(odoo.exchanges[3]?.body.calls[0].request_id).toBe('m2');
  for (const place of [3, 1, 4, 5, 6]) {
    await odoo.arrived(place + 1);
    odoo.exchanges[place]?.answer();
  }
  await Promise.all([next, ...stuck]);
});

test('callers that are repeatedly slow cannot together use the last worker, however many they are', async () => {
  // Odoo has two workers.
  const odoo = await startOdoo({ slots: 3 });
  const sent = () => odoo.exchanges.map(({ body }) => body.calls[0].request_id);
  const answer = (id: string, ms: number) => {
    const cost = { sql: 1, ms, retries: 0 };
    odoo.exchanges[sent().indexOf(id)]?.answer(200, { results: [{ ok: true, results: [id], ...cost }] });
  };
  const slow = ['a', 'b', 'c'];
  const known = slow.map((id) => odoo.channel.deliver(asked(id, id, write)));
  for (const [i, id] of slow.entries()) {
    await odoo.arrived(i + 1);
    answer(id, 6_000);
  }
  await Promise.all(known);

  const ordinary = odoo.channel.deliver(asked('m0', 'modest'));
  await odoo.arrived(4);
  answer('m0', 5);
  await ordinary;
  const stuck = slow.map((id) => odoo.channel.deliver(asked(`${id}1`, id, write)));
  // It is unknown how long a new caller's calls take.
  const others = [odoo.channel.deliver(asked('n1', 'new one', write)), odoo.channel.deliver(asked('m1', 'modest'))];
  await odoo.arrived(7);
  expect(sent().slice(4)).toEqual(['a1', 'n1', 'm1']);
  answer('m1', 5);
  answer('n1', 5);
  await Promise.all(others);
  for (const [i, id] of ['a1', 'b1', 'c1'].entries()) {
    await odoo.arrived(i === 0 ? 7 : 7 + i);
    expect(sent()).toHaveLength(7 + i);
    answer(id, 6_000);
  }
  await Promise.all(stuck);
});

test('slow callers may use all slots if no other is active, or if they are only occasionally slow', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const paces = new CallerPaces(3);
    paces.sees('new one');
    expect(paces.mostSlowSlots('new one')).toBe(3);
    paces.sees('modest');
    expect(paces.mostSlowSlots('new one')).toBe(2);
    for (const caller of ['a', 'b']) for (let i = 0; i < 3; i += 1) paces.record(caller, 2_000);
    paces.record('reports', 2_000);
    expect([paces.isSlow('a'), paces.isSlow('reports')]).toEqual([true, false]);
    expect(paces.mostSlowSlots('a')).toBe(1);
    vi.advanceTimersByTime(9_000);
    expect(paces.isSlow('a')).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect(paces.isSlow('a')).toBe(false);
    for (let i = 0; i < 3; i += 1) paces.record('a', 2_000);
    vi.advanceTimersByTime(10_000);
    // The modest caller no longer counts as active.
    expect(paces.mostSlowSlots('a')).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

test('a caller may use all slots if it is the only one, or if its calls are quick', async () => {
  const odoo = await startOdoo({ slots: 3 });
  const first = ['a1', 'a2', 'a3'].map((id) => odoo.channel.deliver(asked(id, 'a', write)));
  await odoo.arrived(3);
  for (const exchange of odoo.exchanges) exchange.answer();
  await Promise.all(first);
  // Caller b calls once, then caller a makes twenty quick calls.
  for (let i = 0; i < 21; i += 1) {
    const call = odoo.channel.deliver(asked(`q${i}`, i === 0 ? 'b' : 'a', write));
    await odoo.arrived(4 + i);
    odoo.exchanges[3 + i]?.answer();
    await call;
  }
  const quick = ['c1', 'c2', 'c3'].map((id) => odoo.channel.deliver(asked(id, 'a', write)));
  await odoo.arrived(27);
  for (const exchange of odoo.exchanges.slice(24)) exchange.answer();
  await Promise.all(quick);
});

test('reads of a slow caller do not delay other callers', async () => {
  const odoo = await startOdoo();
  const slow = asked('g0', 'greedy');
  // A different kind of read from those below.
  const operations: Call['operations'] = [{ op: 'types', models: ['slow.model'] }];
  const first = odoo.channel.deliver({ ...slow, call: { ...slow.call, operations } });
  await carriedBy(odoo, 1, 2_000);
  await first;
  const blocker = odoo.channel.deliver(asked('x', 'x', write));
  const waiting = ['g1', 'g2'].map((id) => odoo.channel.deliver(asked(id, 'greedy')));
  waiting.push(odoo.channel.deliver(asked('m1', 'modest')), odoo.channel.deliver(asked('m2', 'm-other')));
  for (const place of [1, 2, 3]) {
    await odoo.arrived(place + 1);
    odoo.exchanges[place]?.answer();
  }
  await Promise.all([blocker, ...waiting]);
  const carried = odoo.exchanges.map(({ body }) => body.calls.map((call: Call) => call.request_id));
  expect(carried.slice(2)).toEqual([
    ['g1', 'g2'],
    ['m1', 'm2'],
  ]);
});
