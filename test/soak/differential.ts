// 20,000 random requests: the answers of Odoo and of compiled statements are compared with those of the ORM for the user; see
// test/differential/run.ts.
//
//   npm run soak -- differential [--cases 20000] [--seed 7] [--minutes 120] [--at-once 32] [--again 50] [--variants 8]
//   npm run soak -- differential --seed 7 --case 4711     one of them again
//   npm run soak -- differential --apps account,stock     in a database with these apps, too

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { runDifferential } from '../differential/run.ts';
import { templateWith } from '../helpers/apps.ts';
import { createInstance } from '../helpers/instance.ts';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '120' },
    case: { type: 'string' },
    again: { type: 'string', default: '50' },
    variants: { type: 'string', default: '8' },
    sidecars: { type: 'string', default: '3' },
    apps: { type: 'string' },
    'at-once': { type: 'string', default: '32' },
  },
});
const seed = Number(options.seed);
const real = { ...(await provideRealParts()), sharedOdooUrl: null };
if (options.apps !== undefined) real.template = await templateWith(options.apps.split(','), real);
const gateway = await createInstance(real);
try {
  say(`  seed ${seed}`);
  const startedAt = performance.now();
  const { differences, notCompiled, ...counts } = await runDifferential(gateway, real, {
    seed,
    cases: Number(options.cases),
    atOnce: Number(options['at-once']),
    again: Number(options.again),
    variants: Number(options.variants),
    sidecars: Number(options.sidecars),
    minutes: Number(options.minutes),
    ...(options.case === undefined ? {} : { only: Number(options.case) }),
    say,
  });
  for (const [why, requests] of Object.entries(notCompiled)) say(`  ${requests} not compiled: ${why}`);
  if (differences.length > 0) process.exitCode = 1;
  const seconds = (performance.now() - startedAt) / 1_000;
  report('differential', { seed, ...counts, differences: differences.length, seconds }, {});
} finally {
  await gateway.close();
}
