// Python tools in virtual environments of their own, shared by all clones: `lint` has ruff and pylint-odoo, `fuzz` has
// schemathesis, `openapi` a generator of clients, `mcp` clients for agents, `mcp_server` another server for them. What each holds stands in python_<name>.txt.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../stack/lock.mjs';
import { cacheDir } from '../stack/paths.mjs';
import { run } from '../stack/run.mjs';
import { ensureSystem } from '../stack/system.mjs';

/**
 * The folder of an environment's programs; installs them first if need be.
 * @param {'lint' | 'fuzz' | 'mcp' | 'mcp_server' | 'openapi'} name
 * @param {string} [log]
 * @returns {Promise<string>}
 */
export function pythonEnvironment(name, log) {
  const requirements = new URL(`python_${name}.txt`, import.meta.url);
  // One for each list: clones of different versions share the cache.
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const directory = join(cacheDir, `python-${name}-${wanted.slice(0, 12)}`);
  return withLock(`${directory}.lock`, async () => {
    const binDir = join(directory, 'bin');
    const marker = join(directory, 'installed');
    if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return binDir;

    rmSync(directory, { recursive: true, force: true });
    await ensureSystem(['python']);
    const hint = 'They come from the Python package index through pip: check that pip reaches it.';
    await run('/usr/bin/python3', ['-m', 'venv', directory], {
      log,
      doing: `Making the environment of the Python tools (${name})`,
    });
    const install = ['install', '--quiet', '--disable-pip-version-check', '--requirement', fileURLToPath(requirements)];
    await run(join(binDir, 'pip'), install, { log, hint, doing: `Installing the Python tools (${name})` });
    writeFileSync(marker, wanted);
    return binDir;
  });
}

/** The folder of ruff's and pylint's programs. @param {string} log */
export function pythonTools(log) {
  return pythonEnvironment('lint', log);
}
