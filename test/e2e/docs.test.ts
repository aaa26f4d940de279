// The documentation page in Chromium that reaches this machine alone: nothing is loaded from elsewhere.

import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM_BIN'] || '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
afterAll(() => browser.close());

interface Opened {
  readonly page: Page;
  /** What the console complained of, dialogs, and requests to anywhere else. */
  readonly faults: string[];
}

async function open(path: string, colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<Opened> {
  const page = await (await browser.newContext({ colorScheme, viewport: { width, height: 900 } })).newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(gateway.url)) faults.push(`asked for ${request.url()}`);
  });
  await page.goto(`${gateway.url}${path}`);
  await page.waitForSelector('#reference[aria-busy=false]');
  await page.getByRole('heading', { name: 'API Gateway for Odoo' }).waitFor();
  return { page, faults };
}

describe('the documentation page', () => {
  test('shows the general document to everybody, and nothing complains', async () => {
    const { page, faults } = await open('/api/docs');
    await page.getByText('Any model').first().waitFor();
    expect(faults).toEqual([]);
  });

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('fits a %s screen of %i pixels', async (scheme, width) => {
    const { page, faults } = await open('/api/docs', scheme, width);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await page.evaluate<string>('getComputedStyle(document.body).colorScheme')).toBe(scheme);
    expect(faults).toEqual([]);
  });
});

test("Odoo's menu and its own /api/docs lead to the page", async () => {
  const odoo = await useBrowser();
  const { page } = await odoo.open(gateway, '/odoo/gateway');
  await page.getByRole('button', { name: 'Tools' }).click();
  const [opened] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('menuitem', { name: 'API Documentation' }).click(),
  ]);
  await opened.waitForURL(`${gateway.url}/api/docs`);
  await opened.getByRole('heading', { name: 'API Gateway for Odoo' }).waitFor();
});
