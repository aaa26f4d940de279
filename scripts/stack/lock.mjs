// A lock between processes: a file that names its owner. If the owner has died, the lock counts as free.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, startTimeOf } from './proc.mjs';
import { Failure, say } from './report.mjs';

const giveUpAfterMs = 30 * 60_000;

/** Within this process: the last in the queue for each lock. @type {Map<string, Promise<unknown>>} */
const lines = new Map();

/**
 * Runs `work` while holding the lock file at `path`; waits for its turn.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work must not ask for the same lock
 * @returns {Promise<T>}
 */
export function withLock(path, work) {
  const turn = (lines.get(path) ?? Promise.resolve()).then(() => holding(path, work));
  lines.set(
    path,
    turn.catch(() => {}),
  );
  return turn;
}

/**
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function holding(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  try {
    await acquire(path, mine);
  } finally {
    rmSync(mine, { force: true });
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @param {string} path @param {string} mine */
async function acquire(path, mine) {
  const startedAt = Date.now();
  let announced = false;
  for (;;) {
    try {
      linkSync(mine, path); // atomic and complete from the start: no reader ever sees an empty file
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(path);
    if (owner && !isAlive(owner.pid, owner.startTime)) {
      discardStale(path, owner.pid);
      continue;
    }
    if (owner && !announced) {
      say(` another run (process ${owner.pid}) is working on it: waiting for it to end`);
      announced = true;
    }
    if (Date.now() - startedAt > giveUpAfterMs) {
      throw new Failure(`Process ${owner?.pid} has held ${path} for too long.`, {
        hint: 'End that process, then run this again.',
      });
    }
    await delay(200);
  }
}

/** @param {string} path @returns {{pid: number, startTime: string} | null} */
function readOwner(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null; // it has just been released
  }
}

/**
 * Two waiters may see the same dead owner. Renaming is atomic: one of them gets the stale file, and a waiter that gets a new one
 * instead puts it back.
 * @param {string} path @param {number} deadPid
 */
function discardStale(path, deadPid) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readOwner(aside)?.pid !== deadPid) linkSync(aside, path);
  } catch {
    // another waiter was faster
  }
  rmSync(aside, { force: true });
}
