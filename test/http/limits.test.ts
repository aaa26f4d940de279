import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { keys } = gateway;
/** A sidecar behind a trusted proxy, so X-Forwarded-For sets the address of a client. */
let behindProxy: Sidecar;
const token = 'a-token-for-metrics-1';

beforeAll(async () => {
  behindProxy = await gateway.startSidecar({
    env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8', GATEWAY_METRICS_TOKEN: token },
  });
});

beforeEach(async () => {
  await gateway.sql('delete from gateway.throttle');
  await gateway.sql('select gateway.reset_throttle(array[]::text[])');
});

/** Changes settings and waits until every sidecar applies them. */
async function set(settings: Record<string, unknown>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await gateway.sql('update gateway.setting set value = $2::jsonb where name = $1', [name, JSON.stringify(value)]);
  }
  await applied();
}

/** Waits until every sidecar applies earlier changes. Another setting, which is changed last, shows when that is. */
async function applied(): Promise<void> {
  const most = 100_000 + Math.floor(Math.random() * 100_000);
  await gateway.sql(`update gateway.setting set value = to_jsonb($1::integer) where name = 'throttle.anonymous'`, [most]);
  for (const sidecar of [gateway, behindProxy]) {
    await until('the change is live', async () => {
      const answer = await sidecar.get('/nowhere', from(`198.51.100.${Math.floor(Math.random() * 250)}`));
      return answer.headers.get('ratelimit-limit') === String(most);
    });
  }
}

const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
const ping = (key = keys.demo, sidecar: Pick<Sidecar, 'get'> = gateway) => sidecar.get('/api/v1/ping', { key });
const statuses = (answers: Answer[]) => answers.map(({ status }) => status);
const rateLimit = ({ headers }: Answer) =>
  ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`ratelimit-${name}`)));

async function profile(values: Record<string, unknown>): Promise<number> {
  const [id] = await gateway.orm<number[]>('gateway.profile', 'create', { vals_list: [{ name: randomUUID(), ...values }] });
  return id as number;
}

async function giveDemo(profileId: number | false): Promise<void> {
  const users = await gateway.orm<number[]>('res.users', 'search', { domain: [['login', '=', 'demo_api']] });
  expect(users).toHaveLength(1);
  await gateway.orm('res.users', 'write', { ids: users, vals: { gateway_profile_id: profileId } });
}

describe('the throttle over HTTP', () => {
  test('exactly as many requests pass as the limit allows, and every answer shows how many are left', async () => {
    await set({ 'throttle.limit': 5 });
    const answers: Answer[] = [];
    for (let i = 0; i < 7; i += 1) answers.push(await ping());
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(answers.map((answer) => rateLimit(answer).slice(0, 2))).toEqual([
      [5, 4],
      [5, 3],
      [5, 2],
      [5, 1],
      [5, 0],
      [5, 0],
      [5, 0],
    ]);
    const refused = answers[6] as Answer;
    expect(refused.json).toMatchObject({
      success: false,
      error: { code: 429, reason: 'throttle.exceeded', message: 'Rate limit exceeded. Max 5 requests per minute' },
    });
    const [, , reset] = rateLimit(refused);
    expect(reset).toBeGreaterThan(50);
    expect(Number(refused.headers.get('retry-after'))).toBe(reset);
    for (const name of ['limit', 'remaining', 'reset']) {
      expect(refused.headers.get(`x-ratelimit-${name}`)).toBe(refused.headers.get(`ratelimit-${name}`));
    }
  });

  test('two sidecars share a window', async () => {
    await set({ 'throttle.limit': 40 });
    const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => ping(keys.demo, i % 2 ? gateway : behindProxy)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(40);
  });

  test.each([
    ['hour', 3_600],
    ['day', 86_400],
  ])('the window may be one %s', async (window, seconds) => {
    await set({ 'throttle.limit': 1, 'throttle.window': window });
    await ping();
    const refused = await ping();
    expect(refused.json.error.message).toBe(`Rate limit exceeded. Max 1 requests per ${window}`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(seconds - 10);
    await set({ 'throttle.window': 'minute' });
  });

  test('errors show how many requests are left, too', async () => {
    await set({ 'throttle.limit': 10, 'throttle.failed': 20 });
    for (const [path, key] of [
      ['/api/v1/no.such.model', keys.demo],
      ['/api/v1/res.partner?limit=-1', keys.demo],
      ['/nowhere', undefined],
      ['/api/v1/ping', 'no such key'],
    ] as const) {
      const answer = await gateway.get(path, key === undefined ? {} : { key });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(rateLimit(answer)[0]).toBeGreaterThan(0);
    }
  });

  test("a profile's limits replace the global one, and all keys of its user share them", async () => {
    await set({ 'throttle.limit': 2 });
    await giveDemo(await profile({ minute_limit: 4, hour_limit: 100 }));
    await applied();
    const answers = await Promise.all([ping(), ping(), ping(), ping(), ping()]);
    expect(statuses(answers).sort()).toEqual([200, 200, 200, 200, 429]);
    await giveDemo(false);
    await applied();
    expect(rateLimit(await ping())[0]).toBe(2);
  });

  test('a profile without limits lifts the global one', async () => {
    await set({ 'throttle.limit': 1 });
    await giveDemo(await profile({}));
    await applied();
    expect(statuses([await ping(), await ping()])).toEqual([200, 200]);
    await giveDemo(false);
    await applied();
  });

  test('a window that an administrator resets accepts requests again within a second', async () => {
    await set({ 'throttle.limit': 1 });
    await ping();
    expect((await ping()).status).toBe(429);
    const [row] = await gateway.sql<{ subject: string }>(`select subject from gateway.throttle where subject like 'user:%'`);
    await gateway.sql('select gateway.reset_throttle(array[$1])', [row?.subject]);
    expect(await until('requests pass again', async () => (await ping()).status === 200)).toBeLessThan(1_000);
  });

  test('without a limit, nothing is counted, and answers have no RateLimit headers', async () => {
    await set({ 'throttle.limit': 0 });
    expect((await ping()).headers.has('ratelimit-limit')).toBe(false);
    expect(await gateway.sql(`select subject from gateway.throttle where subject like 'user:%'`)).toEqual([]);
  });

  test('a cost per kind of operation is charged', async () => {
    await set({ 'throttle.limit': 10, 'throttle.cost.read': 4 });
    expect(statuses([await ping(), await ping(), await ping()])).toEqual([200, 200, 429]);
    await set({ 'throttle.cost.read': 11 });
    expect((await ping()).json.error).toMatchObject({ code: 413, reason: 'throttle.cost', details: { cost: 11, limit: 10 } });
    await set({ 'throttle.cost.read': 1, 'throttle.limit': 0 });
  });
});

describe('several operations in one request', () => {
  const create = (names: string[]) =>
    gateway.post(
      '/api/v1/res.partner',
      names.map((name) => ({ name })),
      { key: keys.admin },
    );

  test('each record of a bulk creation is charged', async () => {
    await set({ 'throttle.limit': 10 });
    const first = await create(['a', 'b', 'c', 'd']);
    expect([first.status, ...rateLimit(first).slice(0, 2)]).toEqual([201, 10, 6]);
    const second = await create(['e', 'f', 'g', 'h', 'i', 'j', 'k']);
    expect([second.status, ...rateLimit(second).slice(0, 2)]).toEqual([429, 10, 6]);
    expect((await create(Array.from({ length: 11 }, String))).json.error.reason).toBe('throttle.cost');
    expect(rateLimit(await ping(keys.admin))[1]).toBe(5);
  });

  test('if the setting count_operations is off, several operations are charged as one', async () => {
    await set({ 'throttle.limit': 10, 'throttle.count_operations': false });
    expect(rateLimit(await create(['a', 'b', 'c', 'd']))[1]).toBe(9);
    await set({ 'throttle.count_operations': true, 'throttle.limit': 0 });
  });
});

describe('limits by address', () => {
  test.each([
    ['login', '/api/v1/auth/login', { login: 'nobody', password: 'wrong' }],
    ['token', '/api/oauth/token', { grant_type: 'client_credentials', client_id: 'gw_nobody', client_secret: 'wrong' }],
  ])('attempts at a %s have a limit of their own', async (kind, path, body) => {
    await set({ [`throttle.${kind}`]: 2 });
    const answers: Answer[] = [];
    for (let i = 0; i < 3; i += 1) answers.push(await behindProxy.post(path, body, from('203.0.113.40')));
    expect(statuses(answers)).toEqual([401, 401, 429]);
    expect((await behindProxy.post(path, body, from('203.0.113.41'))).status).toBe(401);
    await set({ [`throttle.${kind}`]: 0 });
  });

  test('an address that fails to authenticate too often is refused', async () => {
    await set({ 'throttle.failed': 3 });
    const guess = (i: number) => ({ key: String(i).padStart(40, 'f'), ...from('203.0.113.50') });
    const answers: Answer[] = [];
    for (let i = 0; i < 5; i += 1) answers.push(await behindProxy.get('/api/v1/ping', guess(i)));
    expect(statuses(answers)).toEqual([401, 401, 401, 429, 429]);
    expect(answers[4]?.json.error.reason).toBe('throttle.failed');
    const fresh = await createOdooKey(gateway, { userId: 2 });
    // After this, the sidecar has the new key in memory.
    await applied();
    const status = async (address: string) =>
      (await behindProxy.get('/api/v1/ping', { key: fresh.secret, ...from(address) })).status;
    expect(await status('203.0.113.50')).toBe(429);
    expect(await status('203.0.113.51')).toBe(200);
    // The key is verified now, so the guesses of others do not affect it.
    expect(await status('203.0.113.50')).toBe(200);
    await set({ 'throttle.failed': 0 });
  });

  test('an invalid credential counts once, however often it is sent, and does not block other callers at its address', async () => {
    await set({ 'throttle.failed': 9, 'ip_block.violations': 9 });
    const address = from('203.0.113.55');
    const dead = 'd'.repeat(40);
    const client = { grant_type: 'client_credentials', client_id: 'gw_abcdefghijkl', client_secret: 'dead' };
    const shows: Record<string, () => Promise<Answer>> = {
      'a key of Odoo': () => behindProxy.get('/api/v1/ping', { key: dead, ...address }),
      'a key of the gateway': () => behindProxy.get('/api/v1/ping', { key: `gwk_${'d'.repeat(60)}`, ...address }),
      'no key at all': () => behindProxy.get('/api/v1/ping', { key: 'dead', ...address }),
      'a token': () => behindProxy.get('/api/v1/ping', { key: 'eyJhbGciOiJIUzI1NiJ9.e30.dead', ...address }),
      'a key to exchange for a token': () => behindProxy.post('/auth/token/apikey', { api_key: 'dead too' }, address),
      'a refresh token': () => behindProxy.post('/api/v1/auth/refresh', { refresh_token: 'dead' }, address),
      'a client': () => behindProxy.post('/api/oauth/token', client, address),
      'a login': () => behindProxy.post('/api/v1/auth/login', { login: 'nobody', password: 'dead' }, address),
    };
    for (const [name, show] of Object.entries(shows)) {
      // Logins are sent one at a time, because the gateway asks Odoo about each.
      const atOnce = name === 'a login' ? 1 : 5;
      const answers = [await show(), ...(await Promise.all(Array.from({ length: atOnce }, show))), await show()];
      expect(statuses(answers), name).toEqual(Array(2 + atOnce).fill(401));
    }
    const fresh = await createOdooKey(gateway, { userId: 2 });
    expect((await behindProxy.get('/api/v1/ping', { key: fresh.secret, ...address })).status).toBe(200);
    await set({ 'throttle.failed': 0, 'ip_block.violations': 100 });
  });

  test('a credential that becomes valid is accepted soon after its refusal', async () => {
    const key = await createOdooKey(gateway, { userId: 2 });
    const show = async () => (await behindProxy.get('/api/v1/ping', { key: key.secret, ...from('203.0.113.57') })).status;
    await gateway.sql("update res_users_apikeys set scope = 'other' where id = $1", [key.id]);
    expect(await show()).toBe(401);
    await gateway.sql('update res_users_apikeys set scope = null where id = $1', [key.id]);
    // The key is accepted again soon, although it is sent all the time.
    expect(await until('the key is accepted', async () => (await show()) === 200)).toBeLessThan(3_000);
  });

  test('an IPv6 subscriber is counted as one, whichever of its addresses it uses', async () => {
    await set({ 'throttle.failed': 2 });
    const guess = (i: number) => ({ key: String(i).padStart(40, 'e'), ...from(`2001:db8:1:2::${i + 1}`) });
    const answers: Answer[] = [];
    for (let i = 0; i < 4; i += 1) answers.push(await behindProxy.get('/api/v1/ping', guess(i)));
    expect(statuses(answers)).toEqual([401, 401, 429, 429]);
    await set({ 'throttle.failed': 0 });
  });

  test('requests without a credential are limited by address', async () => {
    await set({});
    await gateway.sql(`update gateway.setting set value = '2' where name = 'throttle.anonymous'`);
    const ask = () => behindProxy.get('/nowhere', from('203.0.113.60'));
    await until(
      'the limit is live',
      async () => rateLimit(await behindProxy.get('/nowhere', from(`203.0.113.${61 + Math.floor(Math.random() * 99)}`)))[0] === 2,
    );
    expect(statuses([await ask(), await ask(), await ask()])).toEqual([404, 404, 429]);
  });
});

describe('blocked addresses', () => {
  const ask = (address: string) => behindProxy.get('/api/v1/ping', { key: keys.demo, ...from(address) });
  /** Whether callers without a credential are blocked. */
  const isBlocked = async (address: string) => (await behindProxy.get('/nowhere', from(address))).status === 403;

  test('an address is blocked after too many violations, and passes when it is unblocked', async () => {
    await set({ 'ip_block.violations': 5, 'throttle.limit': 0 });
    const bad = (i: number) => behindProxy.get('/api/v1/ping', { key: String(i).padStart(40, 'd'), ...from('203.0.113.70') });
    for (let i = 0; i < 5; i += 1) await bad(i);
    await until('the address is blocked', () => isBlocked('203.0.113.70'));
    const refused = await bad(0);
    expect(refused.json.error).toMatchObject({ code: 403, reason: 'address.blocked' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
    expect(await isBlocked('203.0.113.71')).toBe(false);
    // Violations of earlier tests may be reported only now, and block their addresses under the same setting.
    const [row] = await gateway.sql<{ id: string; violations: number }>(
      `select id, violations from gateway.ip_block where network = '203.0.113.70/32'`,
    );
    expect(row?.violations).toBe(5);
    await gateway.sql('select gateway.unblock_networks(array[$1::bigint])', [row?.id]);
    await until('the address passes', async () => !(await isBlocked('203.0.113.70')));
    await set({ 'ip_block.violations': 100 });
  });

  test('verified callers pass an automatic block, and the refusal of others costs next to nothing', async () => {
    await set({ 'ip_block.violations': 5, 'throttle.limit': 0 });
    const address = '203.0.113.72';
    const show = (key: string) => behindProxy.get('/api/v1/ping', { key, ...from(address) });
    const hashed = async () =>
      Number(
        /^gateway_credentials_hashed_total\{kind="key"\} (\d+)$/m.exec(
          (await behindProxy.get('/metrics', { key: token })).text,
        )?.[1],
      );
    for (let i = 0; i < 5; i += 1) await show(String(i).padStart(40, 'b'));
    await until('the address is blocked', () => isBlocked(address));

    const { secret } = await createOdooKey(gateway, { userId: 2 });
    expect((await show(keys.demo)).status, 'verified before').toBe(200);
    // The gateway checks a few unknown credentials per second.
    await until('a key that was never seen passes', async () => (await show(secret)).status === 200);
    const traded = await behindProxy.post('/auth/token/apikey', { api_key: secret }, from(address));
    expect(traded.status).toBe(200);
    expect((await show(traded.json.access_token)).status).toBe(200);

    const before = await hashed();
    const unknown = (i: number) => String(i).padStart(40, 'a');
    const nearly = (i: number) => `${secret.slice(0, 36)}${String(i).padStart(4, '0')}`;
    const guesses = await Promise.all(Array.from({ length: 60 }, (_, i) => show(i % 2 === 0 ? unknown(i) : nearly(i))));
    const login = await behindProxy.post('/api/v1/auth/login', { login: 'admin', password: 'admin' }, from(address));
    const nobody = await behindProxy.get('/api/v1/ping', from(address));
    for (const { json, headers } of [...guesses, login, nobody]) {
      expect(json.error.reason).toBe('address.blocked');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_500);
    }
    expect((await hashed()) - before).toBeLessThan(10);
    expect((await show(secret)).status).toBe(200);

    await gateway.sql('select gateway.block_network($1, 60, 2, null)', [address]);
    await until("a manager's block applies to everyone", async () => (await show(secret)).status === 403);
    await set({ 'ip_block.violations': 100 });
  });

  test('violations of one IPv6 /64 add up, and block all of it', async () => {
    await set({ 'ip_block.violations': 3 });
    for (let i = 1; i <= 3; i += 1) {
      await behindProxy.get('/api/v1/ping', { key: String(i).padStart(40, 'c'), ...from(`2001:db8:77::${i}`) });
    }
    await until('the network is blocked', () => isBlocked('2001:db8:77:0:ffff::9'));
    expect(await isBlocked('2001:db8:77:1::1')).toBe(false);
    await set({ 'ip_block.violations': 100 });
  });

  test('a caller that uses up its own limit does not get its address blocked', async () => {
    await set({ 'ip_block.violations': 3, 'throttle.limit': 1 });
    const greedy = () => behindProxy.get('/api/v1/ping', { key: keys.demo, ...from('203.0.113.75') });
    for (let i = 0; i < 12; i += 1) await greedy();
    expect((await greedy()).json.error.reason).toBe('throttle.exceeded');
    // These violations lead to a block. They are later than the greedy caller's, which would have been counted before them.
    for (let i = 0; i < 3; i += 1) {
      await behindProxy.get('/api/v1/ping', { key: `${i}`.padStart(40, 'a'), ...from('203.0.113.76') });
    }
    await until('the attacker is blocked', () => isBlocked('203.0.113.76'));
    expect(await isBlocked('203.0.113.75')).toBe(false);
    await set({ 'ip_block.violations': 100, 'throttle.limit': 0 });
  });

  test("a browser's preflight is never charged, limited or blocked", async () => {
    const preflight = (path: string) =>
      behindProxy.request('OPTIONS', path, {
        headers: {
          Origin: 'https://shop.example',
          'Access-Control-Request-Method': 'GET',
          'Access-Control-Request-Headers': 'authorization',
          'X-Forwarded-For': '203.0.113.77',
        },
      });
    await gateway.sql(`select gateway.block_network('203.0.113.77', 60, 2, 'test')`);
    await until('the address is blocked', async () => (await ask('203.0.113.77')).status === 403);
    await gateway.sql(`update gateway.setting set value = '1' where name = 'throttle.anonymous'`);
    await until(
      'the limit is live',
      async () => rateLimit(await behindProxy.get('/nowhere', from(`198.51.100.${Math.floor(Math.random() * 250)}`)))[0] === 1,
    );
    for (const path of ['/api/v1/res.partner', '/api/v1/auth/login', '/api/v1/batch', '/api/openapi.json']) {
      const answers = [await preflight(path), await preflight(path), await preflight(path)];
      expect(statuses(answers), path).toEqual([204, 204, 204]);
      for (const { headers } of answers) {
        expect(headers.get('access-control-allow-origin')).toBe('*');
        expect(headers.has('ratelimit-limit')).toBe(false);
      }
    }
    expect(statuses([await preflight('/nowhere'), await preflight('/nowhere')])).toEqual([404, 404]);
    expect(await gateway.sql(`select subject from gateway.throttle where subject = 'anonymous:203.0.113.77'`)).toEqual([]);
    await gateway.sql('select gateway.unblock_networks(array_agg(id)) from gateway.ip_block');
  });

  test('loopback, the proxies and the addresses of the never-block list are not blocked', async () => {
    await set({ 'ip_block.violations': 2, 'ip_block.never': '203.0.113.80\n2001:db8:88::/48' });
    for (const address of ['127.0.0.1', '10.1.2.3', '203.0.113.80', '2001:db8:88:9::1', '203.0.113.81']) {
      for (let i = 0; i < 3; i += 1) {
        await behindProxy.get('/api/v1/ping', { key: `${i}`.padStart(40, 'b'), ...from(address) });
      }
    }
    await until('the address without an exception is blocked', () => isBlocked('203.0.113.81'));
    for (const address of ['127.0.0.1', '10.1.2.3', '203.0.113.80', '2001:db8:88:9::1'])
      expect(await isBlocked(address)).toBe(false);
    await set({ 'ip_block.violations': 100, 'ip_block.never': '' });
  });

  test('a manager blocks a network of any size, for a time or permanently', async () => {
    await gateway.sql(`select gateway.block_network('198.18.0.0/15', null, 2, 'test')`);
    await until('the network is blocked', () => isBlocked('198.19.255.1'));
    expect((await ask('198.18.0.1')).headers.has('retry-after')).toBe(false);
    await gateway.sql('select gateway.unblock_networks(array_agg(id)) from gateway.ip_block');
    await until('the network passes', async () => !(await isBlocked('198.19.255.1')));
  });

  test.each([
    ['an address that the client put in front', '1.2.3.4, 203.0.113.90'],
    ['a loopback in front', '127.0.0.1, 203.0.113.90'],
    ['a trusted proxy in front', '10.0.0.1, 203.0.113.90'],
    ['other hops before a trusted proxy', '1.2.3.4, 203.0.113.90, 10.0.0.7'],
    ['the mapped spelling', '::ffff:203.0.113.90'],
    ['the mapped spelling in hexadecimal', '::ffff:cb00:715a'],
    ['a port', '203.0.113.90:4711'],
    ['white space', '  203.0.113.90\t'],
    ['garbage in front', 'unknown, "203.0.113.1", 203.0.113.90'],
    ['empty hops in front', ', , 203.0.113.90'],
  ])('a block cannot be evaded by %s', async (_name, forwarded) => {
    await gateway.sql(`select gateway.block_network('203.0.113.90', 60, 2, 'test')`);
    await until('the address is blocked', () => isBlocked('203.0.113.90'));
    expect(await isBlocked(forwarded)).toBe(true);
  });

  test.each(['Forwarded', 'X-Real-IP', 'X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Forwarded'])(
    'a block cannot be evaded by the header %s',
    async (name) => {
      await gateway.sql(`select gateway.block_network('203.0.113.90', 60, 2, 'test')`);
      await until('the address is blocked', () => isBlocked('203.0.113.90'));
      const value = name === 'Forwarded' ? 'for=1.2.3.4' : '1.2.3.4';
      const answer = await behindProxy.get('/api/v1/ping', {
        key: keys.demo,
        headers: { 'X-Forwarded-For': '203.0.113.90', [name]: value },
      });
      expect(answer.json.error.reason).toBe('address.blocked');
    },
  );

  test('a caller that is not behind a trusted proxy has the address of its connection, whatever headers it sends', async () => {
    const listed = await profile({ ip_list: '203.0.113.7' });
    await giveDemo(listed);
    await applied();
    expect((await gateway.get('/api/v1/ping', { key: keys.demo, ...from('203.0.113.7') })).json.error.reason).toBe(
      'address.not_allowed',
    );
    expect((await behindProxy.get('/api/v1/ping', { key: keys.demo, ...from('203.0.113.7') })).status).toBe(200);
    expect((await behindProxy.get('/api/v1/ping', { key: keys.demo, ...from('203.0.113.7, 203.0.113.8') })).status).toBe(403);
    await giveDemo(false);
    await applied();
  });
});

describe('requests at a time', () => {
  test('only as many requests run at once as the profile allows, and finished requests make room', async () => {
    await set({ 'throttle.limit': 0 });
    await giveDemo(await profile({ max_concurrency: 2 }));
    await applied();
    const read = () => gateway.get('/api/v1/res.partner?limit=80', { key: keys.demo });
    await read();
    const answers = await Promise.all(Array.from({ length: 12 }, read));
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(passed.length).toBeGreaterThanOrEqual(2);
    expect(refused.length).toBeGreaterThan(0);
    expect(passed.length + refused.length).toBe(12);
    expect(refused[0]?.json.error).toMatchObject({
      reason: 'throttle.concurrency',
      message: 'Too many requests at a time. Max 2',
    });
    expect(statuses([await read(), await read(), await read()])).toEqual([200, 200, 200]);
    await giveDemo(false);
    await applied();
  });

  test('a caller that disconnects before the answer makes room', async () => {
    await set({ 'throttle.limit': 0 });
    await giveDemo(await profile({ max_concurrency: 2 }));
    await applied();
    const [demo] = await gateway.orm<number[]>('res.users', 'search', { domain: [['login', '=', 'demo_api']] });
    const { secret } = await createOdooKey(gateway, { userId: demo as number });
    const send = async (key: string, requests: number) => {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname);
      const text = `GET /api/v1/res.partner?limit=80 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`;
      await new Promise((sent) => socket.write(text.repeat(requests), sent));
      return socket;
    };

    // Two requests on one connection, without waiting for an answer: Node does not report that the second one has lost its client.
    for (let i = 0; i < 3; i += 1) {
      (await send(keys.demo, 2)).destroy();
      await until('a request passes', async () => (await ping()).status === 200);
    }

    // Clients that disconnect while the gateway is asking the database about the key.
    const client = new pg.Client({ connectionString: gateway.databaseUrl });
    client.on('error', () => {}); // when a test fails, the database is dropped during this connection
    await client.connect();
    await client.query('begin; lock table res_users_apikeys in access exclusive mode');
    const sockets = [await send(secret, 1), await send(secret, 1)];
    await until('it waits', async () => {
      const waiting = `select from pg_locks where relation = 'res_users_apikeys'::regclass and not granted`;
      return (await gateway.sql(waiting)).length > 0;
    });
    for (const socket of sockets) socket.destroy();
    await gateway.get('/healthz');
    await client.query('commit');
    await client.end();
    await until('a request passes', async () => (await ping(secret)).status === 200);
    await giveDemo(false);
    await applied();
  });
});

describe('while Postgres is down', () => {
  test.each([
    [false, 503],
    [true, 200],
  ])('with throttle.pass_without_database %s, a known caller gets %i, and no request hangs', async (allowed, expected) => {
    await set({ 'throttle.limit': 4, 'throttle.pass_without_database': allowed });
    const proxy = await startTcpProxy(Number(new URL(gateway.sidecarDatabaseUrl).port));
    const sidecar = await gateway.startSidecar({ postgres: proxy });
    try {
      await until('the sidecar serves', async () => (await ping(keys.demo, sidecar)).status === 200);
      await gateway.sql('delete from gateway.throttle');
      await proxy.cut();
      const startedAt = performance.now();
      await until('the sidecar notices', async () => (await ping(keys.admin, sidecar)).status === 503, 3_000);
      const answer = await ping(keys.demo, sidecar);
      expect(answer.status).toBe(expected);
      if (expected === 503) expect(answer.headers.get('retry-after')).toBe('2');
      // The windows in memory still limit callers, and part of the limit of four requests is already used up.
      const more = await Promise.all(Array.from({ length: 6 }, () => ping(keys.demo, sidecar)));
      expect(new Set(statuses(more))).toEqual(new Set(allowed ? [200, 429] : [503]));
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      await proxy.restore();
      await until('the sidecar serves again', async () => (await ping(keys.admin, sidecar)).status === 200, 20_000);
    } finally {
      await proxy.cut().catch(() => undefined);
      await sidecar.stop();
    }
  });
});
