// The dashboard in a browser, as a person reads it.

import type { Locator, Page } from 'playwright-core';
import type { Instance } from './instance.ts';
import type { OdooBrowser, OdooPage, OpenOptions } from './odoo_browser.ts';
import { until } from './wait.ts';

export const dashboardPath = '/odoo/gateway-dashboard';
export const chartNames = [
  'requests',
  'statuses',
  'latency',
  'errors',
  'parts',
  'top',
  'consumers',
  'methods',
  'heat_map',
  'refusals',
];

export class DashboardPage {
  readonly page: Page;
  readonly faults: string[];
  readonly styleFault: () => Promise<string>;

  private constructor({ page, faults, styleFault }: OdooPage) {
    this.page = page;
    this.faults = faults;
    this.styleFault = styleFault;
  }

  /**
   * By default, counters do not animate. Returns when the figures of the last day are shown or, with `isFirstVisit`, those of the
   * range that the page chooses.
   */
  static async open(
    browser: OdooBrowser,
    gateway: Instance,
    { isFirstVisit = false, ...options }: OpenOptions & { isFirstVisit?: boolean } = {},
  ): Promise<DashboardPage> {
    const dashboard = new DashboardPage(await browser.open(gateway, dashboardPath, { reducedMotion: 'reduce', ...options }));
    await dashboard.page.waitForSelector('.o_api_gateway_dashboard[data-updated]');
    await dashboard.isDrawn();
    if (!isFirstVisit) await dashboard.afterReading(() => dashboard.page.click('[data-span="24h"]'));
    return dashboard;
  }

  card(id: string): Locator {
    return this.page.locator(`[data-kpi=${id}]`);
  }

  chart(name: string): Locator {
    return this.page.locator(`[data-chart=${name}]`);
  }

  connection(state: 'live' | 'fallback' | 'polling' | 'manual'): Promise<unknown> {
    return this.page.waitForSelector(`.o_api_gateway_connection[data-connection=${state}]`, { timeout: 45_000 });
  }

  /** Where a chart draws its values, in pixels of the window, after scrolling to it. */
  async plotArea(chart: string): Promise<{ x: number; y: number; width: number; height: number }> {
    const grid = this.chart(chart).locator('.apexcharts-grid');
    await grid.scrollIntoViewIfNeeded();
    const area = await grid.boundingBox();
    if (area === null) throw new Error(`The chart ${chart} has no grid.`);
    return area;
  }

  /** The text of a card. */
  async text(id: string): Promise<string> {
    return ((await this.card(id).locator('output').textContent()) ?? '').trim();
  }

  /** Waits until a card shows this text. @returns how many milliseconds that took */
  shows(id: string, text: string, limitMs = 15_000): Promise<number> {
    return until(`the card ${id} shows ${text}`, async () => (await this.text(id)) === text, limitMs);
  }

  /** Does something and waits until the figures that it asks for are shown. */
  async afterReading(act: () => Promise<unknown>): Promise<void> {
    const before = await this.updated();
    await act();
    await until('the figures are read again', async () => (await this.updated()) > before && !(await this.isReading()), 30_000);
    await this.isDrawn();
  }

  async isDrawn(): Promise<void> {
    await until('the charts are drawn', async () => (await this.page.locator('[data-chart] [aria-busy=true]').count()) === 0);
  }

  async updated(): Promise<number> {
    return Number(await this.page.getAttribute('.o_api_gateway_dashboard', 'data-updated'));
  }

  async isReading(): Promise<boolean> {
    return (await this.page.getAttribute('.o_api_gateway_dashboard', 'aria-busy')) === 'true';
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
