import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const path = '/odoo/gateway-speed-test';

async function run(page: Page, kind: 'light' | 'heavy', runs = 5): Promise<void> {
  await page.selectOption('.o_api_gateway_runs', String(runs));
  await page.click(`[data-kind=${kind}] button`);
}

/** The keys for Odoo's own API that currently exist. */
function odooKeys(): Promise<unknown[]> {
  return gateway.sql(`select id from res_users_apikeys where name like 'API Gateway speed test%'`);
}

/** The dialog that Odoo shows before it creates a key. */
async function givePassword(page: Page): Promise<void> {
  await page.fill('.modal input[type=password]', 'admin');
  await page.click('.modal button:has-text("Confirm")');
}

test('both tests ask for the password once, measure, and store their results', { timeout: 120_000 }, async () => {
  const { page, text, faults, styleFault } = await browser.open(gateway, path);
  await page.waitForSelector('.o_api_gateway_speed_empty');
  await run(page, 'light');
  await givePassword(page);
  await page.waitForSelector('.o_api_gateway_result:has-text("Light test, 5 runs")', { timeout: 30_000 });

  await run(page, 'heavy', 10);
  await page.waitForSelector('.o_api_gateway_result:has-text("Heavy test, 10 runs")', { timeout: 30_000 });
  expect(await text('.o_api_gateway_result h2')).toMatch(/\d+ records of sale\.order$/);
  expect(await text('.o_api_gateway_way')).toMatch(/Compiled|Through Odoo/);
  expect(await text('.o_api_gateway_throughput')).toMatch(/gets [\d.,]+ a second here, and [\d.,]+ from Odoo’s own API\.$/);
  const legend = await text('.o_api_gateway_legend');
  for (const part of ['Network', 'Gateway']) expect(legend).toContain(part);
  const percentiles = (await text('.o_api_gateway_percentiles')).replace(/\s+/g, ' ');
  expect(percentiles).toMatch(/Half of the runs within ?[\d.,]+ ms ?[\d.,]+ ms ?[\d.,]+×/);

  await page.waitForSelector('.o_api_gateway_history tbody tr >> nth=1');
  await page.waitForSelector('[data-chart=latency] .apexcharts-series');
  const [heavy] = await gateway.sql<Record<string, number>>(`select * from gateway_speed_test where kind = 'heavy'`);
  const parts = ['network', 'gateway', 'auth', 'throttle', 'queue', 'odoo', 'orm', 'sql', 'shape'].map((name) =>
    Number(heavy?.[`${name}_ms`]),
  );
  const mean = parts.reduce((sum, part) => sum + part, 0);
  expect(mean).toBeGreaterThan(Number(heavy?.['p50_ms']) / 3);
  // Reads that were compiled meanwhile do not go through Odoo.
  expect(Number(heavy?.['orm_ms']) + Number(heavy?.['sql_ms'])).toBeGreaterThan(0);
  expect(Number(heavy?.['odoo_p50_ms'])).toBeGreaterThan(0);

  // For the gateway, all these requests come from one caller. The test's keys are revoked when the user leaves the page.
  const [key] = await gateway.sql<{ id: number }>('select id from gateway_key where is_speed_test');
  await page.click('.o_menu_sections button:has-text("Tools")');
  await page.click('.o-dropdown--menu a:has-text("Gateway Status")');
  await page.waitForSelector('.o_api_gateway_status');
  await until('its keys are gone', async () => (await odooKeys()).length === 0);
  expect(key?.id).toBeGreaterThan(0);
  expect(await styleFault()).toBe('none');
  expect(faults).toEqual([]);
});

test('nothing is measured without the password', async () => {
  const groups = await gateway.sql<{ id: number }>(
    `select res_id as id from ir_model_data where (module, name) in (('base', 'group_user'), ('api_gateway', 'group_user'))`,
  );
  const values = { name: 'Ann', login: 'ann', password: 'ann-password', group_ids: [[6, 0, groups.map(({ id }) => id)]] };
  await gateway.orm('res.users', 'create', { vals_list: [values], context: { no_reset_password: true } });
  const { page, faults } = await browser.open(gateway, path, { login: 'ann', password: 'ann-password' });
  await page.waitForSelector('.o_api_gateway_speed_empty'); // a user sees only their own tests
  await page.click('[data-kind=light] button');
  await page.waitForSelector('.modal input[type=password]');
  await page.click('.modal .btn-close');
  await page.waitForSelector('.modal', { state: 'detached' });
  await page.waitForSelector('[data-kind=light] button:not([disabled])');
  expect(await page.locator('.o_api_gateway_error, .o_api_gateway_result').count()).toBe(0);
  expect(await gateway.sql('select from gateway_key where is_speed_test and user_id <> 2')).toEqual([]);
  expect(faults).toEqual([]);
});

test("the speed test is not subject to its user's limits, and does not use them up", async () => {
  await gateway.sql(`update gateway.setting set value = '3' where name = 'throttle.limit'`);
  await gateway.sql('delete from gateway.throttle');
  const { page } = await browser.open(gateway, path);
  await page.waitForSelector('.o_api_gateway_history');
  await run(page, 'light', 10);
  await page.waitForSelector('.o_api_gateway_result, .modal input[type=password]');
  if (await page.locator('.modal input[type=password]').isVisible()) await givePassword(page);
  await page.waitForSelector('.o_api_gateway_result:has-text("Light test, 10 runs")');
  const subjects = await gateway.sql<{ subject: string }>('select subject from gateway.throttle');
  expect(subjects.map(({ subject }) => subject).filter((subject) => subject.startsWith('user:'))).toEqual([]);
  await gateway.sql(`update gateway.setting set value = '0' where name = 'throttle.limit'`);

  // The keys end when the page is closed or reloaded.
  await page.reload();
  await until('its keys are gone', async () => (await odooKeys()).length === 0);
  const [key] = await gateway.sql<{ ended: boolean }>(
    'select expires_at <= gateway.utc_now() as ended from gateway_key where is_speed_test',
  );
  expect(key?.ended).toBe(true);
});

test('a gateway that cannot be reached is reported', async () => {
  await gateway.sql(`update gateway.setting set value = '"http://127.0.0.1:1"' where name = 'sidecar.url'`);
  const { page, text } = await browser.open(gateway, path);
  await run(page, 'light');
  await page.waitForSelector('.o_api_gateway_error, .modal input[type=password]');
  if (await page.locator('.modal input[type=password]').isVisible()) await givePassword(page);
  await page.waitForSelector('.o_api_gateway_error');
  expect(await text('.o_api_gateway_error')).toContain('could not reach 127.0.0.1:1');
  await page.waitForSelector('.o_api_gateway_history tr[data-state=failed]');
  await gateway.sql(`update gateway.setting set value = '""' where name = 'sidecar.url'`);
});

test.each([
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
])('the page fits $width pixels in both themes', async (viewport) => {
  const { page, faults } = await browser.open(gateway, path, { viewport });
  await page.waitForSelector('.o_api_gateway_history');
  for (const theme of ['light', 'dark']) {
    await page.click(`button[aria-label="${theme === 'light' ? 'Light' : 'Dark'} theme"]`);
    await page.waitForSelector(`[data-chart=latency][data-theme=${theme}]`);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
  }
  expect(faults).toEqual([]);
});
