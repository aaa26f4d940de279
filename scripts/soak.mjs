// npm run soak -- [name] [--json]: checks that take too long for `npm test`, such as a million requests or half an hour.
//
// Without a name: the list. A soak is test/soak/<name>.ts; its last line on stdout is one object {name, figures: {label: number},
// ratios: {label: number}}; it exits with 1 if the check fails.

import { ensureSystem } from './stack/system.mjs';
import { runByName } from './test/run_by_name.mjs';

await runByName({ kind: 'soak', prepare: () => ensureSystem(['bench']) });
