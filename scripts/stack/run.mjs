// Runs a command to its end and collects its output. If it fails, the error contains the last lines.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure } from './report.mjs';

const tailLines = 25;

/** Commands that are running. They end with this process. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill();
});

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to this process's environment
 * @property {{uid: number, gid: number}} [as] run as this user (needs root)
 * @property {string} [input] written to its stdin
 * @property {string} [log] file that gets all it prints
 * @property {string} [doing] what it is for, in words, for the error message
 * @property {string} [hint] what to do when it fails
 * @property {(line: string) => void} [onLine] called with each line it prints
 * @property {AbortSignal} [signal] ends the command when it fires
 * @property {(percent: number, text: string) => void} [onAptProgress] reads apt's status lines from descriptor 3
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} what it wrote to stdout
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? (options.as ? '/' : undefined),
      env: { ...process.env, ...options.env },
      ...(options.as ?? {}),
      signal: options.signal,
      stdio: ['pipe', 'pipe', 'pipe', options.onAptProgress ? 'pipe' : 'ignore'],
    });
    children.add(child);
    if (options.log) mkdirSync(dirname(options.log), { recursive: true });
    const log = options.log ? createWriteStream(options.log, { flags: 'a', mode: 0o600 }) : null;
    let stdout = '';
    /** @type {string[]} */
    let tail = [];
    const keep = (/** @type {string} */ line) => {
      tail.push(line);
      if (tail.length > tailLines * 2) tail = tail.slice(-tailLines);
      options.onLine?.(line);
    };
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      log?.write(chunk);
    });
    child.stderr?.on('data', (chunk) => log?.write(chunk));
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', keep);
    if (options.onAptProgress)
      readAptStatus(/** @type {import('node:stream').Readable} */ (child.stdio[3]), options.onAptProgress);
    child.stdin?.on('error', () => {}); // it may end without reading its input; the exit code shows whether that is an error
    child.stdin?.end(options.input ?? '');

    const fail = (/** @type {string} */ how, /** @type {unknown} */ cause) => {
      children.delete(child);
      log?.end();
      const hint = options.hint;
      reject(
        new Failure(`${options.doing ?? command} failed: ${how}.`, {
          tail: tail.slice(-tailLines).join('\n'),
          log: options.log,
          hint,
          cause,
        }),
      );
    };
    child.on('error', (error) => fail(error.message, error));
    child.on('close', (code, signal) => {
      if (code !== 0) return fail(signal ? `${command} was ended by ${signal}` : `${command} ended with code ${code}`, undefined);
      children.delete(child);
      log?.end();
      resolve(stdout);
    });
  });
}

/**
 * apt's status lines: `dlstatus:<n>:<percent>:<text>` and `pmstatus:<package>:<percent>:<text>`.
 * @param {import('node:stream').Readable} stream
 * @param {(percent: number, text: string) => void} onProgress
 */
function readAptStatus(stream, onProgress) {
  createInterface({ input: stream }).on('line', (line) => {
    const match = /^(dlstatus|pmstatus):[^:]*:([\d.]+):(.*)$/.exec(line);
    if (match?.[2] && match[3]) onProgress(Number(match[2]), match[3]);
  });
}
