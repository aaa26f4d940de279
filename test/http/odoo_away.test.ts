// Odoo stops and starts: reads are refused with Retry-After, requests that do not need Odoo are still served.

import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ ownOdoo: true });

test('while Odoo is stopped, requests get a 502 with Retry-After, and /readyz names Odoo', { timeout: 120_000 }, async () => {
  // A read with an estimated count is never compiled.
  const read = () => gateway.get('/api/v1/res.partner?limit=1&count=estimated', { key: gateway.keys.admin });
  expect((await read()).status).toBe(200);
  const compiled = () =>
    gateway.get('/api/v1/res.partner?fields=name&limit=1', { key: gateway.keys.admin, headers: { 'X-Gateway-Explain': '1' } });
  await until('a read is compiled', async () => (await compiled()).headers.get('x-gateway-read') === 'compiled');

  await gateway.odoo.stop();
  expect((await compiled()).status).toBe(200);
  const answer = await read();
  expect(answer.status).toBe(502);
  expect(answer.json.error).toMatchObject({ reason: 'odoo.unavailable', message: 'Odoo is not reachable. Try again shortly.' });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  await until('not ready', async () => (await gateway.get('/readyz')).status === 503);
  expect((await gateway.get('/readyz')).json).toEqual({
    status: 'away',
    databases: { [gateway.database]: { postgres: 'up', addon: 'installed', odoo: 'away' } },
  });
  expect((await gateway.get('/api/v1/ping', { key: gateway.keys.admin })).status).toBe(200);
  const write = await gateway.post('/api/v1/res.partner', { name: 'Away' }, { key: gateway.keys.admin });
  expect(write.json.error).toMatchObject({ reason: 'odoo.unavailable', details: { outcome: 'nothing_written' } });

  await gateway.odoo.start();
  await until('200', async () => (await read()).status === 200);
  await until('ready', async () => (await gateway.get('/readyz')).status === 200);
});

test('no request fails because of a restart that is shorter than the longest wait in the queue', {
  timeout: 120_000,
}, async () => {
  const proxy = await startTcpProxy(Number(new URL(gateway.odoo.url).port));
  const patient = await gateway.startSidecar({ env: { GATEWAY_ODOO_URL: `http://127.0.0.1:${proxy.port}` } });
  const options = { key: gateway.keys.admin };
  expect((await patient.get('/api/v1/res.partner?limit=1', options)).status).toBe(200);
  await proxy.cut();
  const asked = Array.from({ length: 20 }, (_, i) =>
    i % 2
      ? patient.get('/api/v1/res.partner?limit=1&count=estimated', options)
      : patient.post('/api/v1/res.partner', { name: `Patient ${i}` }, options),
  );
  await delay(1_000);
  await proxy.restore();
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map((_, i) => (i % 2 ? 200 : 201)));
  const [row] = await gateway.sql<{ count: string }>("select count(*) from res_partner where name like 'Patient %'");
  expect(Number(row?.count)).toBe(10);
  await patient.stop();
  await proxy.cut();
});
