// Each setting of Settings → API Gateway, saved as the settings page saves it, takes effect in the sidecar within a second.

import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const gateway = await useInstance();
const key = gateway.keys.demo;
/** A new invalid key each time, because a repeated key does not count as another guess. */
const randomKey = () => randomBytes(20).toString('hex');
const admin = await OdooWeb.login(gateway);
const receiver = await startReceiver();
afterAll(() => receiver.close());
/** X-Forwarded-For sets the address of a client. */
let behindProxy: Sidecar;

beforeAll(async () => {
  behindProxy = await gateway.startSidecar({ env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } });
});

/** Does the same as *Save* on the settings page. */
async function save(values: Record<string, unknown>): Promise<void> {
  const id = await admin.call<number[]>('res.config.settings', 'create', [[values]]);
  await admin.call('res.config.settings', 'execute', [id]);
}

const live = (holds: () => boolean | Promise<boolean>) => until('the setting is live', holds, 1_000);
const partners = (query = '') => gateway.get(`/api/v1/res.partner?${query}`, { key });
const header = (answer: Answer, name: string) => answer.headers.get(name);
const newPartners = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `Partner ${index}` }));
const login = (password = 'admin') => gateway.post('/api/v1/auth/login', { login: 'admin', password });
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

describe('requests', () => {
  test('the default GET limit takes effect', async () => {
    await save({ gateway_limit_default: 3 });
    await live(async () => (await partners()).json.data.length === 3);
    await save({ gateway_limit_default: 80 });
  });

  test('the largest GET limit takes effect', async () => {
    await save({ gateway_limit_max: 90 });
    await live(async () => (await partners('limit=91')).json.error?.reason === 'query.limit');
    await save({ gateway_limit_max: 1000 });
  });

  test('the limit on bodies takes effect', async () => {
    const body = [{ name: 'x'.repeat(1_500_000) }];
    const post = async () => (await gateway.post('/api/v1/res.partner', body, { key: gateway.keys.admin })).status;
    await save({ gateway_body_max_mib: 1 });
    await live(async () => (await post()) === 413);
    await save({ gateway_body_max_mib: 10 });
  });

  test('the limit on batches takes effect', async () => {
    const operations = Array.from({ length: 3 }, () => ({ op: 'read', model: 'res.partner', ids: [1] }));
    const post = async () => (await gateway.post('/api/v1/batch', operations, { key: gateway.keys.admin })).status;
    expect(await post()).toBe(200);
    await save({ gateway_batch_max: 2 });
    await live(async () => (await post()) >= 400);
    await save({ gateway_batch_max: 1000 });
  });

  test('the list of web pages that may call takes effect', async () => {
    const allowed = async (origin: string) =>
      header(await gateway.get('/api/v1/ping', { key, headers: { Origin: origin } }), 'access-control-allow-origin');
    expect(await allowed('https://other.example.com')).toBe('*');
    await save({ gateway_cors_origins: 'https://shop.example.com\nhttp://localhost:3000' });
    await live(async () => (await allowed('https://other.example.com')) === null);
    expect(await allowed('http://localhost:3000')).toBe('http://localhost:3000');
    await save({ gateway_cors_origins: '*' });
  });

  test('the list of models that are never exposed takes effect', async () => {
    const tags = () => gateway.get('/api/v1/res.partner.category', { key: gateway.keys.admin });
    expect((await tags()).status).toBe(200);
    await save({ gateway_never_exposed: 'res.partner.cat*' });
    await live(async () => (await tags()).status >= 400);
    await save({ gateway_never_exposed: '' });
    await live(async () => (await tags()).status === 200);
  });
});

describe('keys and tokens', () => {
  test('the lifetimes and the issuer of tokens take effect', async () => {
    await save({ gateway_token_access_minutes: 2, gateway_token_refresh_hours: 3, gateway_token_issuer: 'acme' });
    let issued: { access_token: string; refresh_token: string } | undefined;
    await live(async () => {
      issued = (await login()).json.data;
      return decodeJwt(issued?.access_token ?? '').iss === 'acme';
    });
    const [access, refresh] = [decodeJwt(issued?.access_token ?? ''), decodeJwt(issued?.refresh_token ?? '')];
    expect(Number(access.exp) - Number(access.iat)).toBe(120);
    expect(Number(refresh.exp) - Number(refresh.iat)).toBe(10_800);
    await save({ gateway_token_access_minutes: 60, gateway_token_refresh_hours: 168, gateway_token_issuer: 'odoo-api-gateway' });
  });

  test('the setting for keys of archived users takes effect', async () => {
    const [userId] = await gateway.orm<number[]>('res.users', 'create', {
      vals_list: [{ name: 'System', login: 'system' }],
      context: { no_reset_password: true },
    });
    const { secret } = await admin.create('gateway.key', { name: 'archived', user_id: userId });
    const status = async () => (await gateway.get('/api/v1/ping', { key: secret })).status;
    await gateway.orm('res.users', 'write', { ids: [userId], vals: { active: false } });
    await live(async () => (await status()) === 401);
    await save({ gateway_key_inactive_users: true });
    await live(async () => (await status()) === 200);
    await save({ gateway_key_inactive_users: false });
    await live(async () => (await status()) === 401);
  });

  test('a rotation of the signing secret keeps existing tokens or ends them all, as chosen', async () => {
    const old: string = (await login()).json.data.access_token;
    const status = async (token: string) => (await gateway.get('/api/v1/ping', { key: token })).status;
    const kid = async () => {
      const token: string = (await login()).json.data.access_token;
      return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid as string;
    };
    const before = await kid();
    const state = await admin.call<{ old: object[] }>('gateway.signing.secret', 'rotate', [true]);
    expect(state.old).toHaveLength(1);
    await live(async () => (await kid()) !== before);
    expect(await status(old)).toBe(200);
    await admin.call('gateway.signing.secret', 'rotate', [false]);
    await live(async () => (await status(old)) === 401);
    expect(await status((await login()).json.data.access_token)).toBe(200);
    expect((await gateway.get('/api/v1/ping', { key })).status).toBe(200);
  });
});

describe('limits', () => {
  const limitOf = async (answer: Promise<Answer>) => header(await answer, 'ratelimit-limit');
  const remaining = async (answer: Promise<Answer>) => Number(header(await answer, 'ratelimit-remaining'));

  test('the global limit and its window take effect', async () => {
    await save({ gateway_throttle_limit: 7000, gateway_throttle_window: 'hour' });
    await live(async () => (await limitOf(partners())) === '7000');
    expect(Number(header(await partners(), 'ratelimit-reset'))).toBeGreaterThan(60);
  });

  test('the limits by address take effect', async () => {
    const calls = {
      gateway_throttle_anonymous: () => gateway.get('/nowhere'),
      gateway_throttle_login: () => login(),
      gateway_throttle_token: () => gateway.post('/api/oauth/token', {}),
    };
    await save({ gateway_throttle_anonymous: 5001, gateway_throttle_login: 5002, gateway_throttle_token: 5003 });
    await live(async () => (await limitOf(calls.gateway_throttle_anonymous())) === '5001');
    expect(await limitOf(calls.gateway_throttle_login())).toBe('5002');
    expect(await limitOf(calls.gateway_throttle_token())).toBe('5003');
  });

  test('the limit on refused credentials takes effect', async () => {
    const guess = () => behindProxy.get('/api/v1/ping', { key: randomKey(), ...from('198.51.100.1') });
    expect((await guess()).status).toBe(401);
    await save({ gateway_throttle_failed: 1 });
    await live(async () => (await guess()).status === 429);
    await save({ gateway_throttle_failed: 0 });
    await live(async () => (await guess()).status === 401);
  });

  test('the cost of operations and the choice to charge each of them take effect', async () => {
    const left = () => remaining(gateway.get('/api/v1/ping', { key }));
    const { cost, batchCost } = await charges();
    expect([await cost('read'), await cost('write'), await cost('delete'), await cost('call')]).toEqual([1, 1, 1, 1]);
    await save({
      gateway_throttle_cost_read: 2,
      gateway_throttle_cost_write: 3,
      gateway_throttle_cost_delete: 4,
      gateway_throttle_cost_call: 5,
    });
    await live(async () => (await left()) - (await left()) === 2);
    expect([await cost('read'), await cost('write'), await cost('delete'), await cost('call')]).toEqual([2, 3, 4, 5]);
    await save(Object.fromEntries(['read', 'write', 'delete', 'call'].map((kind) => [`gateway_throttle_cost_${kind}`, 1])));
    await live(async () => (await left()) - (await left()) === 1);
    expect(await batchCost(3)).toBe(3);
    await save({ gateway_throttle_count_operations: false });
    await live(async () => (await batchCost(3)) === 1);
    await save({ gateway_throttle_count_operations: true });
  });

  /** How much one request of each kind takes from the caller's window. */
  async function charges() {
    const demo = { key };
    const read = () => remaining(gateway.get('/api/v1/ping', demo));
    const requests = {
      read,
      write: () => remaining(gateway.request('PATCH', '/api/v1/res.partner/0', { ...demo, ...json({ name: 'x' }) })),
      delete: () => remaining(gateway.request('DELETE', '/api/v1/res.partner/0', demo)),
      call: () => remaining(gateway.post('/api/v1/res.partner/0/message_post', {}, demo)),
    };
    return {
      cost: async (kind: keyof typeof requests) => (await read()) - (await requests[kind]()),
      batchCost: async (count: number) =>
        (await read()) - (await remaining(gateway.post('/api/v1/res.partner', newPartners(count), demo))),
    };
  }

  const json = (body: object) => ({ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

  test('the limit on simultaneous requests takes effect', async () => {
    const many = async () =>
      (await Promise.all(Array.from({ length: 8 }, () => partners('limit=500')))).map(({ status }) => status);
    expect(new Set(await many())).toEqual(new Set([200]));
    await save({ gateway_throttle_concurrency: 1 });
    await live(async () => (await many()).includes(429));
    await save({ gateway_throttle_concurrency: 0 });
  });

  test('the violations, duration and exceptions of blocks take effect', async () => {
    const guess = async (address: string) =>
      (await behindProxy.get('/api/v1/ping', { key: randomKey(), ...from(address) })).json.error.reason as string;
    await save({ gateway_ip_block_violations: 2, gateway_ip_block_window_minutes: 30, gateway_ip_block_minutes: 90 });
    await until('it is blocked', async () => (await guess('198.51.100.20')) === 'address.blocked');
    const [block] = await gateway.sql<{ minutes: number }>(
      `select round(extract(epoch from blocked_until - blocked_at) / 60)::int as minutes from gateway.ip_block`,
    );
    expect(block?.minutes).toBe(90);
    await save({ gateway_ip_block_never: '198.51.100.0/24' });
    await live(async () => (await guess('198.51.100.20')) === 'auth.invalid');
    await save({ gateway_ip_block_never: '' });
    await live(async () => (await guess('198.51.100.20')) === 'address.blocked');
    await save({ gateway_ip_block_enabled: false });
    await until('violations are not counted any more', async () => {
      const address = `198.51.100.${100 + Math.floor(Math.random() * 100)}`;
      await guess(address);
      await new Promise((resolve) => setTimeout(resolve, 700)); // they are stored twice a second
      return (await gateway.sql('select from gateway.ip_violation where network = $1', [address])).length === 0;
    });
  });
});

describe('traffic', () => {
  const logged = async (level: string) => {
    const requestId = `settings-${level}-${Math.random().toString(36).slice(2)}`;
    await gateway.get('/api/v1/res.partner?limit=1', { key, headers: { 'X-Request-Id': requestId } });
    const rows = () =>
      gateway.sql<{ response_body: string | null }>('select response_body from gateway.request_log where request_id = $1', [
        requestId,
      ]);
    const { promise: second, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 1_500); // rows are stored once a second; a missing row can only be seen by waiting
    await Promise.race([second, until('it is logged', async () => (await rows()).length > 0).catch(() => {})]);
    return rows();
  };

  test('the log level and the size of kept bodies take effect', async () => {
    expect(await logged('errors')).toEqual([]);
    await save({ gateway_log_level: 'metadata' });
    await until('requests are logged', async () => (await logged('metadata')).length === 1);
    await save({ gateway_log_level: 'payloads' });
    await until('bodies are logged', async () => Boolean((await logged('payloads'))[0]?.response_body));
    await save({ gateway_log_body_kib: 0 });
    await until('bodies are cut', async () => ((await logged('payloads'))[0]?.response_body ?? '').length < 50);
    await save({ gateway_log_level: 'errors', gateway_log_body_kib: 16 });
  });
});

describe('webhooks', () => {
  test('the reachable addresses, the time to answer and the number of attempts take effect', async () => {
    const [model] = await gateway.orm<{ id: number }[]>('ir.model', 'search_read', {
      domain: [['model', '=', 'res.partner']],
      fields: ['id'],
    });
    await gateway.orm('gateway.webhook', 'create', { vals_list: [{ name: 'Test', url: receiver.url, model_id: model?.id }] });
    const touch = () => gateway.orm('res.partner', 'create', { vals_list: [{ name: 'Touched' }] });
    const dead = async () => {
      const [row] = await gateway.sql<{ count: number }>(`select count(*)::int from gateway.webhook_job where state = 'dead'`);
      return row?.count ?? 0;
    };

    await save({ gateway_webhook_max_attempts: 1, gateway_webhook_timeout_seconds: 1, gateway_webhook_breaker_failures: 1000 });
    await touch();
    await until('a private address is refused', async () => (await dead()) === 1);
    expect(receiver.arrived).toHaveLength(0);

    await save({ gateway_webhook_egress_allow: '127.0.0.0/8' });
    await touch();
    await until('it arrives', () => receiver.arrived.length === 1);

    receiver.answer = () => ({ status: 200, delayMs: 3_000 });
    await touch();
    await until('a slow answer counts as a failure', async () => (await dead()) === 2);
  });
});
