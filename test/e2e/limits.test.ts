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

test('a used-up window is shown with its bar, and accepts requests again after a reset', async () => {
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

test('a manager sees why a request was refused, and what a key may do', async () => {
  const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
  const [hidden] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Hidden' }] });
  const domain = `[('id', '!=', ${hidden})]`;
  const [rule] = await gateway.orm<number[]>('ir.rule', 'create', {
    vals_list: [{ name: 'Not that one', model_id: model, domain_force: domain }],
  });
  expect((await gateway.get(`/api/v1/res.partner/${hidden}`, { key: gateway.keys.admin })).status).toBe(404);
  await until('it is logged', async () => (await gateway.sql('select from gateway.request_log where status = 404')).length > 0);

  const { page, faults, styleFault } = await browser.open(gateway, '/odoo/gateway-logs');
  await page
    .locator('.o_data_row', { hasText: `/api/v1/res.partner/${hidden}` })
    .locator('button[name=action_explain]')
    .click();
  const read = page.locator('.modal tr', { hasText: 'Read' });
  await read.waitFor();
  for (const words of ['Refused', 'Not that one', 'for everyone', domain]) expect(await read.textContent()).toContain(words);
  expect(await page.textContent('.modal [name=message]')).toContain('does not exist, or your user may not see it');
  expect(await styleFault()).toBe('none');
  await page.click('.modal-footer button:has-text("Close")');
  await gateway.orm('ir.rule', 'unlink', { ids: [rule] });

  const vals_list = [{ name: 'Shop', scopes: 'res.partner:read' }];
  const [key] = await gateway.orm<number[]>('gateway.key', 'create', { vals_list });
  await page.goto(`${gateway.odoo.url}/odoo/api-keys/${key}`);
  await page.click('button[name=action_explain_access]');
  await page.fill('.modal [name=model_id] input', 'res.partner');
  await page.click('.o-autocomplete--dropdown-item:has-text("Contact")');
  await page.fill('.modal [name=res_id] input', String(hidden));
  await page.press('.modal [name=res_id] input', 'Tab');
  await page.waitForSelector('.modal tr:has-text("Read"):has-text("Allowed")');
  expect(await page.textContent('.modal tr:has-text("Delete")')).toContain('res.partner:delete');
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
