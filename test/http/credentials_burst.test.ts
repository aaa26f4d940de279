// Bursts of new credentials: the gateway checks only as many of them as the limit on failures allows.

import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const token = 'a-token-for-metrics-1';
const limit = 30;
const gateway = await useInstance();
/** Two sidecars behind a trusted proxy, so X-Forwarded-For sets the address of a client. */
const sidecars: Sidecar[] = [];

beforeAll(async () => {
  await gateway.sql(`update gateway.setting set value = $1::jsonb where name = 'throttle.failed'`, [String(limit)]);
  await gateway.sql(`update gateway.setting set value = 'false' where name = 'ip_block.enabled'`);
  for (let i = 0; i < 2; i += 1) {
    const env = { GATEWAY_TRUSTED_PROXIES: '127.0.0.1', GATEWAY_METRICS_TOKEN: token };
    sidecars.push(await gateway.startSidecar({ env }));
  }
  for (const sidecar of sidecars) {
    await until('the sidecar serves', async () => (await sidecar.get('/api/v1/ping', { key: gateway.keys.demo })).status === 200);
  }
});

afterEach(() => gateway.sql('select gateway.reset_throttle(null)'));

const first = () => sidecars[0] as Sidecar;
const unknownKey = () => randomBytes(20).toString('hex');
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
const ping = (sidecar: Sidecar, key: string, address: string) => sidecar.get('/api/v1/ping', { key, ...from(address) });

async function hashed(sidecar: Sidecar, kind = 'key'): Promise<number> {
  const { text } = await sidecar.get('/metrics', { key: token });
  return Number(new RegExp(`^gateway_credentials_hashed_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

const times = (count: number) => Array.from({ length: count }, (_, i) => i);

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const name = status === 200 ? '200' : `${status} ${json.error.reason ?? json.reason}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('of 300 simultaneous unknown keys, only as many as the limit are hashed, and other callers are still served', async () => {
  const before = await hashed(first());
  const fresh = await createOdooKey(gateway, { userId: 2 });
  const burst = times(300).map(() => ping(first(), unknownKey(), '203.0.113.1'));
  const elsewhere = ping(first(), fresh.secret, '203.0.113.2');
  const known = ping(first(), gateway.keys.demo, '203.0.113.1');
  const answers = await Promise.all(burst);
  expect(tally(answers)).toEqual({ '401 auth.invalid': limit, '429 throttle.failed': 300 - limit });
  for (const { status, headers } of answers) {
    if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
  }
  expect([(await elsewhere).status, (await known).status]).toEqual([200, 200]);
  // The key from the other address took one hash, too.
  expect((await hashed(first())) - before).toBe(limit + 1);

  // Afterwards, credentials verified before pass, but a valid key that was not verified does not.
  const late = await createOdooKey(gateway, { userId: 2 });
  expect((await ping(first(), gateway.keys.demo, '203.0.113.1')).status).toBe(200);
  expect((await ping(first(), late.secret, '203.0.113.1')).json.error.reason).toBe('throttle.failed');
  expect((await ping(first(), late.secret, '203.0.113.2')).status).toBe(200);
});

test('across two sidecars, no more attempts than the limit can fail, whichever address an IPv6 subscriber uses', async () => {
  const before = (await hashed(sidecars[0] as Sidecar)) + (await hashed(sidecars[1] as Sidecar));
  const answers = await Promise.all(
    times(300).map((i) => ping(sidecars[i % 2] as Sidecar, unknownKey(), `2001:db8:5:6::${(i + 1).toString(16)}`)),
  );
  expect(tally(answers)).toEqual({ '401 auth.invalid': limit, '429 throttle.failed': 300 - limit });
  const after = (await hashed(sidecars[0] as Sidecar)) + (await hashed(sidecars[1] as Sidecar));
  expect(after - before).toBe(limit);
  expect((await ping(first(), unknownKey(), '2001:db8:5:7::1')).status).toBe(401);
});

test('keys that begin like a real key cannot bypass the limit', async () => {
  const { secret } = await createOdooKey(gateway, { userId: 2 });
  const before = await hashed(first());
  const alike = () => secret.slice(0, 8) + unknownKey().slice(8);
  const answers = await Promise.all(times(200).map(() => ping(first(), alike(), '203.0.113.4')));
  expect(tally(answers)).toEqual({ '401 auth.invalid': limit, '429 throttle.failed': 200 - limit });
  expect((await hashed(first())) - before).toBe(limit);
});

test('valid keys that come simultaneously from one address are all accepted', async () => {
  const keys = await Promise.all(times(limit * 2).map(() => createOdooKey(gateway, { userId: 2 })));
  const answers = await Promise.all(keys.map(({ secret }) => ping(first(), secret, '203.0.113.3')));
  expect(tally(answers)).toEqual({ '200': limit * 2 });
});

test.each<[string, string, (i: number) => object, string]>([
  ['logins', '/api/v1/auth/login', (i) => ({ login: `nobody${i}`, password: 'wrong' }), '203.0.113.10'],
  ['keys for tokens', '/auth/token/apikey', () => ({ api_key: unknownKey() }), '203.0.113.11'],
  [
    'clients',
    '/api/oauth/token',
    () => ({ grant_type: 'client_credentials', client_id: 'gw_aaaaaaaaaaaa', client_secret: unknownKey() }),
    '203.0.113.12',
  ],
  [
    'clients that ask about tokens',
    '/api/oauth/introspect',
    () => ({ token: 'a.b.c', client_id: 'gw_aaaaaaaaaaaa', client_secret: unknownKey() }),
    '203.0.113.13',
  ],
  [
    'clients that end tokens',
    '/api/oauth/revoke',
    () => ({ token: 'a.b.c', client_id: 'gw_aaaaaaaaaaaa', client_secret: unknownKey() }),
    '203.0.113.14',
  ],
  ['refresh tokens', '/api/v1/auth/refresh', () => ({ refresh_token: unknownKey() }), '203.0.113.15'],
  ['logouts', '/api/v1/auth/logout', () => ({ refresh_token: unknownKey() }), '203.0.113.16'],
])('of a burst of %s, no more than the limit can fail, and then the address is refused', async (_name, path, body, address) => {
  await gateway.sql(`update gateway.setting set value = '3' where name = 'throttle.failed'`);
  await until('the setting is live', async () => {
    const answer = await ping(first(), unknownKey(), `198.51.100.${Math.floor(Math.random() * 250)}`);
    return answer.headers.get('ratelimit-limit') === '3';
  });
  const before = (await hashed(first())) + (await hashed(first(), 'login'));
  const answers = await Promise.all(times(40).map((i) => first().post(path, body(i), from(address))));
  expect(tally(answers)).toEqual({ '401 auth.invalid': 3, '429 throttle.failed': 37 });
  expect((await hashed(first())) + (await hashed(first(), 'login')) - before).toBeLessThanOrEqual(3);
  expect((await first().post(path, body(41), from(address))).status).toBe(429);
  expect((await ping(first(), unknownKey(), address)).status).toBe(429);
});

test('two keys with the same prefix do not delay other callers', async () => {
  const { secret } = await createOdooKey(gateway, { userId: 2 });
  const twin = await createOdooKey(gateway, { userId: 2, index: secret.slice(0, 8) });
  const guesses = times(100).map(() => ping(first(), `${secret.slice(0, 8)}${unknownKey().slice(8)}`, '203.0.113.25'));
  expect(tally(await Promise.all(guesses))).toEqual({ '401 auth.invalid': 3, '429 throttle.failed': 97 }); // the limit of the bursts above
  for (const key of [secret, twin.secret]) expect((await ping(first(), key, '203.0.113.26')).status).toBe(200);
});
