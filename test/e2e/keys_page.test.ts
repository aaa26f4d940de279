// A person's keys in the browser, and the same keys in requests to the sidecar.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { useBrowser } from '../helpers/browser.ts';
import { callTool } from '../helpers/mcp.ts';
import { createUser } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const execute = promisify(execFile);
const gateway = await useInstance();
const browser = await useBrowser();
const password = 'a-long-password';
const clipboard = { permissions: ['clipboard-read', 'clipboard-write'] };

async function person(login: string, group: string): Promise<{ id: number; login: string; password: string }> {
  const id = await createUser(gateway, login, ['base.group_user', group]);
  await gateway.orm('res.users', 'write', { ids: [id], vals: { password } });
  return { id, login, password };
}
const uma = await person('uma', 'api_gateway.group_user');
const max = await person('max', 'api_gateway.group_manager');

const status = async (key: string) => (await gateway.get('/api/v1/ping', { key })).status;
const copied = (page: Page) => page.evaluate<string>('navigator.clipboard.readText()');
const rows = (page: Page, count: number) =>
  until(`${count} keys are listed`, async () => (await page.locator('.o_api_gateway_key_list tbody tr').count()) === count);
const row = (page: Page, name: string) => page.locator(`.o_api_gateway_key_list tr:has-text("${name}")`);

/** Fills in the dialog that Odoo shows if the password was not entered in the last ten minutes. Returns the secret shown. */
async function secretShown(page: Page): Promise<string> {
  const secret = page.locator('.o_api_gateway_secret_value');
  const askedFor = page.locator('.modal [name=password] input');
  await secret.or(askedFor).waitFor();
  if (await askedFor.isVisible()) {
    await askedFor.fill(password);
    await page.click('.modal button[name=run_check]');
    await secret.waitFor();
  }
  return secret.inputValue();
}

async function close(page: Page): Promise<void> {
  await page.click('.modal-footer button:has-text("Done")');
  await page.waitForSelector('.modal', { state: 'detached' });
}

async function createKey(page: Page, name: string, more: (page: Page) => Promise<unknown> = async () => {}): Promise<string> {
  await page.click('.o_api_gateway_new_key');
  await page.fill('.modal [name=name]', name);
  await more(page);
  await page.click('.o_api_gateway_create');
  return secretShown(page);
}

describe('a user', async () => {
  const { page, faults, styleFault } = await browser.open(gateway, '/odoo/api-access-keys', { ...uma, ...clipboard });
  let secret = '';
  let renewed = '';

  test('is guided to the first key; its secret is shown once, copied, and works at the gateway', async () => {
    await page.click('.o_api_gateway_first_key');
    await page.waitForSelector('.o_api_gateway_create:disabled');
    await page.keyboard.type('Web shop'); // the name has the focus
    await page.keyboard.press('Enter');
    secret = await secretShown(page);
    expect(secret).toMatch(/^gwk_[\w-]{60}$/);
    await page.click('.modal .o_api_gateway_copy');
    await page.waitForSelector('.modal .o_api_gateway_copy:has-text("Copied")');
    expect(await copied(page)).toBe(secret);
    await close(page);
    expect(await status(secret)).toBe(200);

    const cells = await row(page, 'Web shop').textContent();
    for (const cell of [secret.slice(0, 12), 'Active', 'Everything that its user may do']) expect(cells).toContain(cell);
    const answers = JSON.stringify(await gateway.orm('gateway.key', 'search_read', { domain: [['user_id', '=', uma.id]] }));
    expect(answers).not.toContain(secret.slice(12));
    await page.reload();
    await row(page, 'Web shop').waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  test('sees when and how often a key was used', async () => {
    const isStored = async () => {
      await page.click('.o_api_gateway_refresh');
      return /ago|0 seconds/.test((await row(page, 'Web shop').locator('[data-label="Last Used"]').textContent()) ?? '');
    };
    await until('the uses are stored', isStored, 30_000);
    expect(await row(page, 'Web shop').locator('[data-label=Requests]').textContent()).toBe('1');
    await row(page, 'Web shop').locator('[data-action=usage]').click();
    await page.waitForSelector('.modal .o_api_gateway_usage_summary:has-text("Requests: 1. Refused or failed: 0")');
    await page.waitForSelector('.modal [data-chart=usage] .apexcharts-series');
    await page.click('.modal-footer button:has-text("Close")');
    await page.waitForSelector('.modal', { state: 'detached' });
  });

  test('rotates a key, and both secrets work in the grace period', async () => {
    await row(page, 'Web shop').locator('[data-action=rotate]').click();
    await page.selectOption('.modal [name=hours]', '24');
    await page.click('.o_api_gateway_rotate');
    renewed = await secretShown(page);
    expect(renewed).not.toBe(secret);
    await close(page);
    expect(await Promise.all([status(secret), status(renewed)])).toEqual([200, 200]);
    expect(await row(page, 'Web shop').locator('.o_api_gateway_grace').getAttribute('title')).toContain('works until');
  });

  test('revokes a key after confirming, and the key is refused within a second', async () => {
    await row(page, 'Web shop').locator('[data-action=revoke]').click();
    await page.click('.modal .btn-secondary');
    await page.waitForSelector('.modal', { state: 'detached' });
    expect(await status(renewed)).toBe(200);
    await row(page, 'Web shop').locator('[data-action=revoke]').click();
    await page.click('.modal .btn-danger');
    await row(page, 'Web shop').waitFor({ state: 'detached' });
    const refused = async () => (await Promise.all([status(secret), status(renewed)])).every((found) => found === 401);
    expect(await until('both are refused', refused)).toBeLessThan(1_000);
    await page.click('[data-section=ended]');
    await row(page, 'Web shop').waitFor();
    expect(await row(page, 'Web shop').textContent()).toContain('Revoked');
    expect(await row(page, 'Web shop').locator('[data-action]:not([data-action=usage])').count()).toBe(0);
  });

  test('restricts a key to reading', async () => {
    const narrow = await createKey(page, 'Reports', () => page.check('.modal [value=read]'));
    await close(page);
    expect((await gateway.get('/api/v1/res.partner?limit=1', { key: narrow })).status).toBe(200);
    expect((await gateway.post('/api/v1/res.partner', { name: 'No' }, { key: narrow })).status).toBe(403);
  });

  test('sees what is wrong with a scope, without losing the typed text', async () => {
    await page.click('.o_api_gateway_new_key');
    await page.fill('.modal [name=name]', 'Wrong');
    await page.check('.modal [value=custom]');
    await page.fill('.modal [name=scopes]', 'read everything');
    let asked = 0;
    await page.route('**/action_create_with_secret', (route) => {
      asked += 1;
      return route.continue();
    });
    await page.click('.o_api_gateway_create');
    const fault = page.locator('.modal .o_api_gateway_scope_fault');
    await fault.filter({ hasText: '"everything" is not a scope' }).waitFor();
    expect(asked).toBe(0); // Odoo would ask for the password first, instead of this dialog
    await page.unroute('**/action_create_with_secret');
    expect(await page.inputValue('.modal [name=scopes]')).toBe('read everything');
    await page.fill('.modal [name=scopes]', 'res.partnr:read');
    await fault.filter({ hasText: 'Did you mean “res.partner”?' }).waitFor();
  });

  test('picks a model and actions, and sees what they allow', async () => {
    await page.fill('.modal [name=scopes]', '');
    await page.fill('.modal .o-autocomplete--input', 'res.partner');
    await page.click('.modal .o-autocomplete--dropdown-item:has-text("(res.partner)")');
    await page.check('.modal [name=scope_call]');
    await page.click('.o_api_gateway_add_scope');
    const scopes = page.locator('.modal [name=scopes]');
    await until('the scopes are added', async () => (await scopes.inputValue()) === 'res.partner:read res.partner:call');
    const said = page.locator('.modal .o_api_gateway_scope_lines li');
    await said.nth(1).waitFor();
    expect((await said.allTextContents()).map((line) => line.replace(/\s+/g, ' ').trim())).toEqual([
      'Reads Contact.',
      'Wide: Calls methods of Contact, which can do anything that you can.',
    ]);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.modal', { state: 'detached' });
  });

  test('gets examples with the new secret that run as written', async () => {
    const fresh = await createKey(page, 'Examples');
    await close(page);
    await page.waitForSelector('[name=example_key] option:checked:has-text("Examples")', { state: 'attached' });
    const tab = (language: string) => page.click(`[data-language=${language}]`);
    const example = async (language: string) => {
      await tab(language);
      await page.click('.o_api_gateway_guide_step:has([role=tablist]) .o_api_gateway_copy');
      await page.waitForSelector('.o_api_gateway_guide_step:has([role=tablist]) .o_api_gateway_copy:has-text("Copied")');
      const snippet = await copied(page);
      expect(snippet).toContain(fresh);
      return snippet;
    };
    // REST comes first.
    expect(await page.textContent('[data-part=address]')).toContain(`GET ${gateway.url}/api/v1/`);
    const env = { ...process.env, PATH: `${dirname(nodeBin())}:${process.env['PATH']}` };
    for (const [topic, path, printed] of [
      ['create', '/api/v1/res.partner', /1 model in odoo[\s\S]*\{ id: \d+ \}/],
      ['batch', '/api/v1/batch', /person:/],
      ['call', '/call', /\n\d+\n/],
      ['read', '/api/v1/', /name:/],
    ] as const) {
      await page.click(`[data-topic=${topic}]`);
      await page.locator('[data-part=address]', { hasText: gateway.url + path }).waitFor();
      const curl = await execute('sh', ['-c', (await example('curl')).replace(fresh, gateway.keys.admin)]);
      expect(JSON.parse(curl.stdout)).toMatchObject({ success: true, data: expect.anything() });
      const typed = mkdtempSync(join(tmpdir(), 'typed-'));
      onTestFinished(() => rmSync(typed, { recursive: true }));
      const run = (await example('typed')).replace(fresh, gateway.keys.admin);
      const ran = await execute('sh', ['-ec', run], { cwd: typed, env });
      expect(ran.stdout).toMatch(printed);
    }
    const javascript = await execute(process.execPath, ['--input-type=module', '--eval', await example('fetch')]);
    expect(javascript.stdout).toContain('name');
    const python = await execute('/usr/bin/python3', ['-c', await example('python')]);
    expect(python.stdout).toContain("'name'");
    // Google's `fetch` is synchronous, so a child process replaces it.
    const google = `import { execFileSync } from 'node:child_process';
      const UrlFetchApp = { fetch: (url, { method, headers }) => {
        const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', name + ': ' + value]);
        const text = execFileSync('curl', ['-s', '-X', method.toUpperCase(), ...sent, url], { encoding: 'utf8' });
        return { getContentText: () => text };
      } };\n`;
    const script = await execute(process.execPath, [
      '--input-type=module',
      '--eval',
      `${google}${await example('apps_script')}\nexample();`,
    ]);
    expect(script.stdout).toContain('name');

    await page.keyboard.press('Tab');
    await page.focus('[data-language=apps_script]');
    await page.keyboard.press('ArrowLeft');
    await page.waitForSelector('[data-language=typed][aria-selected=true]:focus');
    await page.selectOption('[name=example_key]', { label: 'YOUR_API_KEY' });
    await page.waitForSelector('[data-part=snippet]:has-text("YOUR_API_KEY")');
  });

  test('finds a key among many, page by page', async () => {
    const soon = new Date(Date.now() + 80 * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');
    const keys = Array.from({ length: 25 }, (_, i) => ({ name: `Bulk ${i}`, user_id: uma.id, expires_at: soon }));
    await gateway.orm('gateway.key', 'create', { vals_list: keys });
    await page.click('[data-section=active]');
    await page.click('.o_api_gateway_refresh');
    await page.waitForSelector('.o_pager_value:has-text("1-20")');
    await page.click('.o_pager_next');
    await page.waitForSelector('.o_pager_value:has-text("21-27")');
    await rows(page, 7);
    await page.fill('.o_api_gateway_search', 'Bulk 7');
    await rows(page, 1);
    await page.fill('.o_api_gateway_search', 'nothing like it');
    await page.waitForSelector('.o_api_gateway_keys_none:has-text("nothing like it")');
    await page.fill('.o_api_gateway_search', '');
    await row(page, 'Bulk 24').waitFor();
  });

  test('finds unused keys', async () => {
    await gateway.sql("update gateway_key set create_date = now() - interval '100 days' where name = 'Bulk 3'");
    await page.click('.o_api_gateway_refresh');
    await page.waitForSelector('[data-section=unused]:has-text("1")');
    await page.click('[data-section=unused]');
    await row(page, 'Bulk 3').waitFor();
    await rows(page, 1);
  });

  test('sees that Odoo is down, and the keys stay on the page', async () => {
    await page.route('**/call_kw/gateway.key.page/**', (route) => route.abort());
    await page.click('.o_api_gateway_refresh');
    await page.waitForSelector('.o_api_gateway_keys .alert-danger');
    expect(await row(page, 'Bulk 3').count()).toBe(1);
    await page.unroute('**/call_kw/gateway.key.page/**');
    await page.click('.o_api_gateway_keys .alert-danger button');
    await page.waitForSelector('.o_api_gateway_keys .alert-danger', { state: 'detached' });
    faults.splice(0); // the console says that requests were aborted
  });

  test("sees no keys of other users and no profiles, and cannot exceed the lifetime that the user's groups allow", async () => {
    expect(await page.locator('[data-whose]').count()).toBe(0);
    await page.click('.o_api_gateway_new_key');
    await page.waitForSelector('.modal [name=duration]');
    expect(await page.locator('.modal [name=profile]').count()).toBe(0);
    expect(await page.locator('.modal [name=duration] option').allTextContents()).not.toContain('Never');
    await page.keyboard.press('Escape');
    expect([faults, await styleFault()]).toEqual([[], 'none']);
  });
});

describe('a manager', async () => {
  const [profile] = await gateway.orm<number[]>('gateway.profile', 'create', { vals_list: [{ name: 'Seven', minute_limit: 7 }] });
  const { page, faults } = await browser.open(gateway, '/odoo/api-access-keys', { ...max, ...clipboard });

  test("sees everyone's keys and may revoke them, but never gets their secrets", async () => {
    await page.click('button:has-text("Show everyone\'s keys")');
    const theirs = row(page, 'Bulk 24');
    await theirs.waitFor();
    expect(await theirs.textContent()).toContain('uma');
    expect(await theirs.locator('[data-action=rotate], [data-action=generate]').count()).toBe(0);
    await theirs.locator('[data-action=revoke]').click();
    await page.click('.modal .btn-danger');
    await theirs.waitFor({ state: 'detached' });
    const [revoked] = await gateway.sql("select revoked_at, active from gateway_key where name = 'Bulk 24'");
    expect(revoked).toMatchObject({ revoked_at: expect.any(Date), active: false });
  });

  test('gives a new key its profile', async () => {
    await page.click('[data-whose=mine]');
    const secret = await createKey(page, 'Limited', () => page.selectOption('.modal [name=profile]', String(profile)));
    await close(page);
    const answer = await gateway.get('/api/v1/ping', { key: secret });
    expect([answer.status, answer.headers.get('ratelimit-limit')]).toEqual([200, '7']);
  });

  test('creates an OAuth2 client, whose identifier and secret are shown once and can be exchanged for a token', async () => {
    await page.goto('/odoo/api-clients');
    await page.click('.o_list_button_add');
    await page.fill('[name=name] input, [name=name] textarea', 'Robot');
    await page.click('.o_form_button_save');
    await page.click('button[name=action_generate]');
    const secret = await secretShown(page);
    const id = await page.textContent('.modal [name=client_id] .o_field_char, .modal [name=client_id] span');
    await close(page);
    await page.waitForSelector('.o_statusbar_status .o_arrow_button_current:has-text("Active")');
    const token = async (given: string) => {
      const headers = { Authorization: `Basic ${btoa(`${id?.trim()}:${given}`)}` };
      return (await gateway.post('/api/oauth/token', { grant_type: 'client_credentials' }, { headers })).json;
    };
    expect(await status((await token(secret)).access_token)).toBe(200);
    await page.click('button[name=action_rotate]');
    await page.click('.modal-footer .btn-primary');
    const renewed = await secretShown(page);
    await close(page);
    expect((await token(secret)).access_token).toBeDefined(); // in its grace period
    expect(await status((await token(renewed)).access_token)).toBe(200);
    expect(faults).toEqual([]);
  });
});

test('the preferences link to the keys', async () => {
  const { page, faults } = await browser.open(gateway, '/odoo', uma);
  await page.click('.o_user_menu button');
  await page.click('.o-dropdown--menu [data-menu=preferences], .o-dropdown--menu :text("Preferences")');
  await page.click('.modal .o_notebook .nav-link:has-text("Security")');
  await page.click('.modal button:has-text("Manage API Access Keys")');
  await page.waitForSelector('.o_api_gateway_key_list');
  expect(faults).toEqual([]);
});

test.each([
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
])('the page fits a window of $width pixels, in light and dark, dialogs included', async (viewport) => {
  const { page, faults } = await browser.open(gateway, '/odoo/api-access-keys', { ...uma, viewport });
  const colour = (selector: string) =>
    page.evaluate<string>(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).backgroundColor`);
  await page.waitForSelector('.o_api_gateway_key_list');
  const seen: string[] = [];
  for (const theme of ['Light', 'Dark']) {
    await page.click(`button[aria-label="${theme} theme"]`);
    await page.waitForSelector(`.o_api_gateway[data-theme=${theme.toLowerCase()}]`);
    await page.click('.o_api_gateway_new_key');
    await page.waitForSelector('.modal-content');
    seen.push(await colour('.modal-content'));
    await page.click('.modal-footer .btn-secondary');
    await page.waitForSelector('.modal', { state: 'detached' });
  }
  expect(new Set(seen).size).toBe(2);
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
  expect(faults).toEqual([]);
});

test('the page Connect an Agent shows the configuration of a client, and the last call of the agent', async () => {
  const web = await OdooWeb.login(gateway);
  const { secret, id } = await web.create('gateway.key', { name: 'Agent key', scopes: 'res.partner:read' });
  const { page, faults, text, styleFault } = await browser.open(gateway, '/odoo/gateway-agents', clipboard);
  await page.waitForSelector('.o_api_gateway_agents_off');
  expect(await text('.o_api_gateway_agents_off')).toContain('Agents have no access yet');
  await gateway.sql("update gateway.setting set value = 'true' where name = 'agent.enabled'");
  await page.waitForSelector('.o_api_gateway_agents_off', { state: 'detached' });
  await page.selectOption('[name=agent_key]', String(id));
  await page.click('[data-client=cursor]');
  await page.waitForSelector('.o_api_gateway_agents_text:has-text("mcpServers")');
  const config = JSON.parse(await text('.o_api_gateway_agents_text'));
  expect(config.mcpServers.odoo).toMatchObject({ url: `${gateway.url}/mcp` });
  expect(await text('.o_api_gateway_seen')).toContain('No calls with this key');
  await callTool(gateway, 'search_records', { model: 'res.partner', limit: 1 }, { key: secret });
  await page.waitForSelector('.o_api_gateway_seen:has-text("Tools used: 1")', { timeout: 15_000 });
  expect(await text('.o_api_gateway_agents tbody')).toContain('search_records');
  const redirect_uris = 'http://localhost/callback';
  const [appId] = await web.call<number[]>('gateway.app', 'create', [[{ name: 'Signing In', redirect_uris }]]);
  const [app] = await web.call<{ client_id: string }[]>('gateway.app', 'read', [[appId], ['client_id']]);
  await page.click('[data-way=sign_in]');
  await page.waitForSelector('.o_api_gateway_seen:has-text("No calls of your apps")');
  expect(JSON.parse(await text('.o_api_gateway_agents_text')).mcpServers.odoo).toEqual({ url: `${gateway.url}/mcp` });
  await page.selectOption('[name=agent_app]', String(appId));
  await page.click('[data-client=claude_code]');
  await page.waitForSelector(`.o_api_gateway_agents_text:has-text("--client-id '${app?.client_id}'")`);
  expect(await styleFault()).toBe('none');
  expect(faults).toEqual([]);
});

test('a person allows an app less than it asks for, sees it under Connected apps, and ends its access', async () => {
  await gateway.sql("update ir_config_parameter set value = $1 where key = 'web.base.url'", [gateway.odoo.url]);
  const web = await OdooWeb.login(gateway);
  const redirect_uri = 'http://127.0.0.1/callback';
  const [appId] = await web.call<number[]>('gateway.app', 'create', [[{ name: 'Sales Helper', redirect_uris: redirect_uri }]]);
  const [app] = await web.call<{ client_id: string }[]>('gateway.app', 'read', [[appId], ['client_id']]);
  const verifier = 'v'.repeat(43);
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: app?.client_id ?? '',
    redirect_uri,
    scope: 'read write delete',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const { page, faults, styleFault } = await browser.open(gateway, '/odoo/api-access-keys', uma);
  const shades: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${gateway.url}/api/oauth/authorize?${asked}`);
    shades.push(await page.evaluate<string>("getComputedStyle(document.querySelector('main')).backgroundColor"));
  }
  expect(new Set(shades).size).toBe(2);
  expect(await page.locator('h1').textContent()).toContain('Allow Sales Helper to use Odoo');
  await page.uncheck('[value=write]');
  await page.uncheck('[value=delete]');
  await page.route(`${redirect_uri}?**`, (route) => route.fulfill({ contentType: 'text/html', body: 'Back in the app' }));
  await page.click('[value=allow]');
  await page.waitForURL(`${redirect_uri}?**`);
  const answer = new URL(page.url()).searchParams;
  expect(answer.get('iss')).toBe(gateway.url);
  const form = { grant_type: 'authorization_code', client_id: app?.client_id, code: answer.get('code'), code_verifier: verifier };
  const { json } = await gateway.post('/api/oauth/token', form);
  expect([json.scope, await status(json.access_token)]).toEqual(['read', 200]);

  await page.goto('/odoo/api-access-keys');
  const listed = page.locator('.o_api_gateway_app:has-text("Sales Helper")');
  for (const shown of ['127.0.0.1', 'registered by a manager', 'read']) expect(await listed.textContent()).toContain(shown);
  await listed.locator('button').click();
  await page.click('.modal-footer .btn-danger');
  await until('the token is refused', async () => (await status(json.access_token)) === 401);
  await page.waitForSelector('.o_api_gateway_apps', { state: 'detached' });
  expect([faults, await styleFault()]).toEqual([[], 'none']);
});

test('without a sidecar, the guide says that calls would get no answer', async () => {
  const { page, text } = await browser.open(gateway, '/odoo/api-access-keys', uma);
  await page.waitForSelector(`[data-part=address]:has-text("${gateway.url}/api/v1/")`);
  await gateway.sidecar.stop();
  await gateway.sql('delete from gateway.sidecar');
  await page.reload();
  await page.waitForSelector('.o_api_gateway_guide .alert-warning:has-text("No sidecar is alive")');
  expect(await text('[data-part=address]')).toContain('https://gateway.example.com/api/v1/');
});
