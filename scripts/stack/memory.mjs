// Keeps the databases of tests in memory. A clone of the template consists of thousands of small files; creating it takes a tenth
// of the time there.

import { chownSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { deleteDatabase } from './databases.mjs';
import { cloneKey } from './paths.mjs';
import { locateServer } from './postmaster.mjs';
import { sql } from './sql.mjs';

const tablespace = 'memory';
const shared = '/dev/shm';
const dir = join(shared, `api-gateway-${cloneKey}`);
const neededBytes = 3 * 1024 ** 3;

/** @typedef {import('./cluster.mjs').Cluster} Cluster */

/**
 * Creates the tablespace in memory. On a machine where this is impossible, or on another server, databases are on disk. @param
 * {Cluster} cluster @returns {Promise<Cluster>} the same with the tablespace
 */
export async function keepInMemory(cluster) {
  if (!cluster.superuserUrl) return cluster;
  await leaveMemory(cluster);
  if (!hasRoom()) return cluster;
  const { user } = await locateServer();
  mkdirSync(dir, { mode: 0o700 });
  if (user) chownSync(dir, user.uid, user.gid);
  await sql(cluster.superuserUrl, 'create tablespace :"tablespace" location :\'dir\'', { tablespace, dir });
  await sql(cluster.superuserUrl, 'grant create on tablespace :"tablespace" to :"owner"', {
    tablespace,
    owner: cluster.ownerRole,
  });
  return { ...cluster, tablespace };
}

/** Deletes the databases in memory, including those of a run that was killed. @param {Cluster} cluster */
export async function leaveMemory(cluster) {
  if (!cluster.superuserUrl) return;
  const names = await sql(
    cluster.superuserUrl,
    "select datname from pg_database d join pg_tablespace t on t.oid = d.dattablespace where t.spcname = :'tablespace'",
    { tablespace },
  );
  for (const name of names.split('\n').filter(Boolean)) await deleteDatabase(cluster, name);
  await sql(cluster.superuserUrl, 'drop tablespace if exists :"tablespace"', { tablespace });
  rmSync(dir, { recursive: true, force: true });
}

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(shared);
    return bavail * bsize > neededBytes;
  } catch {
    return false;
  }
}
