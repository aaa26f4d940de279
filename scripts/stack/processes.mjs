// Odoo and sidecar processes: started in a group of their own, recorded, stopped by recorded id only.
//
// A record names its owner: the process that will stop it, or null if it runs in the background.
// The next run stops processes that a dead owner has left running.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { logDir, stackDir } from './paths.mjs';
import { groupMembers, isAlive, startTimeOf } from './proc.mjs';
import { Failure } from './report.mjs';

const recordDir = join(stackDir, 'run');
const stopMs = 20_000;

/** Set when this process is stopping. After that, it starts nothing. */
let stopping = false;

/**
 * @typedef {object} ProcessRecord
 * @property {string} name
 * @property {number} pid also the id of its process group
 * @property {string} startTime
 * @property {string} marker part of the command line of every process of the group
 * @property {string} url
 * @property {number[]} ports that it listens on
 * @property {string} log
 * @property {string} fingerprint of all that it was started with
 * @property {{pid: number, startTime: string} | null} owner null: it runs in the background
 */

/**
 * @typedef {object} RunningProcess
 * @property {string} url
 * @property {number} pid
 * @property {string} log
 * @property {() => Promise<void>} stop asks it to end, and kills it when it does not
 * @property {(signal: NodeJS.Signals) => void} kill sends a signal to it and its children
 * @property {Promise<void>} exited
 */

/**
 * @typedef {object} Launch
 * @property {string} name unique in the stack
 * @property {string} command
 * @property {string[]} args
 * @property {Record<string, string | undefined>} env added to this process's environment
 * @property {string} marker
 * @property {string} url
 * @property {number[]} ports
 * @property {string[]} ready URLs that answer 200 once it serves
 * @property {Record<string, string>} [readyHeaders] sent to them
 * @property {string} [log]
 * @property {string} [fingerprint]
 * @property {boolean} [background] survives this process
 * @property {number} [readyTimeoutMs]
 */

/**
 * Starts a process and waits until it serves.
 * @param {Launch} launch
 * @returns {Promise<RunningProcess>}
 */
export async function launch(launch) {
  if (stopping) throw new Failure(`${launch.name} is not started: this run is being stopped.`);
  const log = launch.log ?? join(logDir, `${launch.name}.log`);
  mkdirSync(logDir, { recursive: true });
  mkdirSync(recordDir, { recursive: true });
  const output = openSync(log, 'a', 0o600);
  const logStart = statSync(log).size;
  const child = spawn(launch.command, launch.args, {
    env: { ...process.env, ...launch.env },
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  const exited = new Promise((/** @type {(value: void) => void} */ resolve) => child.once('exit', () => resolve()));
  const spawned = new Promise((resolve, reject) => child.once('spawn', () => resolve(undefined)).once('error', reject));
  await spawned.catch((error) => {
    throw new Failure(`${launch.name} could not be started: ${error.message}.`, { cause: error });
  });
  if (launch.background) child.unref();
  const pid = /** @type {number} */ (child.pid);
  /** @type {ProcessRecord} */
  const record = {
    name: launch.name,
    pid,
    startTime: startTimeOf(pid),
    marker: launch.marker,
    url: launch.url,
    ports: launch.ports,
    log,
    fingerprint: launch.fingerprint ?? '',
    owner: launch.background ? null : { pid: process.pid, startTime: startTimeOf(process.pid) },
  };
  writeRecord(record);
  await untilReady(record, launch, logStart);
  return {
    url: launch.url,
    pid,
    log,
    exited,
    stop: () => stopRecorded(record),
    kill: (signal) => {
      if (isAlive(record.pid, record.startTime)) process.kill(-record.pid, signal);
    },
  };
}

/** @param {ProcessRecord} record @param {Launch} launch @param {number} logStart */
async function untilReady(record, launch, logStart) {
  const timeoutMs = launch.readyTimeoutMs ?? 300_000;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if ((await Promise.all(launch.ready.map((address) => answers(address, launch.readyHeaders)))).every(Boolean)) return;
    const ended = !isRunning(record);
    if (ended || Date.now() > deadline) {
      await stopRecorded(record);
      const tail = readFileSync(record.log).subarray(logStart).toString().trim().split('\n').slice(-25).join('\n');
      throw new Failure(
        ended ? `${record.name} ended right after its start.` : `${record.name} did not answer within ${timeoutMs / 1000} s.`,
        {
          tail,
          log: record.log,
          hint: 'The log above says why. Fix it, then run this again.',
        },
      );
    }
    await delay(100);
  }
}

/** True when the address answers 200. @param {string} address @param {Record<string, string>} [headers] */
export async function answers(address, headers = {}) {
  try {
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(5000), redirect: 'manual' });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** @param {ProcessRecord} record */
export const isRunning = (record) => isAlive(record.pid, record.startTime);

/** @param {string} name @returns {ProcessRecord | null} */
export function readRecord(name) {
  try {
    return JSON.parse(readFileSync(recordPath(name), 'utf8'));
  } catch {
    return null;
  }
}

/** True if its owner has ended without stopping it. @param {ProcessRecord} record */
const isOrphan = (record) => record.owner !== null && !isAlive(record.owner.pid, record.owner.startTime);

/** Stops processes whose owners have died, and leftovers of killed processes. */
export async function stopOrphans() {
  await Promise.all(
    allRecords()
      .filter((record) => !isRunning(record) || isOrphan(record))
      .map(stopRecorded),
  );
}

/** Stops all processes that this process has started and not stopped yet. */
export async function stopOwn() {
  stopping = true;
  await Promise.all(
    allRecords()
      .filter((record) => record.owner?.pid === process.pid)
      .map(stopRecorded),
  );
}

/** @returns {ProcessRecord[]} */
export function allRecords() {
  try {
    const names = readdirSync(recordDir).filter((file) => file.endsWith('.json'));
    return names.map((file) => readRecord(file.slice(0, -'.json'.length))).filter((record) => record !== null);
  } catch {
    return []; // nothing was ever started
  }
}

/**
 * Ends a process and its children, and deletes its record.
 * @param {ProcessRecord} record
 */
export async function stopRecorded(record) {
  const deadline = Date.now() + stopMs;
  if (isRunning(record)) process.kill(record.pid, 'SIGTERM');
  while (isRunning(record) && Date.now() < deadline) await delay(50);
  if (isRunning(record)) process.kill(-record.pid, 'SIGKILL');
  // Workers outlive a killed leader for some seconds and keep its port.
  for (;;) {
    const members = groupMembers(record.pid, record.marker);
    if (members.length === 0) break;
    for (const pid of members) tryKill(pid);
    await delay(50);
  }
  if (readRecord(record.name)?.pid === record.pid) rmSync(recordPath(record.name), { force: true });
}

/** @param {number} pid */
function tryKill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has just ended
  }
}

/** @param {string} name */
const recordPath = (name) => join(recordDir, `${name}.json`);

/** @param {ProcessRecord} record */
function writeRecord(record) {
  const next = `${recordPath(record.name)}.${process.pid}`;
  writeFileSync(next, JSON.stringify(record), { mode: 0o600 });
  renameSync(next, recordPath(record.name));
}
