// The dashboard stays open for half an hour while requests come in, and needs no more memory at the end than after its first
// minutes.
//
// SOAK_MINUTES (30) and SOAK_PER_SECOND (5) make it shorter or busier. Heap, nodes and listeners are read after a forced
// garbage collection, at six moments.

import { setTimeout as delay } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { DashboardPage } from '../helpers/dashboard_page.ts';
import { makeHistory } from '../helpers/history.ts';
import { createInstance } from '../helpers/instance.ts';
import { startBrowser } from '../helpers/odoo_browser.ts';
import { until } from '../helpers/wait.ts';

const minutes = Number(process.env['SOAK_MINUTES'] || 30);
const perSecond = Number(process.env['SOAK_PER_SECOND'] || 5);
const steps = 6;
const mostGrowth = 0.1;
/** How much the heap varies at random after a garbage collection. */
const noiseMb = 1;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const browser = await startBrowser();
const figures: Record<string, number> = {};
let isRight = false;
try {
  await makeHistory(gateway.databaseUrl);
  const dashboard = await DashboardPage.open(browser, gateway, {
    viewport: { width: 1_280, height: 900 },
    reducedMotion: 'no-preference',
  });
  await dashboard.connection('live');
  const devtools = await dashboard.page.context().newCDPSession(dashboard.page);
  await devtools.send('HeapProfiler.enable');
  await devtools.send('Performance.enable');

  const traffic = new AbortController();
  const calls = call(traffic.signal);
  const stepMs = (minutes * 60_000) / steps;
  const heaps: number[] = [];
  const busy: number[] = [];
  // Data that is loaded and cached at first is not growth.
  await delay(Math.min(60_000, stepMs / 2));
  for (let step = 0; step <= steps; step += 1) {
    if (step > 0) await delay(stepMs);
    const { heapMb, nodes, listeners, busyMs } = await memory(devtools);
    heaps.push(heapMb);
    busy.push(busyMs);
    const minute = Math.round(((step * stepMs) / 60_000) * 10) / 10;
    say(
      `  ${minute} min: ${Math.round(busyMs / 1_000)} s busy, ${heapMb} MB, ${nodes} nodes, ${listeners} listeners, ${await dashboard.text('rps')} requests/s`,
    );
    figures[`heap_mb_at_${minute}_min`] = heapMb;
    figures[`nodes_at_${minute}_min`] = nodes;
  }
  traffic.abort();
  const sent = await calls;
  const [key] = await gateway.sql<{ id: number }>('select id from res_users_apikeys where index = $1', [
    gateway.keys.bench.slice(0, 8),
  ]);
  await dashboard.page.selectOption('select[name=consumer]', `odoo_key:${key?.id}`);
  const shown = async () => Number(await dashboard.card('requests').getAttribute('data-value'));
  await until(`the page shows all ${sent} requests`, async () => (await shown()) === sent, 20_000);

  const [start = 0, end = Number.POSITIVE_INFINITY] = [heaps[0], heaps.at(-1)];
  Object.assign(figures, {
    minutes,
    sent,
    growth_mb: Math.round((end - start) * 100) / 100,
    console_faults: dashboard.faults.length,
  });
  isRight = end <= start * (1 + mostGrowth) + noiseMb && dashboard.faults.length === 0;
  process.stdout.write(`${JSON.stringify({ name: 'dashboard', figures, ratios: {} })}\n`);
} finally {
  await browser.close();
  await gateway.close();
}
process.exitCode = isRight ? 0 : 1;

async function memory(devtools: CDPSession): Promise<{ heapMb: number; nodes: number; listeners: number; busyMs: number }> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return {
    heapMb: Math.round(of('JSHeapUsedSize') / 10_000) / 100,
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
    busyMs: of('TaskDuration') * 1_000,
  };
}

/** Sends good and bad requests at an even pace, and returns how many it sent. */
async function call(signal: AbortSignal): Promise<number> {
  let sent = 0;
  for (; !signal.aborted; sent += 1) {
    const path = sent % 20 === 0 ? '/api/v1/no.such.model' : '/api/v1/res.partner?limit=5';
    await gateway.get(path, { key: gateway.keys.bench });
    await delay(1_000 / perSecond, undefined, { signal }).catch(() => {});
  }
  return sent;
}
