// A Postgres cluster of this clone's own: unprivileged user, own port, loopback only, passwords.
// The machine's other clusters are left alone. With DATABASE_URL that server is used instead.

import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from './lock.mjs';
import { cloneKey, logDir, stackDir } from './paths.mjs';
import { chosenPort, freePort, isFree, portOf, requireFree } from './ports.mjs';
import { Failure, step } from './report.mjs';
import { run } from './run.mjs';
import { serverBinDir, sql, withDatabase } from './sql.mjs';
import { ensureState, readState } from './state.mjs';
import { elsewhere, isRoot } from './system.mjs';

const postgresUser = 'postgres';
const startHint = 'Read the log above; if its data is damaged, `npm run stack -- reset` makes a new one.';

/**
 * @typedef {object} Cluster
 * @property {string} ownerUrl role that owns the databases: no superuser, may create databases; database `postgres`
 * @property {string} ownerRole
 * @property {string | null} superuserUrl null on a server that DATABASE_URL names
 * @property {string} sidecarRole
 * @property {string} sidecarPassword
 * @property {boolean} own false on a server that DATABASE_URL names
 */

/**
 * Starts the cluster (makes it first, if need be) and its roles.
 * @param {{anyPort?: boolean}} [options] anyPort: when the standard port is busy, take a free one instead of failing
 * @returns {Promise<Cluster>}
 */
export async function ensureCluster(options = {}) {
  const external = process.env.DATABASE_URL;
  if (external) return step('Postgres', (progress) => externalServer(external, progress));
  return step('Postgres', (progress) =>
    withLock(join(stackDir, 'cluster.lock'), async () => {
      const user = await serverUser();
      const dir = await clusterDir(user);
      const isNew = await ensureData(dir, user);
      const { port, started } = await ensureRunning(dir, user, options.anyPort ?? false);
      const cluster = describe(port);
      await ensureRoles(cluster);
      progress.note(`port ${port}${isNew ? ', new' : started ? '' : ', was running'}`);
      return cluster;
    }),
  );
}

/** Stops this clone's cluster, if it runs. @param {{immediately?: boolean}} [options] */
export async function stopCluster(options = {}) {
  if (process.env.DATABASE_URL || !serverBinDir()) return;
  const user = await serverUser();
  const dir = await clusterDir(user);
  if (runningPort(dir) === null) return;
  await pgCtl(['stop', '-D', join(dir, 'data'), '-m', options.immediately ? 'immediate' : 'fast', '-w'], user).catch(
    async (error) => {
      if (await isRunning(dir, user)) throw error;
    },
  );
}

/** Stops the cluster and deletes all its data. */
export async function dropCluster() {
  if (process.env.DATABASE_URL || !serverBinDir()) return;
  await stopCluster({ immediately: true });
  rmSync(await clusterDir(await serverUser()), { recursive: true, force: true });
}

/** The port on which this clone's cluster answers, or null. @returns {Promise<number | null>} */
export async function clusterPort() {
  if (process.env.DATABASE_URL || !serverBinDir() || !readState()) return null;
  const user = await serverUser();
  const dir = await clusterDir(user);
  return (await isRunning(dir, user)) ? runningPort(dir) : null;
}

/** True when this clone's cluster runs and nobody is connected to it. */
export async function clusterIsIdle() {
  const port = await clusterPort();
  if (port === null) return false;
  const url = /** @type {string} */ (describe(port).superuserUrl);
  const count = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
  for (let attempt = 0; attempt < 10; attempt++) {
    if ((await sql(url, count)) === '0') return true;
    await delay(200); // connections of a process that has just ended
  }
  return false;
}

/** @param {number} port @returns {Cluster} */
function describe(port) {
  const { passwords } = ensureState();
  const url = (/** @type {string} */ role, /** @type {string} */ password) =>
    `postgres://${role}:${password}@127.0.0.1:${port}/postgres`;
  return {
    ownerUrl: url('odoo', passwords.odoo),
    ownerRole: 'odoo',
    superuserUrl: url('postgres', passwords.postgres),
    sidecarRole: 'api_gateway',
    sidecarPassword: passwords.gateway,
    own: true,
  };
}

/** @param {string} url @param {import('./report.mjs').Step} progress @returns {Promise<Cluster>} */
async function externalServer(url, progress) {
  const ownerUrl = withDatabase(url, 'postgres');
  const sidecarRole = `api_gateway_${cloneKey.slice(-10)}`; // other clones may use the same server
  const sidecarPassword = ensureState().passwords.gateway;
  const hint =
    "DATABASE_URL must name a server that runs and a role that may create databases and roles: create role odoo login createdb createrole password '…'.";
  try {
    await sql(ownerUrl, createRole, { role: sidecarRole, password: sidecarPassword, options: 'login' });
  } catch (error) {
    throw new Failure('The Postgres server that DATABASE_URL names refused.', {
      tail: error instanceof Failure ? error.tail : String(error),
      hint,
      cause: error,
    });
  }
  const { username, host } = new URL(url);
  progress.note(`${host} (DATABASE_URL)`);
  return {
    ownerUrl,
    ownerRole: decodeURIComponent(username),
    superuserUrl: null,
    sidecarRole,
    sidecarPassword,
    own: false,
  };
}

const createRole = `
select format('create role %I', :'role') where not exists (select from pg_roles where rolname = :'role') \\gexec
alter role :"role" :options password :'password';
`;

/** @param {Cluster} cluster */
async function ensureRoles(cluster) {
  const { passwords } = ensureState();
  const superuserUrl = /** @type {string} */ (cluster.superuserUrl);
  await sql(superuserUrl, createRole, { role: cluster.ownerRole, password: passwords.odoo, options: 'login createdb' });
  await sql(superuserUrl, createRole, { role: cluster.sidecarRole, password: passwords.gateway, options: 'login' });
}

/** The user that Postgres runs as: it refuses root. @returns {Promise<{uid: number, gid: number} | undefined>} undefined: this very user */
async function serverUser() {
  if (!isRoot) return undefined;
  const id = (/** @type {string} */ flag) =>
    run('id', [flag, postgresUser], { doing: `Looking for the user ${postgresUser}`, hint: elsewhere });
  return { uid: Number(await id('-u')), gid: Number(await id('-g')) };
}

/**
 * In the clone, or where that user can't enter it, in a private folder outside.
 * @param {{uid: number, gid: number} | undefined} user
 */
async function clusterDir(user) {
  const inside = join(stackDir, 'postgres');
  const outside = join('/var/lib/api-gateway', cloneKey);
  if (existsSync(join(outside, 'complete'))) return outside;
  mkdirSync(inside, { recursive: true, mode: 0o700 });
  if (!user) return inside;
  chownSync(inside, user.uid, user.gid);
  const canEnter = await run('sh', ['-c', 'cd "$1" && test -w .', 'sh', inside], { as: user }).then(
    () => true,
    () => false,
  );
  if (canEnter) return inside;
  mkdirSync(outside, { recursive: true });
  chownSync(outside, user.uid, user.gid);
  return outside;
}

/**
 * @param {string} dir @param {{uid: number, gid: number} | undefined} user
 * @returns {Promise<boolean>} true when it was made just now
 */
async function ensureData(dir, user) {
  const data = join(dir, 'data');
  if (existsSync(join(dir, 'complete'))) {
    if (readState()) return false;
    // Data of an earlier clone at this path whose passwords are gone with it.
    await pgCtl(['stop', '-D', data, '-m', 'immediate'], user).catch(() => {});
  }
  rmSync(data, { recursive: true, force: true });
  rmSync(join(dir, 'complete'), { force: true });
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, ensureState().passwords.postgres, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  await run(
    tool('initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      as: user,
      log: join(logDir, 'initdb.log'),
      doing: 'Making the Postgres cluster',
      hint: `Delete ${dir} and run this again.`,
    },
  );
  rmSync(passwordFile);
  const settings = [
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    'max_connections = 200',
    'shared_buffers = 256MB',
    'max_wal_size = 2GB',
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
  writeFileSync(join(dir, 'complete'), ''); // an interrupted initdb is done again
  return true;
}

/**
 * @param {string} dir @param {{uid: number, gid: number} | undefined} user @param {boolean} anyPort
 * @returns {Promise<{port: number, started: boolean}>}
 */
async function ensureRunning(dir, user, anyPort) {
  if (await isRunning(dir, user)) {
    const port = runningPort(dir);
    const wanted = chosenPort('postgres');
    if (port !== null && (wanted === null || wanted === port)) return { port, started: false };
    await stopCluster();
  }
  let port = portOf('postgres');
  if (anyPort && chosenPort('postgres') === null && !(await isFree(port))) port = await freePort();
  await requireFree('postgres', port);
  const log = join(dir, 'server.log');
  await pgCtl(['start', '-D', join(dir, 'data'), '-l', log, '-o', `-p ${port}`, '-w', '-t', '60'], user).catch((error) => {
    const tail = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-25).join('\n') : '';
    throw new Failure('Postgres did not start.', { tail, log, hint: startHint, cause: error });
  });
  return { port, started: true };
}

/** @param {string} dir @param {{uid: number, gid: number} | undefined} user */
async function isRunning(dir, user) {
  if (!existsSync(join(dir, 'data/postmaster.pid'))) return false;
  return pgCtl(['status', '-D', join(dir, 'data')], user).then(
    () => true,
    () => false,
  );
}

/** The port in the file that a running server keeps, or null. @param {string} dir */
function runningPort(dir) {
  const path = join(dir, 'data/postmaster.pid');
  if (!existsSync(path)) return null;
  return Number(readFileSync(path, 'utf8').split('\n')[3]) || null;
}

/** @param {string[]} args @param {{uid: number, gid: number} | undefined} user */
function pgCtl(args, user) {
  return run(tool('pg_ctl'), args, { as: user, log: join(logDir, 'pg_ctl.log'), doing: `pg_ctl ${args[0]}` });
}

/** @param {string} name */
function tool(name) {
  const binDir = serverBinDir();
  if (!binDir) throw new Failure("Postgres's server programs are not installed.", { hint: elsewhere });
  return join(binDir, name);
}
