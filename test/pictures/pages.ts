// The screenshots in the documentation. To add a page, add an entry.

import type { Page } from 'playwright-core';
import type { Instance } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';

export interface Picture {
  /** The files are docs/images/<name>_<theme>.png and, if `phoneHeight` is set, <name>_phone_<theme>.png. */
  name: string;
  /** Path in Odoo. */
  path: string;
  /** The height of the picture in CSS pixels; the width is 1280. */
  height: number;
  /** The height of the picture for phones; the width is 390. */
  phoneHeight?: number;
  /** Whether the calls in the background pause while this picture is taken. */
  quiet?: boolean;
  /** Waits until everything is displayed, and makes a user's first clicks. */
  ready: (page: Page, gateway: Instance) => Promise<void>;
}

export const pictures: Picture[] = [
  {
    name: 'dashboard',
    path: '/odoo/gateway-dashboard',
    height: 2_230,
    phoneHeight: 1_688,
    async ready(page) {
      await page.waitForSelector('.o_api_gateway_connection[data-connection=live]');
      await page.waitForSelector('[data-chart=refusals] .apexcharts-bar-area');
      // By then, the line of the live rate has values.
      await page.waitForTimeout(25_000);
    },
  },
  {
    name: 'keys',
    path: '/odoo/api-access-keys',
    height: 1_290,
    phoneHeight: 1_500,
    async ready(page, gateway) {
      await makeKeys(gateway);
      await page.reload();
      await page.locator('.o_api_gateway_key_list tr:has-text("Web shop")').waitFor();
    },
  },
  {
    name: 'speed_test',
    path: '/odoo/gateway-speed-test',
    height: 1_320,
    quiet: true,
    async ready(page) {
      await page.waitForSelector('[data-kind=heavy] button');
      const tests = [
        ['light', 'Light test'],
        ['heavy', 'Heavy test'],
      ];
      // Several tests of each kind, so that the chart has lines.
      for (const [kind, name] of Array.from({ length: 4 }, () => tests).flat()) {
        await page.selectOption('.o_api_gateway_runs', '25');
        await page.click(`[data-kind=${kind}] button`);
        const password = page.locator('.modal input[type=password]');
        const result = page.locator(`.o_api_gateway_result:has-text("${name}, 25 runs")`);
        await password.or(result).first().waitFor({ timeout: 60_000 });
        if (await password.isVisible()) {
          await password.fill('admin');
          await page.click('.modal button:has-text("Confirm")');
        }
        await result.waitFor({ timeout: 60_000 });
      }
      await page.waitForSelector('[data-chart=latency] .apexcharts-series');
    },
  },
  {
    name: 'status',
    path: '/odoo/gateway',
    height: 480,
    async ready(page) {
      await page.waitForSelector('.o_api_gateway_status');
    },
  },
];

async function makeKeys(gateway: Instance): Promise<void> {
  if ((await gateway.orm<number>('gateway.key', 'search_count', { domain: [['name', '=', 'Web shop']] })) > 0) return;
  const admin = await OdooWeb.login(gateway);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');
  const shop = await admin.create('gateway.key', { name: 'Web shop', scopes: 'orders_read orders_write products_read' });
  const sheet = await admin.create('gateway.key', { name: 'Sales sheet', scopes: 'sale.order:read', expires_at: inDays(200) });
  await admin.create('gateway.key', { name: 'Warehouse scanner', expires_at: inDays(9) });
  for (let i = 0; i < 40; i += 1) await gateway.get('/api/v1/ping', { key: i % 4 === 0 ? sheet.secret : shop.secret });
  // Uses are stored a second later.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
}
