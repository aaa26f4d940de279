// Odoo's programs: its server, its shell, and one-off runs that install or upgrade modules.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as paths from './paths.mjs';
import { freePort } from './ports.mjs';
import { launch } from './processes.mjs';
import { run } from './run.mjs';
import { connectionEnv } from './sql.mjs';

export const dataDir = join(paths.stackDir, 'odoo_data');

/** @typedef {import('./odoo_prefix.mjs').Odoo} Odoo */
/** @typedef {import('./cluster.mjs').Cluster} Cluster */
/** @typedef {{odoo: Odoo, cluster: Cluster, addonsDir?: string}} Parts addonsDir: where the addon is, this clone's by default */

/**
 * @typedef {object} OdooOptions
 * @property {string[]} databases the ones it serves
 * @property {number} [httpPort] a free one by default
 * @property {number} [geventPort] a free one by default; used with workers only
 * @property {number} [workers] 2 by default; 0 runs all in one process with threads
 * @property {string} [logFile]
 * @property {string[]} [extraArgs]
 * @property {string} [name] unique in the stack
 * @property {boolean} [background] survives this process
 * @property {string} [fingerprint]
 */

/**
 * Starts an Odoo server and waits until it serves.
 * @param {Parts} parts
 * @param {OdooOptions} options
 */
export async function startOdooServer(parts, options) {
  const httpPort = options.httpPort ?? (await freePort());
  const geventPort = options.geventPort ?? (await freePort());
  const workers = options.workers ?? 2;
  const name = options.name ?? `odoo-${httpPort}`;
  const config = writeConfig(parts, name, {
    http_port: httpPort,
    gevent_port: geventPort,
    workers,
    db_name: options.databases.join(','),
  });
  const url = `http://127.0.0.1:${httpPort}`;
  const running = await launch({
    name,
    ...commandLine(parts.odoo, ['server', '--config', config, ...(options.extraArgs ?? [])]),
    env: environment(parts.odoo),
    marker: config,
    url,
    ports: [httpPort, geventPort],
    ready: [`${url}/web/health`, ...(workers > 0 ? [`http://127.0.0.1:${geventPort}/websocket/health`] : [])],
    readyHeaders: { 'x-odoo-database': options.databases[0] ?? '' }, // with several databases, only a named one has routes
    log: options.logFile,
    background: options.background,
    fingerprint: options.fingerprint,
  });
  return { ...running, geventUrl: workers > 0 ? `http://127.0.0.1:${geventPort}` : url };
}

/**
 * Installs or upgrades modules, then exits.
 * @param {Parts} parts
 * @param {string} database
 * @param {{install?: string[], upgrade?: string[], demo?: boolean}} what
 * @param {import('./report.mjs').Step} progress
 */
export async function updateModules(parts, database, what, progress) {
  const log = join(paths.logDir, `update-${database}.log`);
  const { command, args } = commandLine(parts.odoo, [
    ...[
      'server',
      '--config',
      writeConfig(parts, `update-${database}`, { db_name: database, workers: 0 }),
      '--no-http',
      '--stop-after-init',
    ],
    ...(what.demo ? ['--with-demo'] : []),
    ...(what.install ? ['--init', what.install.join(',')] : []),
    ...(what.upgrade ? ['--update', what.upgrade.join(',')] : []),
  ]);
  const modules = (what.install ?? what.upgrade ?? []).join(', ');
  await run(command, args, {
    // There are thousands of small commits. After a crash, the work is repeated anyway, so no commit needs to wait for the disk.
    env: { ...environment(parts.odoo), PGOPTIONS: '-c synchronous_commit=off' },
    log,
    doing: `${what.install ? 'Installing' : 'Upgrading'} ${modules} in the database ${database}`,
    hint: 'The log says which file and line. Fix it, then run this again; `npm run stack -- reset` creates a new database instead.',
    onLine: (line) => {
      const loading = /Loading module (\S+) \((\d+)\/(\d+)\)/.exec(line);
      if (loading) progress.progress(`module ${loading[2]} of ${loading[3]}: ${loading[1]}`);
    },
  });
}

/**
 * Runs a Python file in Odoo's shell.
 * @param {Parts} parts
 * @param {string} database
 * @param {string} file
 * @param {Record<string, string>} env what the file reads
 */
export async function runInShell(parts, database, file, env) {
  const shell = shellOf(parts, database);
  return run(shell.command, shell.args, {
    env: { ...shell.env, ...env },
    input: readFileSync(file, 'utf8'),
    log: join(paths.logDir, `shell-${database}.log`),
    doing: `Preparing the database ${database}`,
    hint: 'The log says which line. Fix it, then run this again.',
  });
}

/**
 * How to start Odoo's shell, which reads stdin to its end and then runs what it has read.
 * @param {Parts} parts
 * @param {string} database
 */
export function shellOf(parts, database) {
  const config = writeConfig(parts, `update-${database}`, { db_name: database, workers: 0 });
  return { ...commandLine(parts.odoo, ['shell', '--config', config, '--no-http']), env: environment(parts.odoo) };
}

/** @param {Odoo} odoo @param {string[]} args */
function commandLine(odoo, args) {
  const [command, ...first] = odoo.command;
  return { command: /** @type {string} */ (command), args: [...first, ...args] };
}

/**
 * An environment without the caller's PG… and ODOO_… variables, which would override Odoo's configuration file.
 * @param {Odoo} odoo
 */
function environment(odoo) {
  const foreign = Object.keys(process.env).filter((name) => /^(PG|ODOO_)/.test(name));
  return { ...Object.fromEntries(foreign.map((name) => [name, undefined])), ...odoo.env };
}

/**
 * Passwords are passed in a file, because everyone can read a command line.
 * @param {Parts} parts
 * @param {string} name
 * @param {Record<string, string | number>} options
 */
export function writeConfig({ odoo, cluster, addonsDir = paths.addonsDir }, name, options) {
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE } = connectionEnv(cluster.ownerUrl);
  const addonsPaths = [...odoo.addonsPaths, addonsDir];
  const all = {
    addons_path: addonsPaths.join(','),
    data_dir: dataDir,
    db_host: PGHOST,
    db_port: PGPORT,
    db_user: PGUSER,
    db_password: PGPASSWORD,
    ...(PGSSLMODE ? { db_sslmode: PGSSLMODE } : {}),
    http_interface: '127.0.0.1',
    proxy_mode: false,
    list_db: false,
    max_cron_threads: 1,
    ...options,
  };
  mkdirSync(join(paths.stackDir, 'conf'), { recursive: true });
  const path = join(paths.stackDir, 'conf', `${name}.conf`);
  writeFileSync(
    path,
    `[options]\n${Object.entries(all)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join('')}`,
    { mode: 0o600 },
  );
  return path;
}
