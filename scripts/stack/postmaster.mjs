// The Postgres server process of this clone and its data folder. Postgres refuses to run as root, so it gets a user of its own,
// and a folder outside the clone if that user can't access the clone.

import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cloneKey, logDir, stackDir } from './paths.mjs';
import { chosenPort, freePort, isFree, portOf, requireFree } from './ports.mjs';
import { commandLineOf } from './proc.mjs';
import { Failure } from './report.mjs';
import { run } from './run.mjs';
import { serverBinDir } from './sql.mjs';
import { ensureState, readState } from './state.mjs';
import { elsewhere, isRoot } from './system.mjs';

const postgresUser = 'postgres';
const startTries = 20;

/**
 * @typedef {object} Server
 * @property {string} dir contains `data`, the log, and `complete` once the data is whole
 * @property {{uid: number, gid: number} | undefined} user undefined: the one that runs this
 */

/** @returns {Promise<Server>} */
export async function locateServer() {
  const user = await serverUser();
  return { dir: await serverDir(user), user };
}

/** The user as which Postgres runs, because it refuses to run as root. @returns {Promise<Server['user']>} */
async function serverUser() {
  if (!isRoot) return undefined;
  const id = (/** @type {string} */ flag) =>
    run('id', [flag, postgresUser], { doing: `Looking for the user ${postgresUser}`, hint: elsewhere });
  return { uid: Number(await id('-u')), gid: Number(await id('-g')) };
}

/**
 * A folder in the clone or, if Postgres's user can't access the clone, a private folder outside.
 * @param {Server['user']} user
 */
async function serverDir(user) {
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
  mkdirSync(dirname(outside), { recursive: true });
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  chownSync(outside, user.uid, user.gid);
  return outside;
}

/**
 * Creates the data folder if it does not exist. @param {Server} server @returns {Promise<boolean>} true if it was created now
 */
export async function makeServer({ dir, user }) {
  const data = join(dir, 'data');
  if (existsSync(join(dir, 'complete'))) {
    if (readState()) return false;
    // The data belongs to an earlier clone at this path, whose passwords are lost.
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
      doing: 'Creating the Postgres cluster',
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
    // Set as docs/admin.md advises, so that no query uses all memory of the machine.
    'work_mem = 16MB',
    'hash_mem_multiplier = 1',
    'temp_file_limit = 4GB',
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
  writeFileSync(join(dir, 'complete'), ''); // an interrupted initdb is repeated
  return true;
}

/**
 * @param {Server} server
 * @param {boolean} anyPort when the standard port is busy, take a free one instead of failing
 * @returns {Promise<{port: number, started: boolean}>}
 */
export async function startServer(server, anyPort) {
  const running = portOfServer(server);
  const wanted = chosenPort('postgres');
  if (running !== null && (wanted === null || wanted === running)) return { port: running, started: false };
  await stopServer(server, false);
  let port = portOf('postgres');
  if (anyPort && wanted === null && !(await isFree(port))) port = await freePort();
  await requireFree('postgres', port);
  const log = join(server.dir, 'server.log');
  const start = ['start', '-D', join(server.dir, 'data'), '-l', log, '-o', `-p ${port}`, '-w', '-t', '60'];
  for (let attempt = 1; ; attempt++) {
    try {
      await pgCtl(start, server.user);
      return { port, started: true };
    } catch (error) {
      const tail = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-25).join('\n') : '';
      // After a kill, the old server's children keep its shared memory until they notice.
      const waitsForOld = /already exists|still in use/.test(tail.split('\n').slice(-4).join('\n'));
      if (waitsForOld && attempt < startTries) await delay(500);
      else throw new Failure('Postgres did not start.', { tail, log, hint: startHint, cause: error });
    }
  }
}

const startHint = 'Read the log above; if its data is damaged, `npm run stack -- reset` creates a new cluster.';

/** @param {Server} server @param {boolean} immediately as a crash would */
export async function stopServer(server, immediately) {
  if (portOfServer(server) === null) return;
  const stop = ['stop', '-D', join(server.dir, 'data'), '-m', immediately ? 'immediate' : 'fast', '-w'];
  await pgCtl(stop, server.user).catch((error) => {
    if (portOfServer(server) !== null) throw error;
  });
}

/** The port of the running server, or null. @param {Server} server */
export function portOfServer({ dir }) {
  const data = join(dir, 'data');
  const path = join(data, 'postmaster.pid');
  if (!existsSync(path)) return null;
  const [pid, , , port] = readFileSync(path, 'utf8').split('\n');
  return commandLineOf(Number(pid)).includes(data) ? Number(port) || null : null;
}

/** @param {string[]} args @param {Server['user']} user */
function pgCtl(args, user) {
  return run(tool('pg_ctl'), args, { as: user, log: join(logDir, 'pg_ctl.log'), doing: `pg_ctl ${args[0]}` });
}

/** @param {string} name */
function tool(name) {
  const binDir = serverBinDir();
  if (!binDir) throw new Failure("Postgres's server programs are not installed.", { hint: elsewhere });
  return join(binDir, name);
}
