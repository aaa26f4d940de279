// npm run format: runs the formatters and the safe fixes of the linters.

import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { say } from './stack/report.mjs';
import { execute, executeNode, resultsDir } from './test/execute.mjs';
import { pythonTools } from './test/python_tools.mjs';

const log = join(resultsDir, 'format.log');
const only = argv.slice(2);
const of = (/** @type {string} */ extension) => only.filter((path) => path.endsWith(extension));

const runs = [];
if (only.length === 0 || of('.py').length < only.length) {
  const paths = only.filter((path) => !path.endsWith('.py'));
  runs.push(await executeNode('@biomejs/biome/bin/biome', ['check', '--write', '--error-on-warnings', ...paths], { log }));
}
if (only.length === 0 || of('.py').length > 0) {
  const ruff = join(await pythonTools(log), 'ruff');
  const paths = only.length === 0 ? ['odoo_addon', 'scripts'] : of('.py');
  runs.push(await execute(ruff, ['check', '--fix', ...paths], { log }), await execute(ruff, ['format', ...paths], { log }));
}
for (const { output } of runs) say(output.trim());
exit(runs.every(({ code }) => code === 0) ? 0 : 1);
