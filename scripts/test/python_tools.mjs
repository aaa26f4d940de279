// Python tools in virtual environments of their own: `lint` has ruff and pylint-odoo, `fuzz` has schemathesis, `openapi` a
// generator of clients, `mcp` clients for agents, `mcp_server` another server for them, `rpc` clients of Odoo, `typing` has mypy.
// python_<name>.txt lists the packages.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../stack/run.mjs';
import { installedOnce, pipHint } from './pip_cache.mjs';

/**
 * The folder of an environment's programs. Installs them first if needed.
 * @param {'lint' | 'fuzz' | 'mcp' | 'mcp_server' | 'openapi' | 'rpc' | 'typing'} name
 * @param {string} [log]
 * @returns {Promise<string>}
 */
export async function pythonEnvironment(name, log) {
  const requirements = fileURLToPath(new URL(`python_${name}.txt`, import.meta.url));
  const installed = await installedOnce(`python-${name}`, requirements, async (directory) => {
    const doing = `Making the environment of the Python tools (${name})`;
    await run('/usr/bin/python3', ['-m', 'venv', directory], { log, doing });
    const install = ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
    await run(join(directory, 'bin/pip'), install, {
      log,
      doing: `Installing the Python tools (${name})`,
      hint: pipHint,
    });
  });
  return join(installed, 'bin');
}

/** The folder of ruff's and pylint's programs. @param {string} log */
export function pythonTools(log) {
  return pythonEnvironment('lint', log);
}
