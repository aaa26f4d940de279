// SIGTERM: requests in flight are answered, new ones are not started; a second signal exits at once.

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { SidecarProcess } from '../helpers/sidecar_process.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

vi.setConfig({ testTimeout: 90_000 });
const gateway = await useInstance();

async function ready(env: Record<string, string> = {}): Promise<SidecarProcess> {
  const sidecar = await SidecarProcess.spawn({
    GATEWAY_DATABASE_URL: gateway.sidecarDatabaseUrl,
    GATEWAY_ODOO_URL: gateway.odoo.url,
    ...env,
  });
  await until('ready', async () => (await sidecar.readiness())?.status === 200);
  return sidecar;
}

/** A read that waits in Odoo until the table is unlocked. */
async function slowRead(sidecar: SidecarProcess) {
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  client.on('error', () => {}); // when a test fails, the database is dropped during this connection
  await client.connect();
  await client.query('begin');
  await client.query('lock table res_country_group in access exclusive mode');
  const answer = sidecar.get('/api/v1/res.country.group?fields=name', { key: gateway.keys.admin });
  await until('the read waits', async () => {
    const [row] = await gateway.sql<{ waiting: boolean }>(
      "select exists (select from pg_locks where relation = 'res_country_group'::regclass and not granted) as waiting",
    );
    return row?.waiting === true;
  });
  return {
    answer,
    letGo: async () => {
      await client.query('rollback');
      await client.end();
    },
  };
}

test('a request in flight is answered, new connections are refused, and the exit is clean', async () => {
  const sidecar = await ready();
  const { answer, letGo } = await slowRead(sidecar);
  sidecar.kill('SIGTERM');
  await until('new connections are refused', async () => (await sidecar.readiness()) === undefined);
  await delay(200);
  await letGo();
  expect((await answer).status).toBe(200);
  const answeredAt = performance.now();
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - answeredAt).toBeLessThan(8_000); // it does not wait for the client to close its connection
});

test('a request that does not end in time is cut off', async () => {
  const sidecar = await ready({ GATEWAY_DRAIN_TIMEOUT_MS: '300' });
  const { answer, letGo } = await slowRead(sidecar);
  const cut = expect(answer).rejects.toThrow();
  const startedAt = performance.now();
  sidecar.kill('SIGTERM');
  await cut;
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  await letGo();
});

test('a second signal ends the process immediately', async () => {
  const sidecar = await ready();
  const { answer, letGo } = await slowRead(sidecar);
  const cut = expect(answer).rejects.toThrow();
  sidecar.kill('SIGTERM');
  await until('stopping', async () => (await sidecar.readiness()) === undefined);
  sidecar.kill('SIGTERM');
  expect(await sidecar.exited).toBe(1);
  await cut;
  await letGo();
});

test('a read past its deadline gets a 504, and its statement ends with it', async () => {
  const sidecar = await ready({ GATEWAY_REQUEST_TIMEOUT_MS: '500' });
  await gateway.sql('create policy slow on res_currency using (pg_sleep(10) is not null)');
  await gateway.sql('alter table res_currency enable row level security, force row level security');
  const startedAt = performance.now();
  const answer = await sidecar.get('/api/v1/res.currency?fields=symbol', { key: gateway.keys.admin });
  expect(answer.status).toBe(504);
  expect(answer.json.error.reason).toBe('odoo.timeout');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await until('its statement has ended', async () => {
    const [row] = await gateway.sql<{ running: number }>(
      `select count(*)::int as running from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%res_currency%'`,
    );
    return row?.running === 0;
  });
  await gateway.sql('alter table res_currency no force row level security, disable row level security');
  await gateway.sql('drop policy slow on res_currency');
  sidecar.kill('SIGTERM');
  await sidecar.exited;
});

test('a read that waits for a lock gets a conflict before its deadline', async () => {
  const sidecar = await ready({ GATEWAY_REQUEST_TIMEOUT_MS: '1000' });
  const { answer, letGo } = await slowRead(sidecar);
  expect((await answer).json.error).toMatchObject({ code: 409, reason: 'odoo.conflict' });
  expect(Number((await answer).headers.get('retry-after'))).toBeGreaterThan(0);
  await letGo();
  sidecar.kill('SIGTERM');
  await sidecar.exited;
});
