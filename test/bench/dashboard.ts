// A person's waiting times at the dashboard, in a real browser, with a year of figures: the page, another range, and the time until
// an answered request is on the page.
//
// There is no competitor: Odoo has no such page.

import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { DashboardPage, dashboardPath } from '../helpers/dashboard_page.ts';
import { makeHistory } from '../helpers/history.ts';
import { createInstance } from '../helpers/instance.ts';
import { startBrowser } from '../helpers/odoo_browser.ts';
import { median, report } from './harness.ts';

const loads = 7;
const requests = 60;
const spans = ['30d', '1y', '24h'];

/**
 * Code for the page: notes when the large numbers and the first chart were shown, in milliseconds after the navigation began.
 */
const watchPaint = `
  (function look() {
    const number = document.querySelector('[data-kpi=requests] output');
    const roots = [...document.querySelectorAll('[data-chart=requests] *')].map(({ shadowRoot }) => shadowRoot).filter(Boolean);
    if (number && roots.some((root) => root.querySelector('.apexcharts-area-series path'))) {
      // This message is sent before the frame is painted, and arrives afterwards.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { window.usefulAt = performance.now(); };
      port2.postMessage('');
    } else requestAnimationFrame(look);
  })()`;

/** Code for the page: notes when the number on the card changed, by the clock that this process also uses. */
const watchNumber = `
  new MutationObserver(() => { window.changedAt = performance.timeOrigin + performance.now(); })
    .observe(document.querySelector('[data-kpi=requests] output'), { characterData: true, childList: true, subtree: true })`;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const browser = await startBrowser();
try {
  await makeHistory(gateway.databaseUrl);
  const figures: Record<string, number> = {};

  const { page: first } = await browser.open(gateway, '/odoo', { viewport: { width: 1_280, height: 900 } });
  await first.context().addInitScript(watchPaint);
  const paints: number[] = [];
  for (let i = 0; i <= loads; i += 1) {
    await first.goto(dashboardPath);
    await first.waitForFunction('window.usefulAt !== undefined', undefined, { timeout: 60_000 });
    const ms = await first.evaluate<number>('window.usefulAt');
    if (i === 0) figures['first_visit_ms'] = ms;
    else paints.push(ms);
    say(`  useful after ${Math.round(ms)} ms`);
  }
  figures['useful_paint_ms'] = median(paints);
  figures['useful_paint_worst_ms'] = Math.max(...paints);
  await first.context().close();

  const dashboard = await DashboardPage.open(browser, gateway, { viewport: { width: 1_280, height: 900 } });
  await dashboard.connection('live');
  for (const span of spans) {
    const chosen: number[] = [];
    for (let i = 0; i < 5; i += 1) chosen.push(await choose(dashboard, span));
    figures[`range_${span}_ms`] = median(chosen);
  }

  await dashboard.page.evaluate(watchNumber);
  const waits: number[] = [];
  for (let i = 0; i < requests; i += 1) {
    await delay(700 + Math.random() * 1_000);
    await dashboard.page.evaluate('window.changedAt = 0');
    const answer = await gateway.get('/api/v1/ping', { key: gateway.keys.bench });
    const answeredAt = performance.timeOrigin + performance.now();
    if (answer.status !== 200) throw new Error(`ping: ${answer.status}`);
    waits.push((await changedAt(dashboard.page)) - answeredAt);
  }
  figures['answer_to_page_ms'] = median(waits);
  figures['answer_to_page_worst_ms'] = Math.max(...waits);
  if (dashboard.faults.length > 0) throw new Error(dashboard.faults.join('\n'));
  report('dashboard', figures, {});
} finally {
  await browser.close();
  await gateway.close();
}

/** Milliseconds from the click on a range until its figures are on the page. */
async function choose(dashboard: DashboardPage, span: string): Promise<number> {
  const other = spans.find((name) => name !== span);
  await dashboard.afterReading(() => dashboard.page.click(`[data-span='${other}']`));
  const startedAt = performance.now();
  await dashboard.afterReading(() => dashboard.page.click(`[data-span='${span}']`));
  return performance.now() - startedAt;
}

async function changedAt(page: Page): Promise<number> {
  await page.waitForFunction('window.changedAt > 0', undefined, { timeout: 10_000, polling: 20 });
  return page.evaluate<number>('window.changedAt');
}
