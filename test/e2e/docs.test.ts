// The documentation page in Chromium that reaches only this machine: nothing is loaded from other hosts, hostile labels do
// nothing, and "try it" answers with a record.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
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
  /** Errors in the console, dialogs, and requests to other hosts. */
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
  test('shows the general document to everyone, without errors', async () => {
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

  test('shows the API of the key that is pasted, and sends a request', async () => {
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
    // The first request that a reader tries is for a list, not for record 1.
    expect(response.url()).not.toContain('filter');
    expect((await response.json()).data.length).toBeGreaterThan(1);
    const placeholders = await page.evaluate<string>("[...document.querySelectorAll('input')].map((i) => i.placeholder).join()");
    expect(placeholders).not.toMatch(/QUxM|janedoe/);
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
  const login = page.context().waitForEvent('request', (request) => request.url().endsWith('/api/docs/login'));
  await page.getByRole('button', { name: 'Tools' }).click();
  const [opened] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('menuitem', { name: 'API Documentation' }).click(),
  ]);
  await opened.waitForURL(`${gateway.url}/api/docs`);
  await opened.getByRole('heading', { name: 'API Gateway for Odoo' }).waitFor();
  // The page is signed in as the user for a limited time. Its ticket works once and is never in a URL.
  await opened.getByText(/^Signed in as Mitchell Admin \(admin\) until/).waitFor();
  await opened.locator('a[href="#tag/respartner"]').first().waitFor();
  const { ticket } = JSON.parse((await login).postData() ?? '{}');
  expect(opened.url()).not.toContain(ticket);
  const again = await gateway.post('/api/docs/login', { ticket });
  expect([again.status, again.json.error.reason]).toEqual([401, 'auth.invalid']);
});

/** A page that imports the client, because code that a test evaluates cannot: vitest changes its imports. */
const shop = '<!doctype html><title>shop</title><script type=module>globalThis.client = await import("/client.js")</script>';

describe('the typed client', () => {
  test('works in a page of another origin', async () => {
    const entry = join(import.meta.dirname, '../../client/src/index.ts');
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
    const server = createServer(({ url }, response) => {
      const isClient = url === '/client.js';
      response.setHeader('Content-Type', isClient ? 'text/javascript' : 'text/html');
      response.end(isClient ? outputFiles[0]?.contents : shop);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.client');
    const report = await page.evaluate(
      async ({ url, key }) => {
        const { Gateway, GatewayError } = (globalThis as unknown as { client: typeof import('../../client/src/index.ts') })
          .client;
        const gateway = new Gateway({ url, key, language: 'en-US', timezone: 'Europe/Paris' });
        const partners = gateway.model('res.partner');
        const { data } = await partners.create({ name: 'From a page' }, { fields: ['name'] });
        const { etag } = await partners.get(data.id);
        const changed = await partners.update(data.id, { city: 'Gent' }, { fields: ['city'], dryRun: true, quiet: true });
        const removed = await partners.remove(data.id);
        const gone = await partners.get(data.id).catch((error: unknown) => error instanceof GatewayError && error.reason);
        return { name: data.name, etag: typeof etag, city: changed.data.city, removed: removed.data.id === data.id, gone };
      },
      { url: gateway.url, key: gateway.keys.admin },
    );
    expect(report).toEqual({ name: 'From a page', etag: 'string', city: 'Gent', removed: true, gone: 'odoo.missing' });
  });

  test('says how the instance has changed since its types were pulled', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'pulled-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const program = join(import.meta.dirname, '../../client/src/pull/main.ts');
    const env = { ...process.env, GATEWAY_KEY: gateway.keys.admin };
    const pull = (...args: string[]) => promisify(execFile)(nodeBin(), [program, 'pull', ...args], { cwd: dir, env });
    const field = (values: object) =>
      gateway.orm<number[]>('ir.model.fields', 'create', { vals_list: [{ model_id: model, field_description: 'X', ...values }] });
    const choices = ['one', 'two'].map((value) => [0, 0, { value, name: value }]);
    const [gone] = await field({ name: 'x_gone', ttype: 'char' });
    await field({ name: 'x_choice', ttype: 'selection', selection_ids: choices });
    await pull(gateway.url, '--models', 'res.partner,res.country');
    expect((await pull('--check')).stdout).toMatch(/^Nothing has changed/);

    await gateway.orm('ir.model.fields', 'unlink', { ids: [gone] });
    const two = {
      domain: [
        ['field_id.name', '=', 'x_choice'],
        ['value', '=', 'two'],
      ],
    };
    await gateway.orm('ir.model.fields.selection', 'unlink', {
      ids: await gateway.orm<number[]>('ir.model.fields.selection', 'search', two),
    });
    await field({ name: 'x_new', ttype: 'integer' });
    await expect(pull('--check')).rejects.toMatchObject({
      code: 1,
      stderr: `${gateway.url} has changed since the last pull:
  res.partner.x_choice no longer has the choice "two"
  res.partner.x_gone is gone, or this key may no longer read it
  res.partner.x_new is new (integer)
Pull again.
`,
    });
  });
});
