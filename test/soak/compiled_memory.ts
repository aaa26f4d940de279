// A flood of new kinds of reads: 100,000 shapes by 1,000 users. The memory for them is bounded, callers that repeat the same reads
// notice nothing, and compiling takes only a part of the time of one worker of Odoo.
//
//   npm run soak -- compiled_memory [--shapes 100000] [--users 1000]

import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { say } from '../../scripts/stack/report.mjs';
import { Compiler } from '../../sidecar/src/compiled/compiler.ts';
import type { Plan } from '../../sidecar/src/compiled/plan.ts';
import { readPlan } from '../../sidecar/src/compiled/plan.ts';
import { PlanCache, planKey } from '../../sidecar/src/compiled/plan_cache.ts';
import { shapeOf } from '../../sidecar/src/compiled/shape_key.ts';
import type { Operation } from '../../sidecar/src/executor/operations.ts';
import { report } from '../bench/harness.ts';

const { values: options } = parseArgs({
  options: { shapes: { type: 'string', default: '100000' }, users: { type: 'string', default: '1000' } },
});
const mebibyte = 1024 * 1024;
/** Twice the bound of the cache: once for the cache, and once for data that is still being processed. */
const mostGrowth = 96 * mebibyte;
const compileMs = 5;

const secret = createSecretKey(randomBytes(32));
const all = { scopes: null, models: null };
const search = (field: number): Operation => ({
  op: 'search',
  model: 'res.partner',
  domain: [[`x_field_${field}`, '=', 'a']],
  limit: 80,
  offset: 0,
});

/** A plan as large as that of a real list, parsed as the sidecar parses it. */
function planOf(uid: number, field: number): Plan {
  const plan = {
    uid,
    database: 'soak',
    text: `SELECT x_field_${field} FROM res_partner WHERE ${'"res_partner"."company_id" IN (1, 2) AND '.repeat(150)} TRUE`,
    parameters: [{ slot: 0, as: 'same' }],
    levels: [{ name: 'l0', model: 'res.partner', columns: [{ field: 'name', as: 'c0', form: 'plain' }] }],
    flat: true,
    omitted: [],
    fields: ['name'],
    languages: ['en-US'],
    next: null,
    count: null,
    versions: '1.1.1.1/1',
  };
  const text = JSON.stringify(plan);
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return readPlan({ plan_text: text, signature }, { uid, database: 'soak', secret }) as Plan;
}

const plans = new PlanCache();
const compiler = new Compiler(() => false);
const keyOf = (uid: number, field: number) => planKey(uid, all, {}, shapeOf(search(field))?.key ?? '');
const steady = keyOf(1, -1);
plans.begin(steady)(planOf(1, -1));

// Memory is measured after a garbage collection.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const before = heap();
const startedAt = performance.now();
const shapes = Number(options.shapes);
const lookups: number[] = [];
let most = 0;
let compiling = 0;
let misses = 0;
for (let i = 0; i < shapes; i += 1) {
  const uid = 2 + (i % Number(options.users));
  const key = keyOf(uid, i);
  if (plans.get(key) === undefined) {
    // Every plan is kept, as if each shape had been compiled. A real compiler pauses and would compile fewer.
    plans.begin(key)(planOf(uid, i));
    compiler.consider(`${key}?`, async () => {
      const from = performance.now();
      await delay(compileMs);
      compiling += performance.now() - from;
    });
  }
  const lookedUpAt = performance.now();
  if (plans.get(keyOf(1, -1)) === undefined) misses += 1;
  lookups.push(performance.now() - lookedUpAt);
  if (i % 20 === 19) await turn();
  if (i % 5_000 === 4_999) most = Math.max(most, heap() - before);
}
const elapsed = performance.now() - startedAt;
const p99 = lookups.sort((a, b) => a - b)[Math.floor(lookups.length * 0.99)] ?? 0;
say(
  `  ${shapes} shapes: heap + ${Math.round(most / mebibyte)} MiB at most, a known read is found within ${p99.toFixed(3)} ms (p99)`,
);
report(
  'compiled_memory',
  { shapes, heap_growth_mib: most / mebibyte, lookup_p99_ms: p99, steady_misses: misses, compiled: compiler.compiled },
  { share_of_a_worker: compiling / elapsed },
);
if (most > mostGrowth || misses > 0 || compiling / elapsed > 0.3) process.exitCode = 1;
