// The gateway's sidecar, run from its sources by the Node that npm installed.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir, stackDir } from './paths.mjs';
import { freePort } from './ports.mjs';
import { launch } from './processes.mjs';
import { Failure } from './report.mjs';

export const sidecarDir = join(rootDir, 'sidecar');
const main = join(sidecarDir, 'src/main.ts');
/**
 * V8 options for values that are soon garbage: without them, the space for new values grows to 128 MB, and the values of an
 * export are moved to the space for old values, where they stay until V8 cleans that space. The same options are in deploy/ and
 * the Dockerfile.
 */
export const memoryOptions = ['--max-semi-space-size=8', '--no-allocation-site-pretenuring'];

/**
 * @typedef {object} SidecarOptions
 * @property {string} databaseUrl the first database it serves, with its own role
 * @property {string[]} [databases] all that it serves
 * @property {string} odooUrl
 * @property {number} [port] a free one by default
 * @property {number} [odooWorkers] how many workers the Odoo at `odooUrl` has
 * @property {Record<string, string>} [env] further GATEWAY_… settings
 * @property {string} [logFile]
 * @property {string} [name] unique in the stack
 * @property {boolean} [background] survives this process
 * @property {string} [fingerprint]
 */

/**
 * Starts a sidecar and waits until it is ready.
 * @param {SidecarOptions} options
 */
export async function startSidecar(options) {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  return launch({
    name: options.name ?? `sidecar-${port}`,
    command: nodeBin(),
    args: [...memoryOptions, main],
    env: {
      GATEWAY_DATABASE_URL: options.databaseUrl,
      GATEWAY_DATABASES: options.databases?.join(','),
      GATEWAY_ODOO_URL: options.odooUrl,
      GATEWAY_ODOO_WORKERS: String(options.odooWorkers ?? 2),
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      // Caches the files with types stripped, which halves the time of the next start.
      NODE_COMPILE_CACHE: join(stackDir, 'compile_cache'),
      ...options.env,
    },
    marker: main,
    url,
    ports: [port],
    ready: [`${url}/readyz`],
    log: options.logFile,
    background: options.background,
    fingerprint: options.fingerprint,
  });
}

/** Node 24, which runs TypeScript directly: the one from npm, whichever Node runs these scripts. */
export function nodeBin() {
  const fromNpm = join(rootDir, 'node_modules/node/bin/node');
  if (existsSync(fromNpm)) return fromNpm;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Failure('Node 24 is missing: npm brings it as the package `node`.', {
    hint: 'Run `npm ci` with install scripts allowed (no --ignore-scripts), then run this again.',
  });
}
