// npm test: all tests, against real servers. Runs on a fresh clone with nothing installed, on Node 20 and newer.
//
//   npm test                      all parts
//   npm test -- http              one part (several may be named)
//   npm test -- http throttle     one part, only the test files whose name has "throttle"
//
// The parts are in scripts/test/parts.mjs. Logs and reports are left in test-results/.

import { argv, exit } from 'node:process';
import { ensureNpmPackages } from './stack/npm_packages.mjs';
import { explain } from './stack/report.mjs';

try {
  await ensureNpmPackages();
} catch (error) {
  explain(error);
  exit(1);
}
const { runParts } = await import('./test/run_parts.mjs');
exit(await runParts(argv.slice(2)));
