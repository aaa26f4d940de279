// A Postgres cluster for this clone only: unprivileged user, own port, loopback only, passwords. Other clusters on the machine
// are not touched. With DATABASE_URL, that server is used instead.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from './lock.mjs';
import { cloneKey, stackDir } from './paths.mjs';
import { locateServer, makeServer, portOfServer, startServer, stopServer } from './postmaster.mjs';
import { Failure, step } from './report.mjs';
import { serverBinDir, sql, withDatabase } from './sql.mjs';
import { ensureState } from './state.mjs';

/**
 * @typedef {object} Cluster
 * @property {string} ownerUrl connects to the database `postgres` as the role that owns the databases: not a superuser, but may
 * create databases
 * @property {string} ownerRole
 * @property {string | null} superuserUrl null on a server that DATABASE_URL names
 * @property {string} sidecarRole
 * @property {string} sidecarPassword
 * @property {string} templatePrefix of this clone's templates
 * @property {boolean} own false on a server that DATABASE_URL names
 * @property {string} [tablespace] of databases that need not outlive the run
 */

/**
 * Starts the cluster (after creating it, if needed) and its roles.
 * @param {{anyPort?: boolean}} [options] anyPort: when the standard port is busy, take a free one instead of failing
 * @returns {Promise<Cluster>}
 */
export async function ensureCluster(options = {}) {
  const external = process.env.DATABASE_URL;
  if (external) return step('Postgres', (progress) => externalServer(external, progress));
  return step('Postgres', (progress) =>
    withLock(join(stackDir, 'cluster.lock'), async () => {
      const server = await locateServer();
      const isNew = await makeServer(server);
      const { port, started } = await startServer(server, options.anyPort ?? false);
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
  await stopServer(await locateServer(), options.immediately ?? false);
}

/** Stops the cluster and deletes all its data. */
export async function dropCluster() {
  if (process.env.DATABASE_URL || !serverBinDir()) return;
  const server = await locateServer();
  await stopServer(server, true);
  rmSync(server.dir, { recursive: true, force: true });
}

/** The port on which this clone's cluster answers, or null. @returns {Promise<number | null>} */
export async function clusterPort() {
  if (process.env.DATABASE_URL || !serverBinDir() || !existsSync(stackDir)) return null;
  return portOfServer(await locateServer());
}

/** True if this clone's cluster runs and nobody is connected to it. */
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
    templatePrefix: 'template',
    own: true,
  };
}

/** @param {string} url @param {import('./report.mjs').Step} progress @returns {Promise<Cluster>} */
async function externalServer(url, progress) {
  const ownerUrl = withDatabase(url, 'postgres');
  const suffix = cloneKey.slice(-10); // other clones may use the same server
  const sidecarRole = `api_gateway_${suffix}`;
  const sidecarPassword = ensureState().passwords.gateway;
  const hint =
    "DATABASE_URL must refer to a running server and a role that may create databases and roles: create role odoo login createdb createrole password '…'.";
  try {
    await sql(ownerUrl, createRole, { role: sidecarRole, password: sidecarPassword, options: 'login' });
  } catch (error) {
    throw new Failure('The Postgres server in DATABASE_URL refused the connection or a command.', {
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
    templatePrefix: `template_${suffix}`,
    own: false,
  };
}

const createRole = `
select format('create role %I', :'role') where not exists (select from pg_roles where rolname = :'role') \\gexec
alter role :"role" :options password :'password';
`;

const createReader = `
select format('create role %I', :'reader') where not exists (select from pg_roles where rolname = :'reader') \\gexec
grant :"reader" to :"role";
`;

/** @param {Cluster} cluster */
async function ensureRoles(cluster) {
  const { passwords } = ensureState();
  const superuserUrl = /** @type {string} */ (cluster.superuserUrl);
  await sql(superuserUrl, createRole, { role: cluster.ownerRole, password: passwords.odoo, options: 'login createdb' });
  await sql(superuserUrl, createRole, { role: cluster.sidecarRole, password: passwords.gateway, options: 'login noinherit' });
  // The databases' owner may not create roles, so the reader role for gateway.grant_to is created here.
  await sql(superuserUrl, createReader, { role: cluster.sidecarRole, reader: `${cluster.sidecarRole}_reader` });
}
