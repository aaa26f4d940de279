// Folders of Python packages that are installed once and shared by all clones.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../stack/lock.mjs';
import { cacheDir } from '../stack/paths.mjs';
import { ensureSystem } from '../stack/system.mjs';

export const pipHint = 'They come from the Python package index through pip: check that pip reaches it.';

/**
 * The folder for a list of packages. There is one for each version of the list, because clones of different versions share the cache.
 * @param {string} name
 * @param {string} requirements the path of the list
 * @param {(directory: string) => Promise<void>} install fills a new folder
 * @returns {Promise<string>}
 */
export function installedOnce(name, requirements, install) {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const directory = join(cacheDir, `${name}-${wanted.slice(0, 12)}`);
  return withLock(`${directory}.lock`, async () => {
    const marker = join(directory, 'installed');
    if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return directory;
    rmSync(directory, { recursive: true, force: true });
    await ensureSystem(['python']);
    await install(directory);
    writeFileSync(marker, wanted);
    return directory;
  });
}
