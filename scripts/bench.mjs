// npm run bench -- [name] [--json]: measures the gateway against a competitor on the same machine, alternating, under the same
// load.
//
// Without a name: the list. A bench is test/bench/<name>.ts; its last line on stdout is one object
// {name, figures: {label: number}, ratios: {label: number}}. Each ratio is our figure divided by the competitor's.

import { ensureSystem } from './stack/system.mjs';
import { runByName } from './test/run_by_name.mjs';

await runByName({ kind: 'bench', notes: ['harness.ts', 'without_recording.ts'], prepare: () => ensureSystem(['bench']) });
