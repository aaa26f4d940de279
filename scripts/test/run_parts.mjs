// Runs parts, shows their progress, and summarizes them in the last line.

import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stopIdleCluster } from '../stack/instance.mjs';
import { leaveMemory } from '../stack/memory.mjs';
import { rootDir } from '../stack/paths.mjs';
import { stopOrphans } from '../stack/processes.mjs';
import { Failure, say } from '../stack/report.mjs';
import { resultsDir } from './execute.mjs';
import { parts } from './parts.mjs';
import { provideRealParts } from './real_parts.mjs';

const aliveEveryMs = 30_000;

/** @typedef {import('./parts.mjs').Part} Part */
/** @typedef {import('./checks.mjs').Result} Result */

/**
 * @param {string[]} args names of parts, then filters
 * @returns {Promise<number>} the exit code
 */
export async function runParts(args) {
  const names = parts.map(({ name }) => name);
  const wanted = args.filter(
    (arg, index) => names.includes(arg) && args.slice(0, index).every((before) => names.includes(before)),
  );
  const filters = args.slice(wanted.length);
  if (filters.length > 0 && wanted.length !== 1) {
    say(`Unknown part: ${filters[0]}. There are: ${names.join(', ')}.`);
    return 2;
  }
  const chosen = parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  mkdirSync(resultsDir, { recursive: true });

  const startedAt = performance.now();
  const lanes = [...new Set(chosen.map(({ lane }) => lane))];
  const provided = lanes.some((lane) => lane !== 'static') ? provideRealParts({ inMemory: true }) : undefined;
  const results = await Promise.all(
    lanes.map((name) => {
      const lane = chosen.filter((part) => part.lane === name);
      return runLane(lane, filters, name === 'static' ? undefined : provided);
    }),
  ).finally(() => leaveNothingRunning(provided));
  const total = results.flat().reduce(
    (sum, result) => ({
      passed: sum.passed + result.passed,
      failed: sum.failed + result.failed,
      skipped: sum.skipped + result.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
  say(
    `\n${chosen.length} ${chosen.length === 1 ? 'part' : 'parts'} in ${seconds(startedAt)}, logs in ${relative(rootDir, resultsDir)}/`,
  );
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

/** @param {Part[]} lane @param {string[]} filters @param {Promise<unknown> | undefined} provided @returns {Promise<Result[]>} */
async function runLane(lane, filters, provided) {
  try {
    await provided;
  } catch (error) {
    const names = lane.map(({ name }) => name).join(', ');
    say(`✗ ${names}: Postgres and Odoo could not be provided\n${indent(text(error))}`);
    return lane.map(() => ({ passed: 0, failed: 1, skipped: 0, problems: [] }));
  }
  /** @type {Result[]} */
  const results = [];
  for (const part of lane) results.push(await runPart(part, filters));
  return results;
}

/**
 * A killed part leaves the servers that it started, and both lanes use the cluster.
 * @param {ReturnType<typeof provideRealParts> | undefined} provided
 */
async function leaveNothingRunning(provided) {
  await stopOrphans();
  const real = await provided?.catch(() => undefined);
  if (real) await leaveMemory(real.parts.cluster);
  await stopIdleCluster();
}

/** @param {Part} part @param {string[]} filters @returns {Promise<Result>} */
async function runPart(part, filters) {
  const startedAt = performance.now();
  const log = join(resultsDir, `${part.name}.log`);
  rmSync(log, { force: true });
  say(`▶ ${part.name}`);
  let lastLine = '';
  const alive = setInterval(() => say(`  … ${part.name} ${seconds(startedAt)}${lastLine}`), aliveEveryMs);
  const onLine = (/** @type {string} */ line) => {
    if (line.trim()) lastLine = `: ${line.trim().slice(0, 100)}`;
  };
  const result = await part.run({ log, filters, onLine }).catch((error) => failedWith(error));
  clearInterval(alive);
  if (result.passed + result.failed === 0) {
    result.failed = 1;
    result.problems.push('It ran no test.');
  }
  const counts = [
    `${result.passed} passed`,
    result.failed && `${result.failed} failed`,
    result.skipped && `${result.skipped} skipped`,
  ];
  say(`${result.failed === 0 ? '✓' : '✗'} ${part.name.padEnd(8)} ${counts.filter(Boolean).join(', ')}  ${seconds(startedAt)}`);
  for (const problem of result.problems) say(indent(problem));
  return result;
}

/** @param {unknown} error @returns {Result} */
function failedWith(error) {
  return { passed: 0, failed: 1, skipped: 0, problems: [text(error)] };
}

/** @param {unknown} error */
function text(error) {
  if (error instanceof Failure) return [error.message, error.tail, error.hint].filter(Boolean).join('\n');
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** @param {string} lines */
const indent = (lines) => lines.replace(/^/gm, '    ');
