// Addons of the Odoo Community Association that ours has to get on with, as their authors publish them: installed apart,
// shared by all clones. Which ones stands in oca_addons.txt.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from '../stack/lock.mjs';
import { cacheDir } from '../stack/paths.mjs';
import { run } from '../stack/run.mjs';
import { ensureSystem } from '../stack/system.mjs';

const requirements = fileURLToPath(new URL('oca_addons.txt', import.meta.url));

/**
 * The folder for Odoo's addons path; installs the addons first if need be, and fails when that fails.
 * @param {string} [log]
 * @returns {Promise<string>}
 */
export function ocaAddons(log) {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const directory = join(cacheDir, `oca-addons-${wanted.slice(0, 12)}`);
  return withLock(`${directory}.lock`, async () => {
    const addons = join(directory, 'addons/odoo/addons');
    const marker = join(directory, 'installed');
    if (existsSync(marker)) return addons;
    rmSync(directory, { recursive: true, force: true });
    await ensureSystem(['python']);
    const venv = join(directory, 'pip');
    await run('/usr/bin/python3', ['-m', 'venv', venv], { log, doing: "Making the environment for OCA's addons" });
    // Without what they depend on: that is Odoo, which is here already.
    const quietly = ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    await run(join(venv, 'bin/pip'), [...quietly, '--target', join(directory, 'addons'), '--requirement', requirements], {
      log,
      doing: "Installing OCA's addons",
      hint: 'They come from the Python package index through pip: check that pip reaches it.',
    });
    writeFileSync(marker, wanted);
    return addons;
  });
}
