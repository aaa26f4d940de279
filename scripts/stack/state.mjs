// The stack's memory between runs: passwords and keys. Only its owner can read it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackDir } from './paths.mjs';
import { Failure } from './report.mjs';

const path = join(stackDir, 'state.json');

/**
 * @typedef {object} State
 * @property {{postgres: string, odoo: string, gateway: string}} passwords of the database roles
 * @property {{admin: string, demo: string, bench: string}} keys Odoo API keys, the same in every database made here
 */

/** @returns {State | null} null before the first run */
export function readState() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw new Failure(`${path} can't be read: ${String(error)}`, {
      hint: 'Run `npm run stack -- reset` to start again.',
      cause: error,
    });
  }
}

/** @returns {State} */
export function ensureState() {
  const known = readState();
  if (known) return known;
  const secret = () => randomBytes(24).toString('base64url');
  const key = () => randomBytes(20).toString('hex'); // the format of Odoo's own: 40 hex characters
  const state = {
    passwords: { postgres: secret(), odoo: secret(), gateway: secret() },
    keys: { admin: key(), demo: key(), bench: key() },
  };
  writeState(state);
  return state;
}

/** @param {State} state */
function writeState(state) {
  mkdirSync(stackDir, { recursive: true });
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}
