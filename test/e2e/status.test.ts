import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const card = '.o_api_gateway_sidecar';

test('the app opens on the dashboard; the status page is a click away and shows the running sidecar', async () => {
  const { page, faults, styleFault, text } = await browser.open(gateway, '/odoo');
  await page.click('.o_navbar_apps_menu button');
  await page.click('.o-dropdown--menu a:has-text("API Gateway"), .o_app:has-text("API Gateway")');
  await page.waitForURL('**/odoo/gateway-dashboard');
  await page.click('.o_menu_sections button:has-text("Tools")');
  await page.click('.o-dropdown--menu a:has-text("Gateway Status")');
  await page.waitForSelector(`${card}[data-state=alive]`);
  expect(new URL(page.url()).pathname).toMatch(/\/gateway$/);
  const facts = await text(card);
  for (const fact of ['Alive', manifest.version, gateway.sidecar.url]) expect(facts).toContain(fact);
  expect(await text('.o_api_gateway_summary')).toBe('All sidecars are alive.');
  await page.waitForSelector('.o_api_gateway_health li');
  const states = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.o_api_gateway_health li')].map(({ dataset }) => dataset.part + ' ' + dataset.state)",
  );
  expect(states).toEqual(['sidecars ok', 'odoo ok', 'queue ok', 'postgres ok', 'webhooks off', 'replica off']);
  expect(await styleFault()).toBe('none');
  expect(faults).toEqual([]);
});

test('a second sidecar appears automatically, and is shown as stale once it is killed', async () => {
  const { page, text } = await browser.open(gateway, '/odoo/gateway');
  await page.waitForSelector(card);
  const second = await gateway.startSidecar();
  await page.waitForSelector(`${card}[data-state=alive] >> nth=1`);
  second.kill('SIGKILL');
  await second.exited;
  await page.waitForSelector(`${card}[data-state=stale]:has-text("${second.url}")`, { timeout: 20_000 });
  expect(await text('.o_api_gateway_summary')).toBe('Some sidecars have stopped sending heartbeats.');
  await gateway.sql('delete from gateway.sidecar where address = $1', [second.url]);
});

test('a page that loses the connection to Odoo says so, keeps its content, and recovers by itself', async () => {
  const { page } = await browser.open(gateway, '/odoo/gateway');
  await page.waitForSelector(card);
  await page.route('**/call_kw/gateway.sidecar/**', (route) => route.abort());
  await page.waitForSelector('.o_api_gateway_status .alert-danger');
  expect(await page.locator(card).count()).toBe(1);
  await page.unroute('**/call_kw/gateway.sidecar/**');
  await page.waitForSelector('.o_api_gateway_status .alert-danger', { state: 'detached' });
});

test.each([
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
])('the page fits a window of $width pixels in both themes, and the choice is kept', async (viewport) => {
  const { page, faults } = await browser.open(gateway, '/odoo/gateway', { viewport });
  await page.waitForSelector(card);
  const background = () => page.evaluate<string>("getComputedStyle(document.querySelector('.o_api_gateway')).backgroundColor");
  await page.click('button[aria-label="Light theme"]');
  await page.waitForSelector('.o_api_gateway[data-theme=light]');
  const light = await background();
  await page.click('button[aria-label="Dark theme"]');
  await page.waitForSelector('.o_api_gateway[data-theme=dark]');
  expect(await background()).not.toBe(light);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
  await page.reload();
  await page.waitForSelector('.o_api_gateway[data-theme=dark]');
  expect(faults).toEqual([]);
});

test('without a sidecar, the page says how to start one', async () => {
  const { page, text } = await browser.open(gateway, '/odoo/gateway');
  await page.waitForSelector(card);
  await gateway.sidecar.stop();
  await gateway.sql('delete from gateway.sidecar');
  await page.waitForSelector('.o_api_gateway_empty');
  expect(await text('.o_api_gateway_empty')).toContain('docker compose up');
});

test('a user without rights in the gateway does not see its menu', async () => {
  const [group] = await gateway.sql("select res_id from ir_model_data where module = 'base' and name = 'group_user'");
  const values = { name: 'Plain', login: 'plain', password: 'plain-password', group_ids: [[6, 0, [group?.res_id]]] };
  await gateway.orm('res.users', 'create', { vals_list: [values], context: { no_reset_password: true } });
  const { page, text } = await browser.open(gateway, '/odoo', { login: 'plain', password: 'plain-password' });
  await page.click('.o_navbar_apps_menu button');
  await page.waitForSelector('.o-dropdown--menu');
  expect(await text('.o-dropdown--menu')).not.toContain('API Gateway');
  await page.goto('/odoo/gateway-dashboard');
  await page.waitForSelector('.o_api_gateway_stranger');
  expect(await text('.o_api_gateway_stranger')).toContain('Ask an administrator');
  expect(await page.locator('.o_api_gateway_connection').count()).toBe(0);
});
