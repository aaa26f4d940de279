// The dashboard while requests come in: numbers, sounds and toasts, a cut socket, a stopped sidecar.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrokenSidecar } from '../helpers/broken_sidecar.ts';
import { useBrowser } from '../helpers/browser.ts';
import { DashboardPage } from '../helpers/dashboard_page.ts';
import type { HttpClient } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import type { TcpProxy } from '../helpers/tcp_proxy.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const key = gateway.keys.demo;

/** Records the tones that Web Audio is asked to play. */
const listen = `
  window.tones = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (when) {
    window.tones.push(this.frequency.value);
    return start.call(this, when);
  };`;

let dashboard: DashboardPage;
let broken: Sidecar;

/** Sends requests one after the other. @returns their statuses */
async function ask(times: number, path = '/api/v1/ping', of: HttpClient = gateway): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push((await of.get(path, { key })).status);
  return statuses;
}

/** Sets the address at which browsers reach the gateway. If it is empty, they use a sidecar's own address. */
async function reachAt(url: string): Promise<void> {
  await gateway.sql(
    `insert into gateway.setting (name, value, default_value) values ('sidecar.url', $1, '""')
     on conflict (name) do update set value = excluded.value`,
    [JSON.stringify(url)],
  );
}

function toast(text: string) {
  return dashboard.page.locator('.o_notification', { hasText: text });
}

async function tones(): Promise<number[]> {
  return dashboard.page.evaluate<number[]>('window.tones');
}

beforeAll(async () => {
  broken = await startBrokenSidecar(gateway);
  await ask(1);
  await until('the first request is counted', async () => {
    const [row] = await gateway.sql<{ n: string }>('select count(*) as n from gateway.request_stat');
    return row?.n !== '0';
  });
  dashboard = await DashboardPage.open(browser, gateway);
  await dashboard.page.context().addInitScript(listen);
  await dashboard.page.reload();
  await dashboard.connection('live');
  await dashboard.shows('requests', '1');
});

describe('live', () => {
  test('a second later, the card shows 25 more requests without a reload', async () => {
    expect(await ask(25)).toEqual(Array(25).fill(200));
    await dashboard.shows('requests', '26');
    await until('their rate is shown', async () => (await dashboard.text('rps')) !== '0');
    await until('the line of the rate is drawn', async () => (await dashboard.card('rps').locator('path').count()) === 2);
    await dashboard.shows('rps', '0');
  });

  test('a server error shows a toast that opens its log record, without a sound while sound is off', async () => {
    const [status = 0] = await ask(1, '/api/v1/res.partner', broken);
    expect(status).toBeGreaterThanOrEqual(500);
    await toast('Server error').waitFor();
    expect(await tones()).toEqual([]);
    await toast('Server error').getByRole('button', { name: 'Inspect' }).click();
    const dialog = dashboard.page.locator('.modal');
    await dialog.locator('.o_form_view').waitFor();
    expect(await dialog.textContent()).toContain('odoo.unavailable');
    await toast('Server error').waitFor({ state: 'detached' });
    await dialog.locator('.btn-close').click();
    await dialog.waitFor({ state: 'detached' });
    await dashboard.shows('class_5', '1');
  });

  test('with the sound on, an error plays two falling tones; the choice is kept', async () => {
    const sound = dashboard.page.locator('.o_api_gateway_sound');
    await sound.click();
    await until('the sound is on', async () => (await sound.getAttribute('aria-pressed')) === 'true');
    await ask(1, '/api/v1/res.partner', broken);
    await until('the tones are asked for', async () => (await tones()).length === 2);
    expect(await tones()).toEqual([660, 440]);
    await dashboard.page.reload();
    await dashboard.connection('live');
    expect(await sound.getAttribute('aria-pressed')).toBe('true');
    await sound.click();
  });

  test('many refusals open a single toast, which closes when there are few again', async () => {
    await ask(18);
    await ask(4, '/api/v1/no.such.model');
    await toast('Many refusals').waitFor();
    expect(await toast('Many refusals').textContent()).toMatch(/\d+(\.\d+)?% of the last \d+ requests/);
    await ask(2, '/api/v1/no.such.model');
    await dashboard.shows('requests', '52');
    expect(await toast('Many refusals').count()).toBe(1);
    expect(await dashboard.card('error_rate').getAttribute('class')).toContain('o_api_gateway_kpi_alarm');
    await ask(100);
    await toast('Many refusals').waitFor({ state: 'detached' });
  });

  test("the open alerts of a manager's rule share one toast, which closes when they close", async () => {
    await gateway.sql(`
      insert into gateway_alert (rule_id, subject, state, opened_at, value, last_value, worst_value, times)
      select id, subject, 'open', gateway.utc_now(), 3, 3, 3, 1
      from gateway_alert_rule, unnest(array['Web shop', 'Robot']) subject where metric = 'throttled'`);
    await dashboard.page.locator('.o_api_gateway_refresh').click();
    await toast('Over the limit').waitFor();
    expect(await toast('Over the limit').count()).toBe(1);
    expect(await toast('Over the limit').textContent()).toContain('2 are open: Web shop, Robot.');
    await gateway.sql("update gateway_alert set state = 'closed', closed_at = gateway.utc_now()");
    await dashboard.page.locator('.o_api_gateway_refresh').click();
    await toast('Over the limit').waitFor({ state: 'detached' });
  });

  test('requests are listed on the page one by one; the list can be filtered and stopped', async () => {
    const lines = dashboard.page.locator('.o_api_gateway_now tbody tr');
    const filter = dashboard.page.locator('.o_api_gateway_now_filter');
    await gateway.get('/api/v1/res.partner?limit=1', { key });
    await lines.filter({ hasText: 'GET /api/v1/res.partner' }).first().waitFor();
    await filter.fill('res.partner');
    await until('only one request is left', async () => (await lines.count()) === 1);
    expect(await lines.first().textContent()).toMatch(/200.*ms$/);
    await dashboard.page.click('.o_api_gateway_pause');
    await filter.fill('');
    await until('the other requests are listed, too', async () => (await lines.count()) > 1);
    const before = await lines.count();
    await ask(3);
    await until('they are counted', async () => (await dashboard.text('rps')) !== '0');
    expect(await lines.count()).toBe(before);
    await dashboard.page.click('.o_api_gateway_pause');
    await until('the three requests are listed', async () => (await lines.count()) >= before + 3);
  });

  test('faults appear in the feed within seconds, the newest first', async () => {
    await ask(1, '/api/v1/res.partner/99999999');
    const first = dashboard.page.locator('.o_api_gateway_faults_table tbody tr').first();
    await until('the newest is the first', async () => (await first.textContent())?.includes('odoo.missing') === true);
    expect(await first.textContent()).toContain('404');
    expect(await first.textContent()).toContain('/api/v1/res.partner/99999999');
  });

  test('a toast waits until a dialog is closed, and counts the errors until then', async () => {
    await dashboard.page.locator('.o_api_gateway_inspect').first().click();
    const dialog = dashboard.page.locator('.modal');
    await dialog.locator('.o_form_view').waitFor();
    await toast('Server error').waitFor({ state: 'detached' });
    const before = Number(await dashboard.text('class_5'));
    await ask(2, '/api/v1/res.partner', broken);
    await dashboard.shows('class_5', String(before + 2));
    expect(await toast('Server error').count()).toBe(0);
    await dialog.locator('.btn-close').click();
    await toast('Server error').waitFor();
    expect(await toast('Server error').textContent()).toMatch(/[2-9] requests failed/);
  });

  test('a minute after the last server error, its toast closes', async () => {
    await toast('Server error').waitFor();
    await dashboard.page.evaluate(`
      const now = performance.now.bind(performance);
      performance.now = () => now() + 61_000;`);
    await toast('Server error').waitFor({ state: 'detached' });
  });
});

describe('when the connection to the sidecar is cut', () => {
  let proxy: TcpProxy;
  const heard: { type: string; payload: Record<string, unknown> }[] = [];
  beforeAll(async () => {
    proxy = await startTcpProxy(Number(new URL(gateway.sidecar.url).port));
    await reachAt(`http://127.0.0.1:${proxy.port}`);
    dashboard.page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        for (const { message } of JSON.parse(String(payload))) heard.push(message);
      }),
    );
    await dashboard.page.reload();
    await dashboard.connection('live');
  });
  afterAll(() => proxy.cut());

  test('the page says so, and gets the missed messages once the connection is back', async () => {
    const before = Number(await dashboard.text('requests'));
    await proxy.cut();
    await dashboard.connection('fallback');
    expect(await dashboard.page.textContent('.o_api_gateway_connection')).toContain('Reconnecting');
    expect(await dashboard.text('rps')).toBe('–');
    await ask(7);
    await until('the seven are counted', async () => {
      const [row] = await gateway.sql<{ n: string }>(
        `select sum(requests) as n from gateway.request_stat where step = 'minute' and consumer = '*' and facet = 'total'`,
      );
      return Number(row?.n) === before + 7;
    });
    heard.length = 0;
    await proxy.restore();
    await dashboard.connection('live');
    await dashboard.shows('requests', String(before + 7));
    const hello = heard.find(({ type }) => type === 'gateway.hello');
    expect(hello?.payload['replayed']).toBe(true);
    const replayed = heard.filter(({ type }) => type === 'gateway.traffic').map(({ payload }) => Number(payload['requests']));
    expect(replayed.reduce((sum, n) => sum + n, 0)).toBe(7);
  });

  test('the figures are polled until the connection is back', async () => {
    const before = Number(await dashboard.text('requests'));
    await proxy.cut();
    await dashboard.connection('fallback');
    await ask(3);
    await dashboard.shows('requests', String(before + 3), 30_000);
    expect(await dashboard.page.getAttribute('.o_api_gateway_connection', 'data-connection')).toBe('fallback');
    await reachAt('');
    await dashboard.connection('live');
  });
});

describe('other ways to update', () => {
  test('polling reads the figures at intervals; the choice is remembered in this browser', async () => {
    await dashboard.page.click('[data-mode=polling]');
    await dashboard.page.selectOption('select[name=every]', '5');
    await dashboard.page.reload();
    await dashboard.connection('polling');
    expect(await dashboard.page.inputValue('select[name=every]')).toBe('5');
    const before = Number(await dashboard.text('requests'));
    await ask(4);
    await dashboard.shows('requests', String(before + 4), 20_000);
  });

  test('in manual mode, nothing changes until a refresh', async () => {
    await dashboard.page.click('[data-mode=manual]');
    await dashboard.connection('manual');
    const before = Number(await dashboard.text('requests'));
    await ask(5);
    await until('the five are counted', async () => {
      const [row] = await gateway.sql<{ n: string }>(
        `select sum(requests) as n from gateway.request_stat where step = 'minute' and consumer = '*' and facet = 'total'`,
      );
      return Number(row?.n) === before + 5;
    });
    expect(await dashboard.text('requests')).toBe(String(before));
    await dashboard.afterReading(() => dashboard.page.click('.o_api_gateway_refresh'));
    expect(await dashboard.text('requests')).toBe(String(before + 5));
  });
});

test('when the sidecar is stopped, the page polls; when another sidecar starts, the page goes live again', async () => {
  await dashboard.page.click('[data-mode=live]');
  await dashboard.connection('live');
  await Promise.all([gateway.sidecar.stop(), broken.stop()]);
  await dashboard.connection('fallback');
  await dashboard.shows('sidecars', '0', 30_000);
  await toast('No sidecar is alive').waitFor();
  const next = await gateway.startSidecar();
  await dashboard.connection('live');
  const before = Number(await dashboard.text('requests'));
  await ask(2, '/api/v1/ping', next);
  await dashboard.shows('requests', String(before + 2));
  await dashboard.shows('sidecars', '1', 30_000);
  await toast('No sidecar is alive').waitFor({ state: 'detached' });
});

test('the page reports no errors except the cut connections', async () => {
  expect(await dashboard.styleFault()).toBe('none');
  expect(dashboard.faults.filter((fault) => !/WebSocket connection/.test(fault))).toEqual([]);
});
