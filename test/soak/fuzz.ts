// schemathesis over the whole document of an administrator and of a user with few rights, in all of its phases.
//
//   npm run soak -- fuzz [--minutes 20] [--seed 7] [--models 'sale.*,stock.*']

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { fuzz } from '../helpers/fuzz.ts';
import { createInstance } from '../helpers/instance.ts';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, seed: { type: 'string' }, models: { type: 'string' } },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000);
const figures: Record<string, number> = {};
say(`seed ${seed}`);

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
let failed = 0;
try {
  for (const caller of ['admin', 'demo'] as const) {
    const found = await fuzz(gateway, {
      key: gateway.keys[caller],
      query: options.models === undefined ? '' : `?models=${encodeURIComponent(options.models)}`,
      tags: '.*',
      phases: ['examples', 'coverage', 'fuzzing', 'stateful'],
      examples: 100,
      seconds: (Number(options.minutes) * 60) / 2,
      seed,
    });
    figures[`${caller}_operations`] = found.operations;
    figures[`${caller}_requests`] = found.requests;
    figures[`${caller}_failures`] = found.failures.length;
    failed += found.failures.length;
    for (const failure of found.failures) say(failure);
  }
} finally {
  await gateway.close();
}
report('fuzz', figures, {});
if (failed > 0) process.exitCode = 1;
