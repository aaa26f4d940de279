// The change feed: from commit to delivery by long poll, one consumer's speed with a backlog, and the cost of capture in writes.
//
//   npm run bench -- sync [--backlog 100000] [--rounds 25]

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import { inShell, median, report } from './harness.ts';

const { values: options } = parseArgs({
  options: { backlog: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '25' } },
});
const backlog = Number(options.backlog);
const changes = 500;
const perSecond = 50;
const rounds = Number(options.rounds);

const real = await provideRealParts();
const gateway = await createInstance({ ...real, sharedOdooUrl: null });
const path = '/api/v1/res.partner/changes?fields=name,ref';
try {
  const capture = (await inShell({ parts: real.parts, database: gateway.database }, 'sync_capture.py', {
    BENCH_ROUNDS: String(rounds),
  })) as Record<string, number[]>;
  const { captured = [], uncaptured = [] } = capture;
  const captureRatio = median(captured.map((seconds, round) => seconds / (uncaptured[round] ?? Number.NaN)));
  say(
    `  capture: ${median(captured).toFixed(3)} s, without ${median(uncaptured).toFixed(3)} s, ratio ${captureRatio.toFixed(3)}`,
  );

  const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
  await gateway.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: model }] });
  const ids = await gateway.orm<number[]>('res.partner', 'create', {
    vals_list: Array.from({ length: changes }, (_, n) => ({ name: `Bench ${n}` })),
  });

  const seen = new Map<number, number>();
  let since = await begin();
  let writing = true;
  const polling = (async () => {
    while (writing || seen.size < changes) {
      const { upserts, next } = await ask(since, 'wait=5');
      const at = Date.now();
      for (const { id } of upserts) if (!seen.has(id)) seen.set(id, at);
      since = next;
    }
  })();
  const committed = (await inShell({ parts: real.parts, database: gateway.database }, 'webhook_changes.py', {
    BENCH_IDS: JSON.stringify(ids),
    BENCH_RATE: String(perSecond),
  })) as Record<string, number>;
  writing = false;
  await polling;
  const latencies = ids.map((id) => (seen.get(id) ?? Number.NaN) - (committed[id] ?? Number.NaN)).sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  say(`  commit to delivery: p50 ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms`);

  since = await begin();
  await gateway.sql(
    `insert into res_partner (name, complete_name, active, color, autopost_bills)
     select 'Backlog ' || n, 'Backlog ' || n, true, 0, 'ask' from generate_series(1, $1) n`,
    [backlog],
  );
  const startedAt = performance.now();
  let read = 0;
  for (let more = true; more; ) {
    const part = await ask(since, 'limit=1000');
    read += part.upserts.length;
    ({ next: since, more } = part);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  if (read !== backlog) throw new Error(`${read} of ${backlog} changes were read`);
  say(`  backlog: ${Math.round(backlog / seconds)} records/s`);

  report(
    'sync',
    { p50_ms: at(0.5), p99_ms: at(0.99), backlog, records_per_s: backlog / seconds, uncaptured_s: median(uncaptured) },
    { captured_vs_uncaptured: captureRatio },
  );
} finally {
  await gateway.close();
}

async function begin(): Promise<string> {
  return (await ask('new', '')).next;
}

async function ask(since: string, more: string): Promise<{ upserts: { id: number }[]; next: string; more: boolean }> {
  const answer = await gateway.get(`${path}&since=${since}&${more}`, { key: gateway.keys.admin });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 300)}`);
  return { upserts: answer.json.data.upserts, ...answer.json.meta };
}
