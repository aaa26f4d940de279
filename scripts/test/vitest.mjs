// A part that is a vitest project: counts come from its JSON report.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines } from './checks.mjs';
import { executeNode, resultsDir } from './execute.mjs';

/**
 * @typedef {{fullName: string, status: string}} Assertion
 * @typedef {{name: string, status: string, assertionResults: Assertion[]}} FileResult
 * @typedef {{numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: FileResult[]}} Report
 */

/**
 * @param {string} project
 * @param {string[]} filters names of files, or vitest's own options
 * @param {string} log
 * @param {(line: string) => void} onLine
 * @returns {Promise<import('./checks.mjs').Result>}
 */
export async function runVitest(project, filters, log, onLine) {
  const path = join(resultsDir, `${project}.json`);
  rmSync(path, { force: true });
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${path}`];
  const args = ['run', '--project', project, ...reporters, ...filters];
  const { code, output } = await executeNode('vitest/vitest.mjs', args, { log, onLine });
  const report = readReport(path);
  if (!report) return { passed: 0, failed: 1, skipped: 0, problems: [lastLines(output)] };

  // A file that can't be loaded counts as one failure, although it has no tests.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  const twins = repeatedNames(report);
  const problems = twins.map((name) => `Two tests are named "${name}": a report could not distinguish them.`);
  if (failed > 0 || code !== 0) problems.push(lastLines(output));
  return {
    passed: report.numPassedTests,
    failed: Math.max(failed, code === 0 ? 0 : 1) + twins.length,
    skipped: report.numPendingTests + report.numTodoTests,
    problems,
  };
}

/** @param {string} path @returns {Report | null} null if vitest exited before it wrote one */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {Report} report */
function repeatedNames({ testResults }) {
  return testResults.flatMap(({ assertionResults }) => {
    const names = assertionResults.map(({ fullName }) => fullName);
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  });
}
