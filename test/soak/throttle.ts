// The throttle over a long time: while a transaction of Odoo stays open, so that Postgres can't clear away the old versions of
// hot rows; and with a million subjects, none of which may remain in memory or in the table.

import { parseArgs } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { ConnectionPool } from '../../sidecar/src/db/pool.ts';
import { takeThrottle } from '../../sidecar/src/db/throttle.ts';
import { Throttle } from '../../sidecar/src/limits/throttle.ts';
import { report } from '../bench/harness.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, subjects: { type: 'string', default: '1000000' } },
});
const callers = 1_000;
const limits = { minute: 1_000_000_000, hour: 1_000_000_000, day: 1_000_000_000 };
const figures: Record<string, number> = {};
const ratios: Record<string, number> = {};

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const pool = new ConnectionPool(gateway.sidecarDatabaseUrl, 10, pino({ level: 'silent' }));
const throttle = new Throttle({ take: (asks) => takeThrottle(pool, asks), trustsMemory: () => false });
try {
  await oldTransaction(gateway, 1, Number(options.seconds));
  await manySubjects(gateway, Number(options.subjects));
  report('throttle', figures, ratios);
} finally {
  await pool.end();
  await gateway.close();
}

/** Compares the rate in the last tenth of the time with the rate before the transaction was opened. */
async function oldTransaction({ databaseUrl }: Instance, subjects: number, seconds: number): Promise<void> {
  await decide(subjects, 2);
  const before = await decide(subjects, 5);
  const odoo = new pg.Client({ connectionString: databaseUrl });
  await odoo.connect();
  await odoo.query('begin isolation level repeatable read');
  await odoo.query('select count(*) from gateway.throttle');
  let after = 0;
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    after = await decide(subjects, seconds / 10);
    say(
      `  ${subjects} subject(s), ${Math.round((tenth * seconds) / 10)} s: ${Math.round(after)}/s, ${Math.round(before)}/s before`,
    );
  }
  await odoo.query('rollback');
  await odoo.end();
  figures[`held_before_${subjects}_rps`] = before;
  figures[`held_after_${subjects}_rps`] = after;
  ratios[`held_${subjects}`] = after / before;
}

async function decide(subjects: number, seconds: number): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;
  let asked = 0;
  const call = async () => {
    while (performance.now() < endsAt) {
      asked += 1;
      await throttle.take(`user:${asked % subjects}`, limits);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return (asked * 1_000) / (performance.now() - startedAt);
}

async function manySubjects(instance: Instance, subjects: number): Promise<void> {
  const heap: number[] = [];
  const share = subjects / 10;
  for (let tenth = 0; tenth < 10; tenth += 1) {
    for (let from = tenth * share; from < (tenth + 1) * share; from += callers) {
      await Promise.all(Array.from({ length: callers }, (_, i) => throttle.take(`address:${from + i}`, limits)));
    }
    // Their windows end, and Odoo's cron runs.
    await instance.sql(
      `update gateway.throttle set minute_start = '-infinity', hour_start = '-infinity', day_start = '-infinity'`,
    );
    for (let gone = 1; gone > 0; ) {
      [{ gone } = { gone: 0 }] = await instance.sql<{ gone: number }>('select gateway.clean_throttles(20000) as gone');
    }
    await instance.sql('vacuum gateway.throttle');
    globalThis.gc?.();
    heap.push(process.memoryUsage().heapUsed / 1_048_576);
    say(`  ${(tenth + 1) * share} subjects: heap ${heap.at(-1)?.toFixed(1)} MiB, ${throttle.subjectsInMemory} in memory`);
  }
  const [table] = await instance.sql<{ rows: string; bytes: string }>(
    `select (select count(*) from gateway.throttle) as rows, pg_total_relation_size('gateway.throttle') as bytes`,
  );
  figures['subjects'] = subjects;
  figures['subjects_in_memory'] = throttle.subjectsInMemory;
  figures['heap_after_a_tenth_mib'] = heap[1] ?? 0;
  figures['heap_at_the_end_mib'] = heap.at(-1) ?? 0;
  figures['rows_left'] = Number(table?.rows);
  figures['table_mib'] = Number(table?.bytes) / 1_048_576;
}
