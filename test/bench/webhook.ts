// Webhooks: from commit to arrival at 100 changes a second, deliveries a second out of a backlog, and the cost of capture in
// Odoo.

import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import { createPartnerWebhook } from '../helpers/partner_webhook.ts';
import { until } from '../helpers/wait.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';
import { inShell, median, report } from './harness.ts';

const changes = 1_000;
const perSecond = 100;
const backlog = 10_000;
const rounds = 9;

const real = await provideRealParts();
const gateway = await createInstance({ ...real, sharedOdooUrl: null });
const receiver = await startReceiver();
try {
  const capture = (await inShell({ parts: real.parts, database: gateway.database }, 'webhook_capture.py', {
    BENCH_ROUNDS: String(rounds),
  })) as Record<string, number[]>;
  const seconds = Object.fromEntries(Object.entries(capture).map(([name, turns]) => [name, median(turns)]));
  say(`  capture: ${Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(3)} s`)}`);

  await gateway.sql(`update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow'`);
  const webhook = await createPartnerWebhook(gateway, {
    name: 'Bench',
    url: receiver.url,
    payload: ['name', 'ref', 'email', 'country_id', 'write_date'],
  });
  const partners = await gateway.orm<number[]>('res.partner', 'create', {
    vals_list: Array.from({ length: changes }, (_, n) => ({ name: `Bench ${n}` })),
  });
  await arrivals(changes);
  receiver.arrived.length = 0;

  const committed = (await inShell({ parts: real.parts, database: gateway.database }, 'webhook_changes.py', {
    BENCH_IDS: JSON.stringify(partners),
    BENCH_RATE: String(perSecond),
  })) as Record<string, number>;
  await arrivals(changes);
  const latencies = receiver.arrived.map(({ event, at }) => at - (committed[event.data.id] ?? 0)).sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  say(`  latency: p50 ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms, most ${at(1).toFixed(0)} ms`);

  await gateway.orm('gateway.webhook', 'action_pause', { ids: [webhook] });
  for (let made = 0; made < backlog; made += 1_000) {
    await gateway.orm('res.partner', 'create', {
      vals_list: Array.from({ length: 1_000 }, (_, n) => ({ name: `Backlog ${made + n}` })),
    });
  }
  receiver.arrived.length = 0;
  await gateway.orm('gateway.webhook', 'action_resume', { ids: [webhook] });
  await arrivals(backlog);
  const [first, last] = [receiver.arrived[0]?.at ?? 0, receiver.arrived.at(-1)?.at ?? 0];
  if (new Set(receiver.arrived.map(({ event }) => event.id)).size !== backlog) throw new Error('An event arrived twice.');

  report(
    'webhook',
    {
      p50_ms: at(0.5),
      p99_ms: at(0.99),
      deliveries_per_s: ((backlog - 1) * 1_000) / (last - first),
      capture_without_s: seconds['without'] ?? Number.NaN,
    },
    {
      capture_unwatched: (seconds['unwatched'] ?? Number.NaN) / (seconds['without'] ?? Number.NaN),
      capture_watched: (seconds['watched'] ?? Number.NaN) / (seconds['without'] ?? Number.NaN),
    },
  );
} finally {
  await gateway.close();
  await receiver.close();
}

function arrivals(count: number): Promise<number> {
  return until(`${count} arrivals`, () => receiver.arrived.length >= count, 300_000);
}
