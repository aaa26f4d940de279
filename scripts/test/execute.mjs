// Runs a command for a check. Its exit code and output are the result; a non-zero exit code is not an error here.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rootDir } from '../stack/paths.mjs';
import { nodeBin } from '../stack/sidecar.mjs';

export const resultsDir = join(rootDir, 'test-results');

/**
 * @typedef {object} Executed
 * @property {number} code 0: success @property {string} output stdout and stderr, in the order written
 * @property {number} ms
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string | undefined>, log: string, limitMs?: number, onLine?: (line: string) => void}} options
 * @returns {Promise<Executed>}
 */
export function execute(command, args, options) {
  const { log, limitMs = 30 * 60_000 } = options;
  mkdirSync(dirname(log), { recursive: true });
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const file = createWriteStream(log, { flags: 'a' });
    file.write(`$ ${[command, ...args].join(' ')}\n`);
    const child = spawn(command, args, {
      cwd: options.cwd ?? rootDir,
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let rest = '';
    const take = (/** @type {string} */ chunk) => {
      output += chunk;
      file.write(chunk);
      if (!options.onLine) return;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const limit = setTimeout(() => {
      take(`\nStopped: it ran longer than ${limitMs / 60_000} minutes.\n`);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, limitMs);
    const end = (/** @type {number} */ code) => {
      clearTimeout(limit);
      file.end();
      resolve({ code, output, ms: performance.now() - startedAt });
    };
    child.on('error', (error) => {
      take(`${error.message}\n`);
      end(127);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

/**
 * Runs a program of an npm package on Node 24.
 * @param {string} file path in node_modules
 * @param {string[]} args
 * @param {Parameters<typeof execute>[2]} options
 */
export const executeNode = (file, args, options) => execute(nodeBin(), [join(rootDir, 'node_modules', file), ...args], options);
