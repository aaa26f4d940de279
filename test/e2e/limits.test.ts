import { expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const ping = () => gateway.get('/api/v1/ping', { key: gateway.keys.demo });

const [profile] = await gateway.orm<number[]>('gateway.profile', 'create', {
  vals_list: [{ name: 'Web shop', minute_limit: 4, hour_limit: 500 }],
});
const users = await gateway.orm<number[]>('res.users', 'search', { domain: [['login', '=', 'demo_api']] });
await gateway.orm('res.users', 'write', { ids: users, vals: { gateway_profile_id: profile } });
await until('the limit is live', async () => (await ping()).headers.get('ratelimit-limit') === '4');
await until('the limit is spent', async () => (await ping()).status === 429);

test('a spent window is shown with its bar, and passes again after a reset', async () => {
  const { page, faults, styleFault } = await browser.open(gateway, '/odoo/gateway-throttles');
  const row = page.locator('.o_data_row', { hasText: '4 of 4' });
  await row.waitFor();
  expect(await row.textContent()).toContain('Demo API user');
  expect(await row.locator('[role=progressbar]').getAttribute('aria-valuenow')).toBe('4');
  expect(await row.locator('.o_api_gateway_usage').getAttribute('data-level')).toBe('spent');
  const left = await row.locator('.o_api_gateway_usage_reset').textContent();
  await until('the countdown goes on', async () => (await row.locator('.o_api_gateway_usage_reset').textContent()) !== left);
  await row.locator('button[name=action_reset]').click();
  await row.waitFor({ state: 'detached' });
  await until('requests pass again', async () => (await ping()).status === 200);
  expect(await styleFault()).toBe('none');
  expect(faults).toEqual([]);
});

test("a profile's form shows the usage of its busiest caller", async () => {
  await ping();
  const { page, faults } = await browser.open(gateway, `/odoo/api-profiles/${profile}`);
  await page.waitForSelector('.o_field_widget[name=minute_used] [role=progressbar]');
  expect(await page.textContent('.o_field_widget[name=hour_used]')).toContain('of 500');
  expect(await page.textContent('.o_field_widget[name=day_used]')).toContain('No limit');
  await page.click('button[name=action_open_throttles]');
  await page.waitForSelector('.o_data_row:has-text("of 500")');
  expect(faults).toEqual([]);
});

test('an address is blocked by hand and unblocked', async () => {
  const { page, faults } = await browser.open(gateway, '/odoo/gateway-ip-blocks');
  await page.click('button:has-text("Block an Address")');
  await page.fill('.modal [name=network] input', '203.0.113.9');
  await page.fill('.modal [name=note] input', 'noise');
  await page.click('.modal button[name=action_block]');
  const row = page.locator('.o_data_row', { hasText: '203.0.113.9' });
  await row.waitFor();
  expect(await row.textContent()).toContain('noise');
  await row.locator('button[name=action_unblock]').click();
  await row.waitFor({ state: 'detached' });
  await page.click('button:has-text("Never-block List")');
  await page.fill('.modal [name=addresses] textarea', '203.0.113.0/24');
  await page.click('.modal button[name=action_save]');
  await page.waitForSelector('.modal', { state: 'detached' });
  const [setting] = await gateway.sql(`select value from gateway.setting where name = 'ip_block.never'`);
  expect(setting?.['value']).toBe('203.0.113.0/24');
  expect(faults).toEqual([]);
});
