// Every one of a million requests to two sidecars is counted, even though Postgres is down for 30 seconds meanwhile.
//
// `npm run soak -- traffic_million 100000` sends fewer. While Postgres is down, callers may be refused (503): those answers count
// as well.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Sidecar } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { until } from '../helpers/wait.ts';

const wanted = Number(process.argv[2] ?? 1_000_000);
const connections = 32;
const awayMs = 30_000;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
let isRight = false;
try {
  const port = Number(new URL(gateway.sidecarDatabaseUrl).port);
  const postgres = [await startTcpProxy(port), await startTcpProxy(port)];
  const sidecars = await Promise.all(postgres.map((proxy) => gateway.startSidecar({ postgres: proxy })));
  const before = await counted();
  const answered = new Map<number, number>();
  let sent = 0;
  let worstMb = 0;

  async function caller(pool: Pool): Promise<void> {
    while (sent < wanted) {
      sent += 1;
      const headers = { authorization: `Bearer ${gateway.keys.bench}` };
      const { statusCode, body } = await pool.request({ path: '/api/v1/ping', method: 'GET', headers });
      await body.dump();
      answered.set(statusCode, (answered.get(statusCode) ?? 0) + 1);
    }
  }

  const startedAt = performance.now();
  const pools = sidecars.map((sidecar) => new Pool(sidecar.url, { connections }));
  const all = Promise.all(pools.flatMap((pool) => Array.from({ length: connections }, () => caller(pool))));
  const watch = setInterval(async () => {
    worstMb = Math.max(worstMb, ...sidecars.map(residentMb));
    say(`  ${sent} sent, ${await counted()} counted, ${worstMb} MB`);
  }, 10_000);
  await until('a fifth is sent', () => sent > wanted / 5, 600_000);
  say(`Postgres goes down for ${awayMs / 1_000} s`);
  await Promise.all(postgres.map((proxy) => proxy.cut()));
  const sentBefore = sent;
  await delay(awayMs);
  const whileAway = sent - sentBefore;
  await Promise.all(postgres.map((proxy) => proxy.restore()));
  await all;
  clearInterval(watch);
  const seconds = (performance.now() - startedAt) / 1_000;

  await Promise.all(pools.map((pool) => pool.close()));
  await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
  await Promise.all(postgres.map((proxy) => proxy.cut()));
  const difference = (await counted()) - before - wanted;
  const total = [...answered.values()].reduce((sum, n) => sum + n, 0);
  isRight = difference === 0 && total === wanted && worstMb < 1_024;
  const figures = {
    sent: wanted,
    counted: wanted + difference,
    while_away: whileAway,
    rps: Math.round(wanted / seconds),
    worst_mb: worstMb,
    ...Object.fromEntries([...answered].map(([status, requests]) => [`status_${status}`, requests])),
  };
  process.stdout.write(`${JSON.stringify({ name: 'traffic_million', figures, ratios: {} })}\n`);
} finally {
  await gateway.close();
}
process.exitCode = isRight ? 0 : 1;

async function counted(): Promise<number> {
  const [row] = await gateway.sql<{ requests: string }>(
    `select coalesce(sum(requests), 0) as requests from gateway.request_stat
     where step = 'minute' and consumer = '*' and facet = 'total'`,
  );
  return Number(row?.requests);
}

function residentMb({ pid }: Sidecar): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
