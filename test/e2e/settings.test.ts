import { afterAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { OdooPage } from '../helpers/browser.ts';
import { useBrowser } from '../helpers/browser.ts';
import { HttpClient } from '../helpers/http_client.ts';
import { startHttpsProxy } from '../helpers/https_server.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const other = await useInstance();
const browser = await useBrowser();
const field = (name: string) => `.o_field_widget[name=gateway_${name}]`;

async function save({ page }: OdooPage): Promise<void> {
  // Odoo reloads its pages after settings are saved.
  await Promise.all([page.waitForEvent('load'), page.click('.o_form_button_save')]);
  await page.waitForSelector('.app_settings_block');
}

const limitOf = async (path: string, key?: string) =>
  (await gateway.get(path, key ? { key } : {})).headers.get('ratelimit-limit');

test('numbers, choices, switches and lists saved in the browser apply in the sidecar within a second', {
  timeout: 120_000,
}, async () => {
  const opened = await browser.open(gateway, '/odoo/gateway-settings');
  const { page } = opened;
  await page.waitForSelector('.settings_tab .selected:has-text("API Gateway")');
  await page.fill(`${field('throttle_limit')} input`, '4321');
  await page.selectOption(`${field('throttle_window')} select`, { label: 'hour' }).catch(async () => {
    await page.click(`${field('throttle_window')} input`);
    await page.click('.o_select_menu_item:has-text("hour")');
  });
  await page.fill(`${field('throttle_anonymous')} input`, '1234');
  await page.fill(`${field('limit_default')} input`, '2');
  await page.fill(`${field('cors_origins')} textarea`, 'https://shop.example.com');
  await page.fill(`${field('never_exposed')} textarea`, 'res.partner.category\nhr.*');
  await page.click(`${field('throttle_count_operations')} input`);
  await save(opened);

  const key = gateway.keys.demo;
  await until('the limit is live', async () => (await limitOf('/api/v1/ping', key)) === '4321', 1_000);
  expect(await limitOf('/nowhere')).toBe('1234');
  expect((await gateway.get('/api/v1/res.partner', { key })).json.data).toHaveLength(2);
  expect((await gateway.get('/api/v1/res.partner.category', { key })).status).toBeGreaterThanOrEqual(400);
  const [stored] = await gateway.sql<{ settings: Record<string, unknown> }>('select gateway.settings() as settings');
  expect(stored?.settings).toMatchObject({
    'throttle.window': 'hour',
    'cors.origins': ['https://shop.example.com'],
    'throttle.count_operations': false,
  });
  expect(await page.inputValue(`${field('throttle_limit')} input`)).toBe('4,321');
  expect(await opened.styleFault()).toBe('none');
  expect(opened.faults).toEqual([]);
});

test('a list shows an error while it is being typed, and Odoo does not save it', async () => {
  const { page } = await browser.open(gateway, '/odoo/gateway-settings');
  const box = page.locator(field('ip_block_never'));
  await box.locator('textarea').fill('203.0.113.0/24\n10.0.0.300\n2001:db8::/32');
  await box.locator('[role=alert]').waitFor();
  expect(await box.locator('[role=alert]').textContent()).toContain('Line 2: “10.0.0.300” is not');
  await page.click('.o_form_button_save');
  await page.waitForSelector('.modal:has-text("10.0.0.300")');
  const [stored] = await gateway.sql(`select value from gateway.setting where name = 'ip_block.never'`);
  expect(stored?.['value']).toBe('');
});

test('the signing secret is rotated after a dialog that shows the effects', async () => {
  const login = async () =>
    (await gateway.post('/api/v1/auth/login', { login: 'admin', password: 'admin' })).json.data.access_token as string;
  const status = async (token: string) => (await gateway.get('/api/v1/ping', { key: token })).status;
  const token = await login();
  const { page, text, faults } = await browser.open(gateway, '/odoo/gateway-settings');
  expect(await text('.o_api_gateway_signing_since')).toContain('2 valid tokens');

  await page.click('.o_api_gateway_signing button');
  expect(await text('.modal')).toContain('The last of the 2 valid tokens ends on');
  await page.click('.modal button:has-text("Rotate")');
  await page.waitForSelector('.o_api_gateway_signing_old:has-text("is valid until")');
  expect(await status(token)).toBe(200);

  await page.click('.o_api_gateway_signing button');
  await page.click('.modal label:has-text("leaked")');
  await page.click('.modal button:has-text("Rotate and End All Tokens")');
  await page.waitForSelector('.o_api_gateway_signing_old', { state: 'detached' });
  await until('the token is refused', async () => (await status(token)) === 401, 1_000);
  expect(await status(await login())).toBe(200);
  expect(faults).toEqual([]);
});

test('the test of the address recognizes a gateway, and reports other or invalid addresses', {
  timeout: 120_000,
}, async () => {
  await gateway.sql(`update gateway.setting set value = '["*"]' where name = 'cors.origins'`);
  const { page, text } = await browser.open(gateway, '/odoo/gateway-settings');
  /** Each call must give a different result from the previous call, which proves that the shown result is new. */
  const diagnose = async (url: string, state: string, part = '') => {
    await page.fill(`${field('sidecar_url')} input`, url);
    await page.click('.o_api_gateway_check button');
    await page.waitForSelector(`.o_api_gateway_diagnosis[data-state=${state}]:has-text("${part}")`);
    return text('.o_api_gateway_diagnosis');
  };

  const good = await diagnose('', 'ok', 'From this browser');
  for (const part of ['From Odoo and back', 'Sidecar to Postgres', 'Sidecar to Odoo', manifest.version])
    expect(good).toContain(part);
  await diagnose('http://127.0.0.1:1', 'unreachable', 'Nothing listens');
  await diagnose(gateway.url, 'ok', 'From this browser');
  await diagnose('not an address', 'address');
  await diagnose('http://nowhere.invalid', 'unreachable', 'cannot be resolved');
  await diagnose(gateway.odoo.url, 'not_a_gateway', 'HTTP 404');

  // The sidecar of a copy, which has the same name but another secret, refuses the proof like this.
  const asked = { nonce: 'x'.repeat(20), proof: '0'.repeat(64) };
  const refused = await new HttpClient(gateway.url).post('/api/identify', asked);
  expect(refused.status).toBe(401);
  expect(refused.text).not.toContain('version');
});

test('the address of a gateway of another database is reported as such', async () => {
  const { page } = await browser.open(gateway, '/odoo/gateway-settings');
  await page.fill(`${field('sidecar_url')} input`, other.url);
  await page.click('.o_api_gateway_check button');
  await page.waitForSelector('.o_api_gateway_diagnosis[data-state=other_database]');
});

test('a page whose origin may not call shows the reason', async () => {
  await gateway.sql(`update gateway.setting set value = '["https://shop.example.com"]' where name = 'cors.origins'`);
  const { page } = await browser.open(gateway, '/odoo/gateway-settings');
  await until('the origins are live', async () => {
    const answer = await gateway.get('/nowhere', { headers: { Origin: gateway.odoo.url } });
    return answer.headers.get('access-control-allow-origin') === null;
  });
  await page.click('.o_api_gateway_check button');
  await page.waitForSelector('.o_api_gateway_browser_fault[data-state=origin]');
});

test('an address that Odoo can reach, but the browser cannot, is reported as such', async () => {
  const { page } = await browser.open(gateway, '/odoo/gateway-settings');
  await page.route(`${gateway.url}/**`, (route) => route.abort());
  await page.fill(`${field('sidecar_url')} input`, gateway.url);
  await page.click('.o_api_gateway_check button');
  await page.waitForSelector('.o_api_gateway_browser_fault[data-state=unreachable]:has-text("this browser does not")');
  expect(await page.getAttribute('.o_api_gateway_diagnosis', 'data-state')).toBe('ok');
});

test('an http address does not work for a page loaded over https', async () => {
  const https = await startHttpsProxy(gateway.odoo.url);
  afterAll(() => https.close());
  const { page } = await browser.open(gateway, '/odoo/gateway-settings', { baseURL: https.url, ignoreHTTPSErrors: true });
  // This machine, at an address that browsers do not recognize as local.
  await page.fill(`${field('sidecar_url')} input`, gateway.url.replace('127.0.0.1', '0.0.0.0'));
  await page.click('.o_api_gateway_check button');
  await page.waitForSelector('.o_api_gateway_browser_fault[data-state=mixed]:has-text("https")');
  expect(await page.getAttribute('.o_api_gateway_diagnosis', 'data-state')).toBe('ok');
});
