// A hash of files, to decide whether something must be built again.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * @param {string[]} paths files or folders; those that don't exist count as empty
 * @param {string[]} [without] names of files and folders to leave out
 * @returns {string} 16 hex characters
 */
export function fingerprint(paths, without = []) {
  const skipped = new Set(['__pycache__', 'node_modules', ...without]);
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(path, skipped))
      hash
        .update(`${relative(path, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
    hash.update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} path @param {Set<string>} skipped @returns {string[]} */
function filesBelow(path, skipped) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesBelow(join(path, entry.name), skipped));
}

/** @param {unknown} value */
export function hashOf(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
