// The parts of `npm test`, in the order they run. The parts of a lane run in sequence; the lanes run concurrently.

import { join } from 'node:path';
import { runAddonTests } from './addon.mjs';
import { runChecks } from './checks.mjs';
import { checkDeployment } from './deploy.mjs';
import { execute, executeNode } from './execute.mjs';
import { checkImports, checkSql, trees } from './imports.mjs';
import { pythonTools } from './python_tools.mjs';
import { runVitest } from './vitest.mjs';
import { checkAllWords } from './words.mjs';

const pythonDir = 'odoo_addon';
const stackPython = 'scripts/stack';

/**
 * @typedef {object} Run
 * @property {string} log file for all that is printed
 * @property {string[]} filters the arguments after the part's name
 * @property {(line: string) => void} onLine shows progress
 *
 * @typedef {object} Part
 * @property {string} name
 * @property {'static' | 'http' | 'odoo'} lane all but the static one work on the template database
 * @property {(run: Run) => Promise<import('./checks.mjs').Result>} run
 */

/** @type {Part[]} */
export const parts = [
  { name: 'format', lane: 'static', run: checkFormat },
  { name: 'lint', lane: 'static', run: lint },
  { name: 'types', lane: 'static', run: checkTypes },
  { name: 'imports', lane: 'static', run: async () => runChecks([...trees.map(importCheck), sqlCheck, wordsCheck]) },
  { name: 'unit', lane: 'static', run: ({ log, filters, onLine }) => runVitest('unit', filters, log, onLine) },
  { name: 'deploy', lane: 'static', run: ({ log }) => checkDeployment(log) },
  { name: 'upgrade', lane: 'static', run: ({ log, filters, onLine }) => runVitest('upgrade', filters, log, onLine) },
  { name: 'addon', lane: 'odoo', run: ({ log, filters, onLine }) => runAddonTests(filters, log, onLine) },
  { name: 'http', lane: 'http', run: ({ log, filters, onLine }) => runVitest('http', filters, log, onLine) },
  { name: 'openapi', lane: 'odoo', run: ({ log, filters, onLine }) => runVitest('openapi', filters, log, onLine) },
  { name: 'differential', lane: 'odoo', run: ({ log, filters, onLine }) => runVitest('differential', filters, log, onLine) },
  { name: 'e2e', lane: 'odoo', run: ({ log, filters, onLine }) => runVitest('e2e', filters, log, onLine) },
];

/** @param {Run} run */
async function checkFormat({ log }) {
  const ruff = join(await pythonTools(log), 'ruff');
  return runChecks([
    { name: 'biome format', run: () => executeNode('@biomejs/biome/bin/biome', ['format'], { log }) },
    { name: 'ruff format', run: () => execute(ruff, ['format', '--check', '--diff', pythonDir, stackPython], { log }) },
  ]);
}

/** @param {Run} run */
async function lint({ log }) {
  const bin = await pythonTools(log);
  const biome = ['check', '--formatter-enabled=false', '--error-on-warnings', '--max-diagnostics=100'];
  return runChecks([
    { name: 'biome', run: () => executeNode('@biomejs/biome/bin/biome', biome, { log }) },
    {
      name: 'knip',
      run: () => executeNode('knip/bin/knip.js', ['--include', 'exports,files,types', '--no-config-hints'], { log }),
    },
    { name: 'ruff', run: () => execute(join(bin, 'ruff'), ['check', pythonDir, stackPython], { log }) },
    { name: 'pylint-odoo', run: () => execute(join(bin, 'pylint'), [join(pythonDir, 'api_gateway')], { log }) },
  ]);
}

/** @param {Run} run */
function checkTypes({ log }) {
  const projects = ['tsconfig.json', 'web_src/tsconfig.json', 'sidecar/docs_page/tsconfig.json', 'scripts/tsconfig.json'];
  return runChecks(
    projects.map((project) => ({
      name: project,
      run: () => executeNode('typescript/bin/tsc', ['--project', project], { log }),
    })),
  );
}

/** @type {import('./checks.mjs').Check} */
const sqlCheck = {
  name: 'sql',
  run: async () => {
    const faults = checkSql();
    return { code: faults.length === 0 ? 0 : 1, output: faults.join('\n') };
  },
};

/** @type {import('./checks.mjs').Check} */
const wordsCheck = {
  name: 'words',
  run: async () => {
    const { files, faults } = checkAllWords();
    if (files === 0) return { code: 1, output: 'No text found to read.' };
    return { code: faults.length === 0 ? 0 : 1, output: faults.join('\n') };
  },
};

/** @param {import('./imports.mjs').Tree} tree @returns {import('./checks.mjs').Check} */
function importCheck(tree) {
  return {
    name: tree.name,
    run: async () => {
      const { imports, faults } = checkImports(tree);
      // A scan that found no imports would always pass.
      if (imports === 0) return { code: 1, output: `No import found in ${tree.dir}.` };
      return { code: faults.length === 0 ? 0 : 1, output: faults.join('\n') };
    },
  };
}
