import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRange } from '../../sidecar/src/ip.ts';
import { egressRefusal, guardedConnector, parseAllowed } from '../../sidecar/src/webhooks/egress.ts';

interface Cases {
  readonly refused: readonly [url: string, why: string][];
  readonly open: readonly string[];
}

// The addon's tests check Odoo's own deliveries with the same table.
const cases: Cases = JSON.parse(
  readFileSync(new URL('../../odoo_addon/api_gateway/tests/egress_cases.json', import.meta.url), 'utf8'),
);
const loopback = parseAllowed(['127.0.0.0/8', '::1']);

/** A receiver on loopback that counts what reaches it. */
let receiver: Server;
let port: number;
let reached: string[];

beforeAll(async () => {
  reached = [];
  receiver = createServer((request, response) => {
    reached.push(request.url ?? '');
    if (request.url === '/redirect') response.writeHead(302, { location: '/inside' });
    response.end('reached');
  });
  receiver.listen(0);
  await once(receiver, 'listening');
  port = (receiver.address() as AddressInfo).port;
});

afterAll(() => {
  receiver.close();
});

async function post(url: string, allowed = parseAllowed([]), lookup?: LookupFunction): Promise<number> {
  const agent = new Agent({ connect: guardedConnector(allowed, 2_000, { lookup }) });
  const { origin, pathname } = new URL(url);
  try {
    const { statusCode, body } = await agent.request({ origin, path: pathname, method: 'POST', body: '{}' });
    await body.dump();
    return statusCode;
  } finally {
    await agent.destroy();
  }
}

describe('no request reaches', () => {
  test.each(cases.refused)('%s (%s)', async (address) => {
    const url = new URL(address);
    url.port ||= String(port);
    await expect(post(url.href)).rejects.toThrow(/is not a public address/);
    expect(reached).toEqual([]);
  });
});

test.each(cases.open)('%s is a public address', (address) => {
  expect(egressRefusal(address, [])).toBeUndefined();
});

test('only addresses that the settings allow are reached', async () => {
  await expect(post(`http://127.0.0.1:${port}/allowed`, loopback)).resolves.toBe(200);
  await expect(post(`http://[::ffff:127.0.0.1]:${port}/mapped`, loopback)).resolves.toBe(200);
  expect(egressRefusal('10.0.0.1', loopback)).toMatch('10.0.0.1 is not a public address');
  expect(egressRefusal('10.9.0.1', parseAllowed(['10.9.0.0/16', 'nonsense', '10.8.0.0/99']))).toBeUndefined();
  expect(reached.splice(0)).toEqual(['/allowed', '/mapped']);
});

test('a redirect to an internal address is not followed', async () => {
  await expect(post(`http://127.0.0.1:${port}/redirect`, loopback)).resolves.toBe(302);
  expect(reached.splice(0)).toEqual(['/redirect']);
});

describe('names', () => {
  test('names that resolve to internal addresses are refused', async () => {
    const resolver = await startResolver({ 'inside.test': ['10.0.0.1'], 'metadata.test': ['169.254.169.254'] });
    await expect(post(`http://inside.test:${port}/`, [], resolver.lookup)).rejects.toThrow(
      'inside.test: 10.0.0.1 is not a public address',
    );
    await expect(post(`http://metadata.test:${port}/`, [], resolver.lookup)).rejects.toThrow(/169\.254\.169\.254/);
    resolver.close();
  });

  test('names that resolve to a forbidden and an allowed address are connected only to the allowed one', async () => {
    const open = parseAllowed(['127.0.0.1']);
    const resolver = await startResolver({ 'both.test': ['127.0.0.2', '127.0.0.1'] });
    await expect(post(`http://both.test:${port}/both`, open, resolver.lookup)).resolves.toBe(200);
    expect(reached.splice(0)).toEqual(['/both']);
    resolver.close();
  });

  test('names whose address changes between check and connection (DNS rebinding) do not reach internal addresses', async () => {
    // 192.0.2.0/24 is unreachable, so it can represent the public address of the first answer.
    const open = [...parseAllowed(['192.0.2.7'])];
    const resolver = await startResolver({ 'rebind.test': [['192.0.2.7'], ['127.0.0.1']] });
    const attempts = await Promise.allSettled([
      post(`http://rebind.test:${port}/rebind`, open, resolver.lookup),
      post(`http://rebind.test:${port}/rebind`, open, resolver.lookup),
    ]);
    expect(attempts.map((attempt) => attempt.status)).toEqual(['rejected', 'rejected']);
    expect(String((attempts[1] as PromiseRejectedResult).reason)).toMatch(/127\.0\.0\.1 is not a public address/);
    // One look-up per connection: no name is looked up a second time after the check.
    expect(resolver.questions()).toBe(2);
    expect(reached).toEqual([]);
    resolver.close();
  });

  test('even if a resolver bypasses the check, no byte reaches an internal address', async () => {
    // This resolver stands for any way around the look-up. The socket's actual address is checked before the first byte.
    const blind: LookupFunction = (_name, options, callback) =>
      options.all ? callback(null, [{ address: '::ffff:127.0.0.1', family: 6 }]) : callback(null, '::ffff:127.0.0.1', 6);
    await expect(post(`http://blind.test:${port}/blind`, [], blind)).rejects.toThrow(/127\.0\.0\.1 is not a public address/);
    expect(reached).toEqual([]);
  });
});

test('a range is valid if the settings page accepts it', () => {
  expect(parseRange('10.0.0.0/8')).toBeDefined();
  expect(parseRange('example.com')).toBeUndefined();
});

/** A DNS server on loopback. An entry is a list of addresses, or a list of such lists, one for each successive query. */
async function startResolver(zone: Record<string, string[] | string[][]>) {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (message, { port: from, address }) => {
    const { name, type, end } = question(message);
    let addresses: string[] = [];
    if (type === 1) {
      const entry = zone[name] ?? [];
      addresses = (Array.isArray(entry[0]) ? (entry[Math.min(asked, entry.length - 1)] ?? []) : entry) as string[];
      asked += 1;
    }
    socket.send(answer(message, end, addresses), from, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const lookup: LookupFunction = (name, _options, callback) => {
    resolver.resolve4(name).then(
      (found) =>
        callback(
          null,
          found.map((address) => ({ address, family: 4 })),
        ),
      (error) => callback(error, ''),
    );
  };
  return { lookup, questions: () => asked, close: () => socket.close() };
}

/** RFC 1035, section 4.1.2. */
function question(message: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** RFC 1035, section 4.1.3; a time to live of 0, as in DNS rebinding. */
function answer(message: Buffer, end: number, addresses: readonly string[]): Buffer {
  const header = Buffer.from(message.subarray(0, end));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, ...records]);
}
