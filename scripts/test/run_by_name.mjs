// Runs test/<kind>/<name>.ts on Node 24; the common part of `npm run bench` and `npm run soak`.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureNpmPackages } from '../stack/npm_packages.mjs';
import { rootDir } from '../stack/paths.mjs';
import { explain, say } from '../stack/report.mjs';
import { nodeBin } from '../stack/sidecar.mjs';

/** @typedef {{name: string, figures: Record<string, number>, ratios: Record<string, number>}} Outcome */

/**
 * @param {{kind: 'bench' | 'soak', notes?: string[], prepare: () => Promise<void>}} options
 *   notes: files in the folder that cannot be run themselves
 */
export async function runByName({ kind, notes = [], prepare }) {
  const words = process.argv.slice(2);
  const [name, ...others] = words.filter((word) => word !== '--json');
  const names = namesIn(join(rootDir, 'test', kind), notes);
  if (name === undefined || !names.includes(name)) {
    if (name !== undefined) say(`There is no ${kind} "${name}".`);
    say(names.length > 0 ? `npm run ${kind} -- <name>, one of: ${names.join(', ')}` : `There is no ${kind} yet.`);
    process.exitCode = name === undefined ? 0 : 2;
    return;
  }
  try {
    await ensureNpmPackages();
    await prepare();
  } catch (error) {
    explain(error);
    process.exitCode = 1;
    return;
  }
  const { code, output } = await runFile(`test/${kind}/${name}.ts`, others);
  const lastLine = output.trim().split('\n').at(-1) ?? '';
  process.exitCode = code;
  if (words.includes('--json')) console.log(lastLine);
  else if (lastLine.startsWith('{')) print(JSON.parse(lastLine));
}

/** @param {string} dir @param {string[]} notes */
function namesIn(dir, notes) {
  try {
    return readdirSync(dir).flatMap((file) => (file.endsWith('.ts') && !notes.includes(file) ? [file.slice(0, -3)] : []));
  } catch {
    return [];
  }
}

/** @param {string} file path in the repository @param {string[]} args @returns {Promise<{code: number, output: string}>} */
export function runFile(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodeBin(), [join(rootDir, file), ...args], { cwd: rootDir, stdio: ['ignore', 'pipe', 'inherit'] });
    // Ctrl-C also reaches the child directly: the child stops what it started, then this process ends.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** @param {Outcome} outcome */
function print({ name, figures, ratios }) {
  const width = Math.max(...Object.keys({ ...figures, ...ratios }).map((label) => label.length));
  console.log(`\n${name}`);
  for (const [label, value] of Object.entries(figures)) console.log(`  ${label.padEnd(width)}  ${value.toLocaleString('en')}`);
  for (const [label, value] of Object.entries(ratios)) console.log(`  ${label.padEnd(width)}  ${value.toFixed(2)} ×`);
}
