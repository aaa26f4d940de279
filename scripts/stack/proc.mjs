// Identifies processes. The process id by itself is not enough, because the kernel reuses it.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const hasProc = process.platform === 'linux';

/**
 * When a process started, as a string that is equal only for the same process; '' if there is none.
 * @param {number} pid
 */
export function startTimeOf(pid) {
  if (!hasProc) return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  const fields = statFields(pid);
  return fields && fields[0] !== 'Z' ? (fields[19] ?? '') : ''; // a zombie has ended; its parent just has not noticed
}

/**
 * The fields of /proc/<pid>/stat after the command name (which may contain spaces): state, ppid, pgrp, session, …
 * @param {number} pid
 */
function statFields(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** @param {number} pid @param {string} startTime as `startTimeOf` returned it */
export function isAlive(pid, startTime) {
  return startTime !== '' && startTimeOf(pid) === startTime;
}

/**
 * The words of a process's command line, each ended by a NUL; '' if there is no such process or it has ended.
 * @param {number} pid
 */
export function commandLineOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Members of a process group whose command line names `marker`: leftovers of a killed leader.
 * @param {number} group @param {string} marker
 * @returns {number[]}
 */
export function groupMembers(group, marker) {
  if (!hasProc) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = statFields(pid);
      if (!fields || fields[0] === 'Z' || Number(fields[2]) !== group) return false;
      return commandLineOf(pid).includes(marker);
    });
}
