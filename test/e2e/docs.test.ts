// The documentation page in Chromium that reaches only this machine: nothing is loaded from other hosts, hostile labels do
// nothing, and "try it" answers with a record.

import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const hostile = '<img src=x onerror=alert(1)> [a](http://evil.example) *b*';
const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
await gateway.orm('ir.model.fields', 'create', {
  vals_list: [
    {
      name: 'x_hostile',
      model_id: model,
      ttype: 'char',
      field_description: hostile,
      help: `<script>alert(2)</script> ${hostile}`,
    },
  ],
});

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
  /** Complaints of the console, dialogs, and requests to anywhere else. */
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

async function paste(page: Page, key: string): Promise<void> {
  await page.locator('#key').fill(key);
  await page.locator('#key').press('Enter');
}

describe('the documentation page', () => {
  test('shows the general document to everyone, without complaints', async () => {
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

  test('shows the API of the key that is pasted, and tries it out', async () => {
    const { page, faults } = await open('/api/docs?models=res.partner');
    expect(await page.locator('#said').textContent()).toContain('Paste a key');
    await paste(page, gateway.keys.demo);
    await page.locator('a[href="#tag/respartner"]').first().click();
    await page.locator('a[href="#tag/respartner/GET/api/v1/res.partner"]').first().click();
    await page
      .getByRole('button', { name: /Test Request/ })
      .first()
      .click();
    const answer = page.waitForResponse((response) => response.url().startsWith(`${gateway.url}/api/v1/res.partner`));
    await page.getByRole('button', { name: /^Send/ }).first().click();
    const response = await answer;
    expect([response.status(), response.request().headers()['x-api-key']]).toEqual([200, gateway.keys.demo]);
    expect((await response.json()).data.length).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });

  test('shows hostile labels and help texts as text', async () => {
    const { page, faults } = await open('/api/docs?models=res.partner');
    await paste(page, gateway.keys.admin);
    await page.locator('a[href="#tag/respartner"]').first().click();
    await page.getByText('x_hostile').first().waitFor();
    expect(await page.locator('img[src="x"], a[href*="evil.example"], script:not([src])').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('gives the reason when a key is refused', async () => {
    const { page } = await open('/api/docs');
    await paste(page, 'gwk_wrong');
    await page.getByText('Invalid or expired credentials').waitFor();
  });

  test('keeps no key when the page is left', async () => {
    const { page } = await open('/api/docs');
    await paste(page, gateway.keys.demo);
    await page.locator('a[href="#tag/respartner"]').first().waitFor();
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
    );
    expect(stored).not.toContain(gateway.keys.demo);
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
