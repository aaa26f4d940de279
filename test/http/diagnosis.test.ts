// The button Test in Settings → API Gateway: the part that Odoo does. The browser's part is in test/e2e/settings.test.ts.

import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { rootDir } from '../../scripts/stack/paths.mjs';
import { startBrokenSidecar } from '../helpers/broken_sidecar.ts';
import { startHttpsServer } from '../helpers/https_server.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { SidecarProcess } from '../helpers/sidecar_process.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

interface Diagnosis {
  state: string;
  url: string | null;
  message: string;
  version: string | null;
  total_ms: number | null;
  postgres_ms: number | null;
  odoo_ms: number | null;
}

vi.setConfig({ testTimeout: 60_000 });
const gateway = await useInstance();
const admin = await OdooWeb.login(gateway);
const diagnose = (url: string) => admin.call<Diagnosis>('gateway.sidecar', 'diagnose', [url]);
const unknown = { version: null, total_ms: null, postgres_ms: null, odoo_ms: null };
const dir = mkdtempSync(join(tmpdir(), 'diagnosis-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('a sidecar of this database is shown with its version and the time of each leg', async () => {
  expect(await diagnose('')).toMatchObject({ state: 'ok', url: gateway.url }); // finds the running sidecar
  const found = await diagnose(`${gateway.url}/`);
  expect(found).toMatchObject({ state: 'ok', url: gateway.url, version: manifest.version });
  for (const ms of [found.total_ms, found.postgres_ms, found.odoo_ms]) expect(ms).toBeGreaterThan(0);
});

test('a sidecar without Odoo is reported differently from one without Postgres', async () => {
  const broken = await startBrokenSidecar(gateway);
  const withoutOdoo = await diagnose(broken.url);
  broken.kill('SIGKILL');
  expect(withoutOdoo).toMatchObject({ state: 'away', odoo_ms: null, postgres_ms: expect.any(Number), version: manifest.version });
  expect(withoutOdoo.message).toContain('GATEWAY_ODOO_URL');

  const postgres = await startTcpProxy(Number(new URL(gateway.sidecarDatabaseUrl).port));
  const sidecar = await gateway.startSidecar({ postgres });
  await postgres.cut();
  await until('it reports that Postgres is down', async () => (await sidecar.get('/readyz')).status === 503);
  const withoutPostgres = await diagnose(sidecar.url);
  sidecar.kill('SIGKILL');
  expect(withoutPostgres).toMatchObject({ state: 'away', ...unknown });
  expect(withoutPostgres.message).not.toContain('GATEWAY_ODOO_URL');
});

test('a sidecar of another version is reported with both versions', async () => {
  const older = { ...JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8')), version: '0.0.9' };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(older));
  cpSync(join(rootDir, 'sidecar'), join(dir, 'sidecar'), { recursive: true });
  symlinkSync(join(rootDir, 'node_modules'), join(dir, 'node_modules'));
  const env = { GATEWAY_DATABASE_URL: gateway.sidecarDatabaseUrl, GATEWAY_ODOO_URL: gateway.odoo.url };
  const sidecar = await SidecarProcess.spawn(env, join(dir, 'sidecar/src/main.ts'));
  afterAll(() => sidecar.kill('SIGKILL'));
  await until('ready', async () => (await sidecar.readiness())?.status === 200);
  const found = await diagnose(sidecar.url);
  sidecar.kill('SIGTERM');
  await sidecar.exited;
  expect(found).toMatchObject({ state: 'version', version: '0.0.9', odoo_ms: expect.any(Number) });
  expect(found.message).toContain('0.0.9');
  expect(found.message).toContain(manifest.version);
});

test('an address with a path that the gateway does not know is reported as such', async () => {
  const found = await diagnose(`${gateway.url}/api`);
  expect(found).toMatchObject({ state: 'version', ...unknown });
  expect(found.message).toContain('/api/api/identify');
});

test('a server that accepts connections but never answers is abandoned after five seconds', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  afterAll(() => silent.close());
  await once(silent, 'listening');
  const startedAt = performance.now();
  const found = await diagnose(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  expect(found).toMatchObject({ state: 'unreachable', ...unknown });
  expect(found.message).toContain('within 5 seconds');
  expect(performance.now() - startedAt).toBeLessThan(9_000);
});

test('a certificate that no authority has signed is reported as such', async () => {
  const server = await startHttpsServer((_, answer) => answer.end());
  afterAll(() => server.close());
  const found = await diagnose(server.url);
  expect(found).toMatchObject({ state: 'unreachable', ...unknown });
  expect(found.message).toContain('certificate');
});

test('the message says so if there is neither an address nor a running sidecar', async () => {
  await gateway.sidecar.stop();
  await gateway.sql('delete from gateway.sidecar');
  const found = await diagnose('');
  expect(found).toMatchObject({ state: 'unreachable', url: null, ...unknown });
  expect(found.message).toContain('No sidecar is alive');
});
