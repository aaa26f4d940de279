// Postgres goes down and comes back: meanwhile requests are refused without hanging, and the gateway recovers automatically.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SidecarProcess } from '../helpers/sidecar_process.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

vi.setConfig({ testTimeout: 90_000 });
const gateway = await useInstance();
const postgresPort = Number(new URL(gateway.sidecarDatabaseUrl).port);
const outageMs = 10_000;

test('if Postgres is down, requests immediately get a 503, /readyz says so, and afterwards everything works again', async () => {
  const proxy = await startTcpProxy(postgresPort);
  const sidecar = await gateway.startSidecar({ postgres: proxy });
  const ping = () => sidecar.get('/api/v1/ping', { key: gateway.keys.admin });
  expect((await ping()).status).toBe(200);

  await proxy.cut();
  const endsAt = performance.now() + outageMs;
  expect(await until('503', async () => (await ping()).status === 503)).toBeLessThan(1_500);
  let slowestMs = 0;
  while (performance.now() < endsAt) {
    const askedAt = performance.now();
    const answer = await ping();
    slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    expect(answer.status).toBe(503);
    expect(answer.json.error.reason).toBe('database.unavailable');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await delay(100);
  }
  expect(slowestMs).toBeLessThan(1_500);
  const ready = await sidecar.get('/readyz');
  expect(ready.status).toBe(503);
  expect(ready.json.databases[gateway.database]).toMatchObject({ postgres: 'away' });
  expect((await sidecar.get('/healthz')).status).toBe(200);

  await proxy.restore();
  expect(await until('200', async () => (await ping()).status === 200)).toBeLessThan(5_000);
  expect(await until('ready', async () => (await sidecar.get('/readyz')).status === 200)).toBeLessThan(5_000);
  await sidecar.stop();
});

test('a key that is revoked while the sidecar cannot reach Postgres is refused once the connection is back', async () => {
  const proxy = await startTcpProxy(postgresPort);
  const sidecar = await gateway.startSidecar({ postgres: proxy });
  const read = () => sidecar.get('/api/v1/ping', { key: gateway.keys.demo });
  expect((await read()).status).toBe(200);
  await proxy.cut();
  await gateway.sql(
    "update res_users_apikeys set scope = 'none of yours' where user_id = (select id from res_users where login = 'demo_api')",
  );
  await proxy.restore();
  const seen = new Set<number>();
  await until('401', async () => {
    const { status } = await read();
    if (seen.has(503)) seen.add(status);
    else if (status === 503) seen.add(503);
    return status === 401;
  });
  expect([...seen].filter((status) => status === 200)).toEqual([]);
  await sidecar.stop();
});

test('if a firewall has forgotten the connections, all are closed after the first that does not answer', async () => {
  const proxy = await startTcpProxy(postgresPort);
  const sidecar = await gateway.startSidecar({ postgres: proxy });
  const ping = async () => (await sidecar.get('/api/v1/ping', { key: gateway.keys.admin })).status;
  expect(await ping()).toBe(200);
  // New keys are looked up in parallel, so the whole pool is connected.
  await Promise.all(Array.from({ length: 60 }, () => sidecar.get('/api/v1/ping', { key: randomBytes(20).toString('hex') })));
  proxy.forget();
  // A query waits for six seconds at most, and a second passes between two checks of the database.
  await until('503', async () => (await ping()) === 503);
  expect(await until('200', async () => (await ping()) === 200, 80_000)).toBeLessThan(12_000);
  await sidecar.stop();
});

test('a sidecar that has just started answers its first request', async () => {
  const env = { GATEWAY_DATABASE_URL: gateway.sidecarDatabaseUrl, GATEWAY_ODOO_URL: gateway.odoo.url };
  const sidecar = await SidecarProcess.spawn(env);
  let first: number | undefined;
  await until('it answers', async () => {
    first = await sidecar.get('/api/v1/ping', { key: gateway.keys.admin }).then(
      ({ status }) => status,
      () => undefined,
    );
    return first !== undefined;
  });
  expect(first).toBe(200);
  sidecar.kill('SIGTERM');
  expect(await sidecar.exited).toBe(0);
});

test('a sidecar that starts while Postgres is down waits for it instead of ending', async () => {
  const proxy = await startTcpProxy(postgresPort);
  await proxy.cut();
  const url = new URL(gateway.sidecarDatabaseUrl);
  url.port = String(proxy.port);
  const sidecar = await SidecarProcess.spawn({ GATEWAY_DATABASE_URL: url.href, GATEWAY_ODOO_URL: gateway.odoo.url });
  await until('it listens', async () => (await sidecar.readiness())?.status === 503);
  const answer = await sidecar.get('/api/v1/ping', { key: gateway.keys.admin });
  expect(answer.status).toBe(503);
  expect(answer.json.error.reason).toBe('database.unavailable');
  await proxy.restore();
  await until('ready', async () => (await sidecar.readiness())?.status === 200);
  expect((await sidecar.get('/api/v1/ping', { key: gateway.keys.admin })).status).toBe(200);
  sidecar.kill('SIGTERM');
  expect(await sidecar.exited).toBe(0);
});
