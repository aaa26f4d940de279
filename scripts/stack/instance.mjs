// Starts, describes and stops a whole instance: Postgres, Odoo with the addon and demo data, sidecar.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterIsIdle, clusterPort, dropCluster, ensureCluster, stopCluster } from './cluster.mjs';
import { cloneTemplate, deleteDatabase, inspectDatabase, sidecarUrl } from './databases.mjs';
import { fingerprint, hashOf } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { ensureNpmPackages, ensureWebClient } from './npm_packages.mjs';
import { startOdooServer } from './odoo.mjs';
import { ensureOdoo } from './odoo_prefix.mjs';
import { addonDir, rootDir, stackDir } from './paths.mjs';
import { portOf, requireFree } from './ports.mjs';
import { isAlive } from './proc.mjs';
import { allRecords, answers, isRunning, readRecord, stopOrphans, stopRecorded } from './processes.mjs';
import { Failure, step } from './report.mjs';
import { sidecarDir, startSidecar } from './sidecar.mjs';
import { withDatabase } from './sql.mjs';
import { ensureState, readState } from './state.mjs';
import { ensureSystem } from './system.mjs';
import { bringUpToDate, deleteTemplates, ensureTemplate } from './templates.mjs';

const odooWorkers = 2;

/** The instance's database. */
const databaseName = () => process.env.STACK_DATABASE || 'demo';

const lockPath = join(stackDir, 'instance.lock');

/**
 * What a program needs to know to use an instance.
 * @typedef {object} Instance
 * @property {string} gatewayUrl
 * @property {string} odooUrl
 * @property {string} databaseUrl role that owns the database
 * @property {string} database
 * @property {{login: string, password: string}} admin
 * @property {{admin: string, demo: string, bench: string}} keys
 */

/** @typedef {import('./processes.mjs').RunningProcess} RunningProcess */

/**
 * Starts everything that is not running or not up to date. @param {{background: boolean}} options background: started processes
 * survive this process
 * @returns {Promise<{instance: Instance, started: RunningProcess[]}>}
 */
export function bringUp({ background }) {
  return withLock(lockPath, async () => {
    await stopOrphans();
    await requirePorts();
    await ensureNpmPackages();
    await ensureSystem();
    const odoo = await ensureOdoo();
    await ensureWebClient();
    const cluster = await ensureCluster();
    const parts = { odoo, cluster };
    const database = databaseName();
    const template = (await inspectDatabase(cluster, database)) ? null : await ensureTemplate(parts);
    const instance = describe(cluster.ownerUrl);

    const odooPlan = await plan('odoo', [
      fingerprint([addonDir], ['tests']),
      odoo.version,
      cluster.ownerUrl,
      database,
      portOf('odoo'),
      portOf('gevent'),
    ]);
    await step(`Database ${database}`, async (progress) => {
      if (template) {
        await cloneTemplate(cluster, template, database);
        progress.note('new, with demo data');
      } else progress.note((await bringUpToDate(parts, database, progress)) ? 'upgraded' : 'unchanged');
    });

    /** @type {RunningProcess[]} */
    const started = [];
    try {
      await step(`Odoo, ${odooWorkers} workers`, async (progress) => {
        if (odooPlan.keep) return progress.note('was running');
        started.push(
          await startOdooServer(parts, {
            name: 'odoo',
            databases: [database],
            httpPort: portOf('odoo'),
            geventPort: portOf('gevent'),
            workers: odooWorkers,
            background,
            fingerprint: odooPlan.fingerprint,
          }),
        );
      });
      await step('Sidecar', async (progress) => {
        const sources = fingerprint([sidecarDir, join(rootDir, 'package-lock.json')]);
        const databaseUrl = sidecarUrl(cluster, database);
        const sidecarPlan = await plan('sidecar', [sources, databaseUrl, instance.odooUrl, portOf('gateway')]);
        if (sidecarPlan.keep) return progress.note('was running');
        started.push(
          await startSidecar({
            name: 'sidecar',
            databaseUrl,
            odooUrl: instance.odooUrl,
            port: portOf('gateway'),
            odooWorkers,
            background,
            fingerprint: sidecarPlan.fingerprint,
          }),
        );
      });
    } catch (error) {
      if (!background) for (const running of started) await running.stop();
      throw error;
    }
    return { instance, started };
  });
}

/** Fails before any long work if a program outside this stack uses a port. */
async function requirePorts() {
  const ours = allRecords()
    .filter(isRunning)
    .flatMap((record) => record.ports);
  const postgres = await clusterPort();
  if (postgres === null && !process.env.DATABASE_URL) await requireFree('postgres', portOf('postgres'));
  for (const name of /** @type {const} */ (['odoo', 'gevent', 'gateway'])) {
    if (!ours.includes(portOf(name))) await requireFree(name, portOf(name));
  }
}

/**
 * Decides whether a running process can be reused; ends it if it was started from an older version or doesn't answer.
 * @param {'odoo' | 'sidecar'} name
 * @param {unknown[]} startedFrom
 */
async function plan(name, startedFrom) {
  const wanted = hashOf(startedFrom);
  const record = readRecord(name);
  if (!record) return { keep: false, fingerprint: wanted };
  const running = isRunning(record);
  if (running && record.fingerprint === wanted && (await answers(readyUrl(record)))) return { keep: true, fingerprint: wanted };
  if (running && record.owner && record.owner.pid !== process.pid && isAlive(record.owner.pid, record.owner.startTime)) {
    throw new Failure(`The ${name} that \`npm start\` (process ${record.owner.pid}) runs is not up to date.`, {
      hint: 'End it there with Ctrl-C, then run this again.',
    });
  }
  await stopRecorded(record);
  return { keep: false, fingerprint: wanted };
}

/** @param {import('./processes.mjs').ProcessRecord} record */
const readyUrl = (record) => `${record.url}${record.name === 'odoo' ? '/web/health' : '/readyz'}`;

/** @param {string} ownerUrl @returns {Instance} */
function describe(ownerUrl) {
  const database = databaseName();
  return {
    gatewayUrl: `http://127.0.0.1:${portOf('gateway')}`,
    odooUrl: `http://127.0.0.1:${portOf('odoo')}`,
    databaseUrl: withDatabase(ownerUrl, database),
    database,
    admin: { login: 'admin', password: 'admin' },
    keys: ensureState().keys,
  };
}

/** Stops the instance and leftovers of dead runs, Postgres last. */
export function takeDown() {
  return withLock(lockPath, stopEverything);
}

async function stopEverything() {
  await step('Sidecar and Odoo', async (progress) => {
    await stopOrphans();
    const records = [readRecord('sidecar'), readRecord('odoo')].filter((record) => record !== null);
    for (const record of records) await stopRecorded(record);
    progress.note(records.length > 0 ? 'stopped' : 'not running');
  });
  if (process.env.DATABASE_URL) return;
  await step('Postgres', async (progress) => {
    progress.note((await clusterPort()) === null ? 'not running' : 'stopped');
    await stopCluster();
  });
}

/** Stops Postgres unless another program (a test run) still uses it. @returns {Promise<boolean>} true if it was stopped */
export async function stopIdleCluster() {
  if (!(await clusterIsIdle())) return false;
  await stopCluster();
  return true;
}

/** Stops the instance and deletes all its data: databases, files, passwords, keys. */
export function wipe() {
  return withLock(lockPath, async () => {
    await stopEverything();
    await step('Data', async (progress) => {
      if (process.env.DATABASE_URL) {
        const cluster = await ensureCluster();
        await deleteTemplates({ cluster });
        if ((await inspectDatabase(cluster, databaseName()))?.marker) await deleteDatabase(cluster, databaseName());
      }
      await dropCluster();
      if (existsSync(stackDir)) {
        for (const name of readdirSync(stackDir).filter((name) => !name.startsWith('instance.lock'))) {
          rmSync(join(stackDir, name), { recursive: true, force: true });
        }
      }
      progress.note('deleted');
    });
  });
}

/**
 * The processes that currently run and answer.
 * @returns {Promise<{running: boolean, postgres: string, odoo: string, sidecar: string} & Partial<Instance>>}
 */
export async function inspectInstance() {
  const port = await clusterPort();
  const state = readState();
  const records = allRecords();
  /** @param {string} name */
  const describeProcess = async (name) => {
    const record = records.find((record) => record.name === name);
    if (!record || !isRunning(record)) return 'stopped';
    return `${(await answers(readyUrl(record))) ? 'answers' : 'does not answer'} at ${record.url} (process ${record.pid})`;
  };
  const [odoo, sidecar] = await Promise.all([describeProcess('odoo'), describeProcess('sidecar')]);
  const postgres = process.env.DATABASE_URL ? 'DATABASE_URL' : port === null ? 'stopped' : `answers on port ${port}`;
  const running = postgres !== 'stopped' && odoo.startsWith('answers') && sidecar.startsWith('answers');
  const ownerUrl =
    process.env.DATABASE_URL ?? (state && port ? `postgres://odoo:${state.passwords.odoo}@127.0.0.1:${port}/postgres` : null);
  if (!running || !ownerUrl) return { running, postgres, odoo, sidecar };
  const urls = Object.fromEntries(records.map((record) => [record.name, record.url]));
  return { running, postgres, odoo, sidecar, ...describe(ownerUrl), gatewayUrl: urls.sidecar, odooUrl: urls.odoo };
}
