// The dashboard as a person uses it: first steps, themes, filters, zoom, the feed of faults, keyboard, full screen.

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { chartNames, DashboardPage, dashboardPath } from '../helpers/dashboard_page.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const formula = '=HYPERLINK("https://evil.example")';

let dashboard: DashboardPage;
let page: Page;

async function ask(times: number, path = '/api/v1/ping', key = gateway.keys.demo): Promise<void> {
  for (let i = 0; i < times; i += 1) await gateway.get(path, { key });
}

async function counted(): Promise<number> {
  const [row] = await gateway.sql<{ n: string | null }>(
    `select sum(requests) as n from gateway.request_stat where step = 'minute' and consumer = '*' and facet = 'total'`,
  );
  return Number(row?.n);
}

async function consumerOf(key: string): Promise<string> {
  const [row] = await gateway.sql<{ id: number }>('select id from res_users_apikeys where index = $1', [key.slice(0, 8)]);
  return `odoo_key:${row?.id}`;
}

/** Clicks a point inside a slice of the status ring, because the middle of its bounding box may be in the hole. */
async function clickSlice(status: string): Promise<void> {
  const donut = dashboard.chart('statuses');
  await donut.evaluate((element) => element.scrollIntoView({ block: 'center' })); // a click outside the window has no effect
  const hole = await donut.locator('.apexcharts-pie circle').first().boundingBox();
  const place = donut.locator(`g[seriesName="${status}"] path`);
  const [start, angle] = [Number(await place.getAttribute('data:startAngle')), Number(await place.getAttribute('data:angle'))];
  if (hole === null) throw new Error('no ring');
  const turn = ((start + angle / 2 - 90) * Math.PI) / 180;
  const radius = (hole.width / 2) * 1.15;
  await page.mouse.click(hole.x + hole.width / 2 + radius * Math.cos(turn), hole.y + hole.height / 2 + radius * Math.sin(turn));
}

test('before the first request, the page shows an example request that can be copied and works', async () => {
  dashboard = await DashboardPage.open(browser, gateway, { permissions: ['clipboard-read', 'clipboard-write'], stays: true });
  page = dashboard.page;
  await page.click('.o_api_gateway_command button');
  await page.waitForSelector('.o_api_gateway_command button:has-text("Copied")');
  const command = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(command).toBe((await page.textContent('.o_api_gateway_command code'))?.trim());
  const [, header, url] = /^curl -H "(.+?)" "(.+)"$/.exec(command) ?? [];
  expect(header).toBe('Authorization: Bearer YOUR_KEY');
  const answer = await fetch(url ?? '', { headers: { Authorization: `Bearer ${gateway.keys.demo}` } });
  expect(answer.status).toBe(200);
  await dashboard.shows('requests', '1');
  for (const name of chartNames) await dashboard.chart(name).waitFor();
  expect(await page.locator('[data-kpi]').count()).toBeGreaterThanOrEqual(18);
});

test('a user of the gateway sees only the figures and faults of their own requests', async () => {
  const groups = await gateway.sql<{ res_id: number }>(
    "select res_id from ir_model_data where (module, name) in (('base', 'group_user'), ('api_gateway', 'group_user'))",
  );
  const values = { name: 'Ann', login: 'ann', password: 'ann-password', group_ids: [[6, 0, groups.map(({ res_id }) => res_id)]] };
  await gateway.orm('res.users', 'create', { vals_list: [values], context: { no_reset_password: true } });
  const ann = await OdooWeb.login(gateway, 'ann', 'ann-password');
  const { secret } = await ann.create('gateway.key', { name: formula });
  await ask(3, '/api/v1/ping', secret);
  await ask(2, '/api/v1/no.such.model', secret);
  await ask(4);
  await until('all ten are counted', async () => (await counted()) === 10);

  const own = await DashboardPage.open(browser, gateway, { login: 'ann', password: 'ann-password', isFirstVisit: true });
  // All requests are from the last minutes.
  expect(await own.page.getAttribute('[data-span="15m"]', 'aria-pressed')).toBe('true');
  await own.shows('requests', '5');
  expect(await own.page.locator('.o_api_gateway_faults_table tbody tr').count()).toBe(2);
  expect(await own.page.locator('select[name=consumer] option').allTextContents()).toEqual(['All consumers', `${formula} (Ann)`]);
  expect(await own.card('webhooks_delivered').count()).toBe(0);
  await own.connection('live');
  await ask(3);
  await ask(1, '/api/v1/ping', secret);
  await own.shows('requests', '6');
  await until('all are counted', async () => (await counted()) === 14);
  expect(await own.text('requests')).toBe('6');
  expect(own.faults).toEqual([]);
  await own.close();
});

describe('themes', () => {
  const drawing = (name: string): Promise<string> => dashboard.chart(name).locator('svg.apexcharts-svg').innerHTML();
  const drawings = () => Promise.all(chartNames.map(drawing));

  test('the dark theme redraws all charts in other colours, and is remembered in this browser', async () => {
    await page.click('[data-mode=manual]');
    await page.click('button[aria-label="Light theme"]');
    await until(
      'all are light',
      async () => (await page.locator('[data-chart][data-theme=light]').count()) === chartNames.length,
    );
    await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
    const light = await drawings();
    await page.click('button[aria-label="Dark theme"]');
    await until('all are redrawn', async () => (await drawings()).every((svg, place) => svg !== light[place]));
    await page.reload();
    await page.waitForSelector('.o_api_gateway[data-theme=dark] [data-chart]');
  });

  test('the system theme is followed if chosen', async () => {
    await page.click('button[aria-label="System theme"]');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForSelector('.o_api_gateway[data-theme=dark]');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.waitForSelector('.o_api_gateway[data-theme=light]');
    await until(
      'the charts follow',
      async () => (await page.locator('[data-chart][data-theme=light]').count()) === chartNames.length,
    );
  });
});

describe('filters', () => {
  afterEach(async () => {
    const clear = page.locator('.o_api_gateway_clear');
    if ((await clear.count()) > 0) await dashboard.afterReading(() => clear.click());
  });

  test('a click on a slice of the status codes filters by their class, and a second click removes the filter', async () => {
    await dashboard.afterReading(() => clickSlice('404'));
    expect(await page.inputValue('select[name=status_class]')).toBe('4');
    await dashboard.shows('requests', '2');
    await dashboard.shows('class_4', '2');
    await dashboard.shows('success_rate', '–');
    await dashboard.shows('error_rate', '–');
    expect(await dashboard.card('sidecars').textContent()).toContain('Not filtered');
    await dashboard.afterReading(() => clickSlice('404'));
    expect(await page.inputValue('select[name=status_class]')).toBe('');
    await dashboard.shows('requests', '14');
  });

  test('a click on a bar filters by its consumer', async () => {
    const consumer = await consumerOf(gateway.keys.demo);
    await dashboard.afterReading(() => dashboard.chart('consumers').locator('.apexcharts-bar-area').first().click());
    expect(await page.inputValue('select[name=consumer]')).toBe(consumer);
    await dashboard.shows('requests', '8');
    await dashboard.afterReading(() => page.click('.o_api_gateway_clear'));
    await dashboard.shows('requests', '14');
  });

  test('a filter applies to live numbers, too', async () => {
    await page.click('[data-mode=live]');
    await dashboard.connection('live');
    await dashboard.afterReading(() =>
      page.selectOption('select[name=consumer]', { label: `${formula} (Ann)` }).then(() => undefined),
    );
    await dashboard.shows('requests', '6');
    await ask(5);
    await until('the five are counted', async () => (await counted()) === 19);
    expect(await dashboard.text('requests')).toBe('6');
    await dashboard.afterReading(() => page.click('.o_api_gateway_clear'));
    await dashboard.shows('requests', '19');
    await page.click('[data-mode=manual]');
  });
});

test('a name that a caller chose is shown as text, even in tooltips', async () => {
  const consumer = await consumerOf(gateway.keys.demo);
  const [known] = await gateway.sql<{ name: string }>('select name from gateway.consumer where consumer = $1', [consumer]);
  const rename = (name: string | undefined) =>
    gateway.sql('update gateway.consumer set name = $2 where consumer = $1', [consumer, name]);
  await rename('<img src=x>');
  await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
  const chart = dashboard.chart('consumers');
  const tooltip = chart.locator('.apexcharts-tooltip');
  await chart.locator('.apexcharts-bar-area').first().hover();
  await expect.poll(() => tooltip.textContent()).toContain('<img src=x>');
  expect(await tooltip.locator('img').count()).toBe(0);
  await rename(known?.name);
  await page.mouse.move(0, 0);
});

test('a drag over a chart zooms into that time, and a button goes back', async () => {
  const hoursAgo = 12;
  const minute = Math.floor(Date.now() / 60_000) - hoursAgo * 60;
  const consumer = await consumerOf(gateway.keys.demo);
  const fact = { minute, consumer, route: '/api/v1/ping', method: 'GET', status: 200, requests: 33, cost: 33 };
  await gateway.sql(`select gateway.record_figures(gen_random_uuid(), 1, $1, $2, '[]', 0)`, [
    JSON.stringify([{ ...fact, gateway_ms: 33, odoo_ms: 0, bytes_in: 0, bytes_out: 0 }]),
    JSON.stringify(['*', consumer].map((who) => ({ minute, consumer: who, class: 2, counts: [33] }))),
  ]);
  await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
  await dashboard.shows('requests', '52');

  const area = await dashboard.plotArea('requests');
  const y = area.y + area.height / 2;
  await page.mouse.move(area.x + area.width * 0.4, y);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.5, y, { steps: 4 });
  await page.mouse.move(area.x + area.width * 0.6, y, { steps: 4 });
  await dashboard.afterReading(() => page.mouse.up());
  await dashboard.shows('requests', '33');
  const shown = await page.textContent('.o_api_gateway_zoom');
  expect(shown).toMatch(/\d.* – .*\d/);
  await dashboard.afterReading(() => page.click('.o_api_gateway_zoom'));
  await dashboard.shows('requests', '52');
});

test('a drag up to the right edge includes the newest minute', async () => {
  const area = await dashboard.plotArea('requests');
  const y = area.y + area.height / 2;
  await page.mouse.move(area.x + area.width * 0.9, y);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.95, y, { steps: 4 });
  await page.mouse.move(area.x + area.width - 1, y, { steps: 4 });
  await dashboard.afterReading(() => page.mouse.up());
  await dashboard.shows('requests', '19');
  await dashboard.afterReading(() => page.click('.o_api_gateway_zoom'));
});

test('the heat map shows the hour under the mouse', async () => {
  const chart = dashboard.chart('heat_map');
  await chart.locator(".apexcharts-heatmap-rect[j='11']").first().hover();
  await chart.locator('.apexcharts-tooltip', { hasText: 'Mon 11:00: ' }).waitFor();
  await page.mouse.move(0, 0);
});

test('the ranges of 30 days and of a year show the same requests in wider steps', async () => {
  for (const span of ['7d', '30d', '1y']) {
    await dashboard.afterReading(() => page.click(`[data-span='${span}']`));
    expect(await page.getAttribute(`[data-span='${span}']`, 'aria-pressed')).toBe('true');
    expect(await dashboard.text('requests')).toBe('52');
  }
  await dashboard.afterReading(() => page.click(`[data-span='24h']`));
});

test('Inspect opens the full record of the log', async () => {
  const row = page.locator('.o_api_gateway_faults_table tbody tr').first();
  await row.getByRole('button', { name: 'Inspect' }).click();
  const dialog = page.locator('.modal');
  await dialog.locator('.o_form_view').waitFor();
  const shown = await dialog.textContent();
  for (const fact of ['/api/v1/no.such.model', 'odoo.model', '404']) expect(shown).toContain(fact);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('the CSV has all faults, and formulas are only text in it', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('.o_api_gateway_csv')]);
  expect(download.suggestedFilename()).toMatch(/^api-faults-\d{4}-\d\d-\d\d\.csv$/);
  const text = await readFile(await download.path(), 'utf8');
  const lines = text.replace('\ufeff', '').trim().split('\r\n');
  expect(text.startsWith('\ufeff')).toBe(true);
  expect(lines[0]).toBe('time,status,reason,message,method,path,model,credential,consumer,address,duration_ms,request_id');
  expect(lines.length).toBe(3);
  for (const line of lines.slice(1)) {
    expect(line).toContain(`,404,odoo.model,`);
    expect(line).toContain(`,"'=HYPERLINK(""https://evil.example"")",`);
  }
});

test('the page can be used with only the keyboard', async () => {
  const focused = () =>
    page.evaluate<string>('document.activeElement.getAttribute("data-span") ?? document.activeElement.name ?? ""');
  await page.locator('[data-span="24h"]').focus();
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('7d');
  await dashboard.afterReading(() => page.keyboard.press('Enter'));
  expect(await page.getAttribute('[data-span="7d"]', 'aria-pressed')).toBe('true');
  for (const name of ['30d', '1y', 'consumer', 'status_class']) {
    await page.keyboard.press('Tab');
    expect(await focused()).toBe(name);
  }
  await dashboard.afterReading(() => page.keyboard.press('4'));
  await dashboard.shows('requests', '2');
  await page.keyboard.press('Tab');
  await dashboard.afterReading(() => page.keyboard.press('Enter'));
  expect(await page.inputValue('select[name=status_class]')).toBe('');
  await dashboard.afterReading(() => page.keyboard.press('Alt+r'));
  await page.locator('[data-span="24h"]').focus();
  await dashboard.afterReading(() => page.keyboard.press('Enter'));

  const card = dashboard.card('throttled');
  await card.getByRole('button', { name: 'About “Throttled”' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.o_popover', { hasText: 'Refused by a rate limit.' }).waitFor();
  await page.keyboard.press('Escape');
  const methods = dashboard.chart('methods');
  await methods.getByRole('button', { name: '“Methods” as a table' }).focus();
  await page.keyboard.press('Enter');
  await methods.getByRole('button', { name: 'GET' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.o_breadcrumb', { hasText: 'GET' }).waitFor();
  expect(await page.locator('.o_list_view .o_data_row').count()).toBe(2);
  await page.goto(dashboardPath);
  await page.waitForSelector('.o_api_gateway_dashboard[data-updated]');
});

test('a click on a number opens the requests that it counts in the log', async () => {
  await dashboard.card('error_rate').getByRole('button', { name: 'Error rate', exact: true }).click();
  await page.locator('.o_list_view .o_data_row').first().waitFor();
  expect(await page.locator('.o_list_view .o_data_row').count()).toBe(2);
  await page.goBack();
  await page.waitForSelector('.o_api_gateway_dashboard[data-updated]');
});

test('full screen shows only the figures', async () => {
  const navbar = page.locator('.o_main_navbar');
  await page.click('.o_api_gateway_fullscreen');
  await navbar.waitFor({ state: 'hidden' });
  expect(await page.evaluate('document.fullscreenElement !== null')).toBe(true);
  expect(await page.getAttribute('.o_api_gateway_fullscreen', 'aria-pressed')).toBe('true');
  await page.click('.o_api_gateway_fullscreen');
  await navbar.waitFor({ state: 'visible' });
});

describe('motion', () => {
  const watch = `
    window.seen = [];
    new MutationObserver(() => window.seen.push(document.querySelector('[data-kpi=requests] output').textContent))
      .observe(document.querySelector('[data-kpi=requests] output'), { characterData: true, childList: true, subtree: true })`;

  test.each([
    { reducedMotion: 'no-preference' as const, between: true },
    { reducedMotion: 'reduce' as const, between: false },
  ])(
    'with prefers-reduced-motion: $reducedMotion, a counter shows intermediate numbers: $between',
    async ({ reducedMotion, between }) => {
      await page.emulateMedia({ reducedMotion });
      await page.reload();
      await page.waitForSelector('.o_api_gateway_dashboard[data-updated]');
      await page.waitForTimeout(1_000);
      const before = Number(await dashboard.text('requests'));
      await ask(30);
      await until('the thirty are counted', async () => (await counted()) >= before + 30);
      await page.evaluate(watch);
      await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
      await dashboard.shows('requests', String(before + 30));
      const seen = (await page.evaluate<string[]>('window.seen')).map(Number);
      expect(seen.some((n) => n > before && n < before + 30)).toBe(between);
    },
  );
});

test('a changed setting has a mark under the time axis, for mouse, touch and keyboard, and a row in the table', async () => {
  await gateway.sql("update gateway.setting set value = '79' where name = 'limit.default'");
  await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
  const chart = dashboard.chart('requests');
  const mark = chart.locator('.o_api_gateway_mark').last();
  const text = mark.locator('.o_api_gateway_mark_text');
  await mark.hover();
  await text.waitFor({ state: 'visible' });
  expect(await text.textContent()).toContain('Setting “Default GET Limit” changed');
  await page.mouse.move(0, 0);
  await text.waitFor({ state: 'hidden' });
  await mark.click();
  await page.mouse.move(0, 0);
  await text.waitFor({ state: 'visible' });
  await page.keyboard.press('Escape');
  await text.waitFor({ state: 'hidden' });
  const table = chart.getByRole('button', { name: '“Requests by status” as a table' });
  await table.click();
  await chart.locator('td', { hasText: 'Setting “Default GET Limit” changed' }).waitFor();
  await table.click();
});

test('the previous period is a dashed line, and every number says how it changed; the address keeps this choice', async () => {
  await dashboard.afterReading(() => page.click('.o_api_gateway_compare'));
  expect(await dashboard.chart('requests').locator('.o_api_gateway_before_line path').getAttribute('d')).toMatch(/^M0/);
  expect(await dashboard.card('requests').textContent()).toMatch(/^(?!.*zero before).*before: 0/s);
  await page.waitForURL(/gateway-dashboard\?compare=1$/);
  await page.reload();
  await page.waitForSelector('.o_api_gateway_compare[aria-pressed=true]');
  await page.waitForSelector('.o_api_gateway_dashboard[data-updated]');
  await dashboard.afterReading(() => page.click('.o_api_gateway_compare'));
  await page.waitForURL(/gateway-dashboard$/);
});

test('TV mode has an address, fills the window without scrolling, stays live, and ends with Escape', async () => {
  await page.setViewportSize({ width: 1_920, height: 1_080 });
  await page.goto(`${dashboardPath}?range=24h&tv=1`);
  await page.waitForSelector('.o_api_gateway_tv .o_api_gateway_dashboard[data-updated]');
  await page.waitForSelector('.o_api_gateway_connection[data-connection=live]');
  await dashboard.isDrawn();
  expect(await page.locator('.o_main_navbar, .o_control_panel, .o_api_gateway_toolbar').filter({ visible: true }).count()).toBe(
    0,
  );
  expect(await page.evaluate('document.querySelector(".o_api_gateway_content").scrollHeight')).toBeLessThanOrEqual(1_080);
  expect(page.url()).toMatch(/tv=1/);
  await page.keyboard.press('Escape');
  await page.waitForSelector('.o_api_gateway_toolbar');
  await page.waitForURL(/gateway-dashboard$/);
  await page.setViewportSize({ width: 1_280, height: 900 });
});

test('if figures cannot be read, an error with "Try again" is shown, and the last figures stay', async () => {
  await page.route('**/call_kw/gateway.stat/**', (route) => route.abort());
  await page.click('.o_api_gateway_refresh');
  const alert = page.locator('.o_api_gateway_error');
  await alert.waitFor();
  expect(Number(await dashboard.text('requests'))).toBeGreaterThan(50);
  await page.unroute('**/call_kw/gateway.stat/**');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await alert.waitFor({ state: 'detached' });
});

test.each([1_280, 390])('everything fits into a window of %i pixels', async (width) => {
  await page.setViewportSize({ width, height: 900 });
  await page.goto(dashboardPath);
  await page.waitForSelector('[data-chart=heat_map] svg');
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  const sticking = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.o_api_gateway_dashboard .card')].filter((card) => card.getBoundingClientRect().right > innerWidth).map((card) => card.className)`,
  );
  expect(sticking).toEqual([]);
  expect(await dashboard.styleFault()).toBe('none');
});

test('the console shows no errors', () => {
  expect(dashboard.faults.filter((fault) => !/ERR_FAILED/.test(fault))).toEqual([]);
});
