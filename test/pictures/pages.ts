// The pictures of the documentation. One more page is one more entry.

import type { Page } from 'playwright-core';
import type { Instance } from '../helpers/instance.ts';

export interface Picture {
  /** docs/images/<name>_<theme>.png, and <name>_phone_<theme>.png when there is a height for it. */
  name: string;
  /** Path in Odoo. */
  path: string;
  /** CSS pixels that are shown at a width of 1280. */
  height: number;
  /** The same at a width of 390. */
  phoneHeight?: number;
  /** Waits until all is there, and does what a person would do before. */
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
      // The line of the live rate has something to tell.
      await page.waitForTimeout(25_000);
    },
  },
];
