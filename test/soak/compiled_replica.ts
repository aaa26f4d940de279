// Compiled reads on a real streaming replica that is always a little late: a consumer finds its own writes, and a right that was
// revoked on the primary ends at once.
//
//   npm run soak -- compiled_replica [--writes 300]

import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../scripts/stack/ports.mjs';
import { locateServer } from '../../scripts/stack/postmaster.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { run } from '../../scripts/stack/run.mjs';
import { connectionEnv, postgresTool } from '../../scripts/stack/sql.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { until } from '../helpers/wait.ts';

const { values: options } = parseArgs({ options: { writes: { type: 'string', default: '300' } } });
const lateMs = 30;

const real = await provideRealParts();
const { superuserUrl } = real.parts.cluster;
if (superuserUrl === null) throw new Error("A replica needs this clone's own Postgres: run it without DATABASE_URL.");
const { user } = await locateServer();
const gateway = await createInstance({ ...real, sharedOdooUrl: null });
const home = mkdtempSync(join(tmpdir(), 'replica-'));
const data = join(home, 'data');
const port = await freePort();
const as = user === undefined ? {} : { as: user };
try {
  if (user) chownSync(home, user.uid, user.gid);
  await run(postgresTool('pg_basebackup'), ['-D', data, '-R', '-X', 'stream', '-c', 'fast'], {
    ...as,
    env: connectionEnv(superuserUrl),
  });
  const settings = `-p ${port} -c recovery_min_apply_delay=${lateMs} -c hot_standby_feedback=on -c shared_buffers=32MB`;
  await run(postgresTool('pg_ctl'), ['start', '-D', data, '-l', join(home, 'log'), '-o', settings, '-w', '-t', '60'], as);
  const url = new URL(gateway.sidecarDatabaseUrl);
  url.port = String(port);
  const sidecar = await gateway.startSidecar({ env: { GATEWAY_READ_DATABASE_URL: url.href, GATEWAY_METRICS_FROM: '127.0.0.1' } });
  const key = gateway.keys.admin;
  const headers = { 'X-Gateway-Explain': '1' };
  const wayOf = (answer: { headers: Headers }) => answer.headers.get('x-gateway-read') ?? '';
  const [id] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Written' }] });
  const path = `/api/v1/res.partner/${id}?fields=name`;
  const compiled = () =>
    until('reads run on the replica', async () => wayOf(await sidecar.get(path, { key, headers })) === 'compiled', 30_000);
  await compiled();

  const figures: Record<string, number> = { writes: 0, stale: 0, waited: 0, through_odoo: 0, behind_without_wait: 0 };
  const count = (name: string) => {
    figures[name] = (figures[name] ?? 0) + 1;
  };
  for (let i = 0; i < Number(options.writes); i += 1) {
    const name = `Written ${i}`;
    const written = await sidecar.request('PATCH', path, {
      key,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    if (written.status !== 200) throw new Error(written.text);
    count('writes');
    // Another consumer may get old values; this one may not.
    const [own, other] = await Promise.all([
      sidecar.get(path, { key, headers }),
      sidecar.get(path, { key: gateway.keys.bench, headers }),
    ]);
    if (own.json.data.name !== name) count('stale');
    count(wayOf(own) === 'compiled' ? 'waited' : 'through_odoo');
    if (wayOf(other) === 'compiled' && other.json.data.name !== name) count('behind_without_wait');
  }
  say(`  ${JSON.stringify(figures)}`);

  for (let i = 0; i < 20; i += 1) {
    await compiled();
    const [model] = await gateway.sql<{ id: number }>("select id from ir_model where model = 'res.partner'");
    const [rule] = await gateway.orm<number[]>('ir.rule', 'create', {
      vals_list: [{ name: 'none', model_id: model?.id, domain_force: `[('id', '!=', ${id})]` }],
    });
    if ((await sidecar.get(path, { key, headers })).status === 200) count('stale');
    await gateway.orm('ir.rule', 'unlink', { ids: [rule] });
  }
  const metrics = await sidecar.get('/metrics');
  const isMeasured = /gateway_replica_lag_seconds\{[^}]+\} [\d.e-]+/.test(metrics.text);
  report('compiled_replica', { ...figures, lag_is_measured: isMeasured ? 1 : 0 }, {});
  if ((figures['stale'] ?? 0) > 0 || !isMeasured || figures['behind_without_wait'] === 0) process.exitCode = 1;
} finally {
  await gateway.close();
  await run(postgresTool('pg_ctl'), ['stop', '-D', data, '-m', 'immediate'], as).catch(() => {});
  rmSync(home, { recursive: true, force: true });
}
