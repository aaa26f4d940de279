// 32 clients print quotations without a pause, over two sidecars, while a user of Odoo's web client lists orders: the user must
// hardly notice, and both sidecars together must print no more reports at once than a single sidecar may.
//
//   npm run soak -- reports [--seconds 30]

import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';

const clients = 32;
/** A quarter of the instance's two workers, and at least one. */
const places = 1;
const most = { ratio: 4, slowestMs: 5_000 };
const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(options.seconds);
const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });

try {
  const sidecars = [gateway.sidecar, await gateway.startSidecar()];
  const web = await OdooWeb.login(gateway);
  const ids = await gateway.orm<number[]>('sale.order', 'search', { domain: [], limit: clients });
  const asUser = async () => {
    const started = performance.now();
    await web.call('sale.order', 'web_search_read', [], {
      domain: [],
      specification: { name: {}, partner_id: { fields: { display_name: {} } }, amount_total: {} },
      limit: 80,
    });
    return performance.now() - started;
  };
  const timed = async (): Promise<number[]> => {
    const times: number[] = [];
    for (const until = performance.now() + seconds * 1_000; performance.now() < until; await delay(100))
      times.push(await asUser());
    return times.sort((a, b) => a - b);
  };
  const at = (times: readonly number[], share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;

  await asUser();
  // Creates the style sheets.
  await gateway.get(`/api/v1/sale.order/${ids[0]}/report/sale.report_saleorder`, { key: gateway.keys.admin });
  const before = await timed();

  const counts = { first: 0, second: 0, busy: 0, other: 0, atOnce: 0 };
  let isOver = false;
  const printing = Array.from({ length: clients }, async (_, i) => {
    while (!isOver) {
      const path = `/api/v1/sale.order/${ids[i % ids.length]}/report/sale.report_saleorder`;
      const answer = await fetch(new URL(path, sidecars[i % 2]?.url), {
        headers: { Authorization: `Bearer ${gateway.keys.admin}` },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (answer.status === 200 && bytes.toString('latin1', 0, 4) === '%PDF') counts[i % 2 === 0 ? 'first' : 'second'] += 1;
      else if (answer.status === 503) counts.busy += 1;
      else counts.other += 1;
    }
  });
  const watching = (async () => {
    while (!isOver) {
      const [row] = await gateway.sql<{ places: number }>(
        `select count(*)::integer as places from pg_locks
         where locktype = 'advisory' and classid = hashtext('gateway.report')::bigint & 4294967295 and granted`,
      );
      counts.atOnce = Math.max(counts.atOnce, row?.places ?? 0);
      await delay(20);
    }
  })();
  const beside = await timed();
  isOver = true;
  await Promise.all([...printing, watching]);

  const ratio = at(beside, 0.5) / at(before, 0.5);
  say(`  the user's request: median ${at(before, 0.5).toFixed(0)} ms before, ${at(beside, 0.5).toFixed(0)} ms beside reports`);
  say(
    `  95 of 100 within: ${at(before, 0.95).toFixed(0)} ms and ${at(beside, 0.95).toFixed(0)} ms; the slowest ${at(beside, 1).toFixed(0)} ms`,
  );
  if (
    ratio > most.ratio ||
    at(beside, 1) > most.slowestMs ||
    counts.atOnce !== places ||
    counts.other > 0 ||
    Math.min(counts.first, counts.second) === 0
  ) {
    process.exitCode = 1;
  }
  report(
    'reports',
    { clients, ...counts, beforeMs: at(before, 0.5), besideMs: at(beside, 0.5), slowestMs: at(beside, 1) },
    { ratio },
  );
} finally {
  await gateway.close();
}
