// Addons of the Odoo Community Association that must work together with ours, unchanged. oca_addons.txt lists them.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../stack/run.mjs';
import { installedOnce, pipHint } from './pip_cache.mjs';

const requirements = fileURLToPath(new URL('oca_addons.txt', import.meta.url));

/**
 * The folder for Odoo's addons path. Installs the addons first if needed, and fails if that fails.
 * @param {string} [log]
 * @returns {Promise<string>}
 */
export async function ocaAddons(log) {
  const installed = await installedOnce('oca-addons', requirements, async (directory) => {
    const venv = join(directory, 'pip');
    await run('/usr/bin/python3', ['-m', 'venv', venv], { log, doing: "Making the environment for OCA's addons" });
    // Installed without their dependency, Odoo, which is already present.
    const quietly = ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    await run(join(venv, 'bin/pip'), [...quietly, '--target', join(directory, 'addons'), '--requirement', requirements], {
      log,
      doing: "Installing OCA's addons",
      hint: pipHint,
    });
  });
  return join(installed, 'addons/odoo/addons');
}
