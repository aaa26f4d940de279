// Compares every number on the dashboard with an independent count: over the log, which here has every request, or over the table
// from which the number comes.

import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrokenSidecar } from '../helpers/broken_sidecar.ts';
import { useBrowser } from '../helpers/browser.ts';
import { DashboardPage } from '../helpers/dashboard_page.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const receiver = await startReceiver();
afterAll(() => receiver.close());

let dashboard: DashboardPage;
let page: Page;
/** A sidecar that was started with the settings of these tests. */
let sidecar: Sidecar;
let keys: Record<'narrow' | 'limited', string>;

async function ask(times: number, path: string, key?: string, from = '203.0.113.4'): Promise<void> {
  const headers = { 'X-Forwarded-For': from };
  for (let sent = 0; sent < times; sent += 25) {
    const batch = Array.from({ length: Math.min(25, times - sent) }, () =>
      gateway.get(path, { headers, ...(key ? { key } : {}) }),
    );
    await Promise.all(batch);
  }
}

/** One row of aggregates over the log, with the range and the filter of the page. */
async function logged<Row extends Record<string, unknown>>(columns: string, filter = 'true'): Promise<Row> {
  const [row] = await gateway.sql<Row>(
    `select ${columns} from gateway.request_log where at >= gateway.utc_now() - interval '1 day' and ${filter}`,
  );
  if (row === undefined) throw new Error('no row');
  return row;
}

async function groups(by: string, filter = 'true'): Promise<Map<string, number>> {
  const rows = await gateway.sql<{ value: string; n: string }>(
    `select ${by} as value, count(*) as n from gateway.request_log where ${by} is not null and ${filter} group by 1 order by 2 desc, 1`,
  );
  return new Map(rows.map(({ value, n }) => [String(value), Number(n)]));
}

/** The number on a card, unrounded. */
async function value(id: string): Promise<number> {
  return Number(await dashboard.card(id).getAttribute('data-value'));
}

/** A chart's description of its parts for screen readers, in order. */
async function parts(chart: string): Promise<[string, number][]> {
  const label = (await dashboard.chart(chart).locator('[role=img]').getAttribute('aria-label')) ?? '';
  return label.split(', ').map((entry) => {
    const [, name = '', n = ''] = /^(.*): ([\d,]+)$/.exec(entry) ?? [];
    return [name, Number(n.replaceAll(',', ''))];
  });
}

/** An attribute of all elements that a selector finds, in their order. */
async function attributes(within: Locator, selector: string, name: string): Promise<(string | null)[]> {
  const found = await within.locator(selector).all();
  return Promise.all(found.map((element) => element.getAttribute(name)));
}

/** Numbers that a chart has drawn, in the order of its shapes. */
async function drawn(chart: string, shape: string, attribute: string): Promise<number[]> {
  return (await attributes(dashboard.chart(chart), shape, attribute)).map(Number);
}

beforeAll(async () => {
  await gateway.sql(`update gateway.setting set value = '"metadata"' where name = 'log.level'`);
  await gateway.sql(`update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow'`);
  const admin = await OdooWeb.login(gateway);
  const [profile] = await gateway.orm<number[]>('gateway.profile', 'create', {
    vals_list: [{ name: 'Ten a day', day_limit: 10 }],
  });
  const narrow = await admin.create('gateway.key', { name: 'Narrow', scopes: 'res.country:read' });
  const limited = await admin.create('gateway.key', { name: 'Limited', profile_id: profile });
  keys = { narrow: narrow.secret, limited: limited.secret };
  await gateway.sql(`insert into gateway.ip_block (network, note) values ('198.51.100.7', 'noise')`);
  const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner.category']] });
  await gateway.orm('gateway.webhook', 'create', { vals_list: [{ name: 'Tags', model_id: model, url: receiver.url }] });
  receiver.answer = ({ data }) => ({ status: data.id % 2 === 0 ? 200 : 500 });
  await gateway.orm('res.partner.category', 'create', { vals_list: Array.from({ length: 6 }, (_, i) => ({ name: `Tag ${i}` })) });
  sidecar = await gateway.startSidecar({ env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } });

  await ask(1_200, '/api/v1/ping', gateway.keys.demo);
  await ask(150, '/api/v1/res.partner?limit=2', gateway.keys.admin);
  await ask(60, '/api/v1/res.country?limit=1', keys.narrow);
  await ask(9, '/api/v1/res.partner?limit=1', keys.narrow);
  await ask(24, '/api/v1/ping', keys.limited);
  await ask(7, '/api/v1/ping', gateway.keys.demo, '198.51.100.7');
  await ask(5, '/api/v1/ping', 'f'.repeat(40));
  await ask(4, '/api/v1/ping');
  await ask(6, '/api/v1/no.such.model', gateway.keys.demo);
  await ask(3, '/api/v1/res.partner?limit=x', gateway.keys.demo);
  await sidecar.post('/api/v1/res.partner', { name: 'Ada' }, { key: gateway.keys.admin });
  const broken = await startBrokenSidecar(gateway);
  for (let i = 0; i < 4; i += 1) await broken.get('/api/v1/res.partner', { key: gateway.keys.admin });
  await until('everything is counted and logged', async () => {
    const [row] = await gateway.sql<{ n: string }>(
      `select sum(requests) as n from gateway.request_stat where step = 'minute' and consumer = '*' and facet = 'total'`,
    );
    const { n } = await logged<{ n: string }>('count(*) as n');
    return Number(n) > 1_470 && n === row?.n;
  });
  await until('events are tried', async () => receiver.arrived.length >= 6);
  dashboard = await DashboardPage.open(browser, gateway);
  page = dashboard.page;
  await page.click('[data-mode=manual]');
  await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
});

const filters: { name: string; sql: () => Promise<string>; choose: () => Promise<unknown> }[] = [
  { name: 'everything', sql: async () => 'true', choose: () => page.click('.o_api_gateway_refresh') },
  {
    name: 'one consumer',
    sql: async () => `consumer = '${await page.inputValue('select[name=consumer]')}'`,
    choose: async () => page.selectOption('select[name=consumer]', { label: 'Narrow (Mitchell Admin)' }),
  },
  {
    name: 'one consumer and refusals',
    sql: async () => `consumer = '${await page.inputValue('select[name=consumer]')}' and status between 400 and 499`,
    choose: () => page.selectOption('select[name=status_class]', '4'),
  },
];

describe.each(filters)('figures of $name', ({ sql, choose }) => {
  let filter: string;
  beforeAll(async () => {
    await dashboard.afterReading(choose);
    filter = await sql();
  });

  test('the cards show the counts of the log', async () => {
    const expected = await logged<Record<string, string>>(
      `count(*) as requests,
       count(*) filter (where status / 100 = 4) as class_4,
       count(*) filter (where status / 100 = 5) as class_5,
       count(*) filter (where status = 429) as throttled,
       count(*) filter (where reason = 'address.blocked') as blocked,
       count(*) filter (where status = 401) as unauthenticated,
       count(*) filter (where status = 403 and reason <> 'address.blocked') as forbidden,
       count(distinct consumer) filter (where consumer <> 'none:0') as consumers,
       count(distinct consumer) filter (where consumer ~ '^(odoo_key|gateway_key|client):') as keys,
       sum(bytes_out) as bytes_out`,
      filter,
    );
    const shown: Record<string, string> = {};
    for (const id of Object.keys(expected)) shown[id] = String(await value(id));
    expect(shown).toEqual(expected);
    expect(Number(expected['requests'])).toBeGreaterThan(0);
  });

  test('rates and times equal those of the log, percentiles within 5 %', async () => {
    const expected = await logged<Record<string, number>>(
      `avg((status >= 400)::int)::float as error_rate, avg((status < 400)::int)::float as success_rate, avg(gateway_ms)::float as avg,
       avg(coalesce(odoo_ms, 0))::float as odoo, avg(gateway_ms - coalesce(odoo_ms, 0))::float as overhead`,
      filter,
    );
    // Within one status class, either all answers are errors or none are, so the page shows no rate.
    if (filter.includes('status between')) {
      for (const id of ['success_rate', 'error_rate']) expect(await dashboard.text(id)).toBe('–');
      delete expected['success_rate'];
      delete expected['error_rate'];
    }
    for (const [id, number] of Object.entries(expected)) expect(await value(id), id).toBeCloseTo(number, 2);
    // Any value between the times of two neighbouring requests is a valid percentile, so the page must show one of these, within 5
    // %.
    const requests = await value('requests');
    const shares = { p50: 0.5, p95: 0.95, p99: 0.99 };
    for (const [id, share] of Object.entries(shares)) {
      const { least, most } = await logged<{ least: number; most: number }>(
        `percentile_disc(${Math.max(0, share - 1 / requests)}) within group (order by gateway_ms)::float as least,
         percentile_disc(${Math.min(1, share + 1 / requests)}) within group (order by gateway_ms)::float as most`,
        filter,
      );
      const shown = await value(id);
      expect(shown, `${id}, at least ${least}`).toBeGreaterThan(least * 0.95);
      expect(shown, `${id}, at most ${most}`).toBeLessThan(most * 1.05);
    }
  });

  test('the charts describe and draw the figures of the log', async () => {
    expect(new Map(await parts('statuses'))).toEqual(await groups('status', filter));
    expect(new Map(await parts('methods'))).toEqual(await groups('method', filter));
    expect(await parts('top')).toEqual([...(await groups('route', filter))].slice(0, 10));
    const byConsumer = [...(await groups('consumer', filter)).values()].slice(0, 10);
    expect((await parts('consumers')).map(([, n]) => n)).toEqual(byConsumer);

    const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
    expect(sorted(await drawn('statuses', '.apexcharts-pie-area', 'data:value'))).toEqual(
      sorted((await groups('status', filter)).values()),
    );
    expect(await drawn('consumers', '.apexcharts-bar-area', 'val')).toEqual(byConsumer.slice(0, 8));
    const cells = await drawn('heat_map', '.apexcharts-heatmap-rect', 'val');
    expect(cells).toHaveLength(7 * 24);
    expect(sorted(cells.filter((n) => n > 0))).toEqual(sorted((await groups(`date_trunc('hour', at)`, filter)).values()));
    expect(await parts('refusals')).toEqual([
      ['Throttled', await value('throttled')],
      ['Blocked', await value('blocked')],
      ['Unauthenticated', await value('unauthenticated')],
      ['Forbidden', await value('forbidden')],
      [
        'Other 4xx',
        (await value('class_4')) -
          (await value('throttled')) -
          (await value('blocked')) -
          (await value('unauthenticated')) -
          (await value('forbidden')),
      ],
    ]);
  });

  test('the feed shows the faults of the log', async () => {
    const rows = await gateway.sql<{ id: string }>(
      `select id from gateway.request_log where status >= 400 and ${filter} order by id desc limit 50`,
    );
    const shown = await attributes(page.locator('.o_api_gateway_faults'), '[data-fault]', 'data-fault');
    expect(shown).toEqual(rows.map(({ id }) => id));
  });
});

test('pointing at a moment in the chart shows the requests of that moment', async () => {
  await dashboard.afterReading(() => page.click('.o_api_gateway_clear'));
  const chart = dashboard.chart('requests');
  const box = await dashboard.plotArea('requests');
  let shown = '';
  let sum = 0;
  // All requests fall into the last step or two of the chart.
  for (let x = box.x + box.width - 1; x > box.x + box.width * 0.9 && sum < (await value('requests')); x -= 3) {
    await page.mouse.move(x, box.y + box.height / 2);
    const tooltip = (await chart.locator('.apexcharts-tooltip').textContent()) ?? '';
    if (tooltip === shown) continue;
    shown = tooltip;
    sum += (await chart.locator('.apexcharts-tooltip-text-y-value').allTextContents())
      .map((text) => Number(text.replaceAll(',', '') || 0))
      .reduce((all, n) => all + n, 0);
  }
  expect(sum).toBe(await value('requests'));
});

test('sidecars and webhooks equal the counts of their own tables', async () => {
  await page.click('[data-mode=manual]');
  const own = async () => {
    const [row] = await gateway.sql<{ alive: string; delivered: string; failed: string }>(
      `select (select count(*) from gateway.sidecar where seen_at > gateway.utc_now() - interval '10 seconds') as alive,
         count(*) filter (where status < 300) as delivered, count(*) filter (where status is null or status >= 300) as failed
       from gateway.webhook_attempt`,
    );
    return [row?.alive, row?.delivered, row?.failed].join(' ');
  };
  const shown = async () =>
    [await value('sidecars'), await value('webhooks_delivered'), await value('webhooks_failed')].join(' ');
  // Failed events may be retried meanwhile.
  await until('the page shows the numbers of the tables', async () => {
    await dashboard.afterReading(() => page.click('.o_api_gateway_refresh'));
    return (await shown()) === (await own());
  });
  const [alive, delivered, failed] = (await shown()).split(' ').map(Number);
  expect(alive).toBe(3);
  expect(delivered).toBe(3);
  expect(failed).toBeGreaterThanOrEqual(3);
});
