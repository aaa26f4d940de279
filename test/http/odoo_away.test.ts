// Odoo stops and starts: reads are refused with Retry-After, what needs no Odoo goes on.

import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ ownOdoo: true });

test('while Odoo is stopped: 502 with Retry-After, and /readyz says that it is Odoo', { timeout: 120_000 }, async () => {
  const read = () => gateway.get('/api/v1/res.partner?limit=1', { key: gateway.keys.admin });
  expect((await read()).status).toBe(200);

  await gateway.odoo.stop();
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

  await gateway.odoo.start();
  await until('200', async () => (await read()).status === 200);
  await until('ready', async () => (await gateway.get('/readyz')).status === 200);
});
