// Public tools for the OpenAPI document, installed apart from the repository's packages and shared by all clones: validators,
// linters and generators of clients from npm; a generator and the property-based fuzzer schemathesis from the Python package index.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../stack/lock.mjs';
import { cacheDir } from '../stack/paths.mjs';
import { run } from '../stack/run.mjs';
import { pythonEnvironment } from './python_tools.mjs';

const source = fileURLToPath(new URL('openapi_tools/', import.meta.url));

/** The folder whose node_modules has the npm tools; installs them first if need be. @returns {Promise<string>} */
export function openApiTools() {
  const lock = readFileSync(join(source, 'package-lock.json'));
  const directory = join(cacheDir, `openapi-tools-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  return withLock(`${directory}.lock`, async () => {
    const marker = join(directory, 'installed');
    if (existsSync(marker)) return directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(source, name), join(directory, name));
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: directory,
      doing: 'Installing the OpenAPI tools',
      hint: 'They come from the npm registry: check that npm reaches it (`npm ping`).',
    });
    writeFileSync(marker, '');
    return directory;
  });
}

/** The folder of `openapi-python-client` and of a Python that its clients run on. @param {string} [log] @returns {Promise<string>} */
export function pythonClientGenerator(log) {
  return pythonEnvironment('openapi', log);
}

/** The program `schemathesis`. @param {string} [log] @returns {Promise<string>} */
export async function fuzzer(log) {
  return join(await pythonEnvironment('fuzz', log), 'schemathesis');
}
