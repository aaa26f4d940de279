// Databases of Odoo: cloned with their files from a template, and marked with the fingerprints of their sources.

import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataDir } from './odoo.mjs';
import { Failure } from './report.mjs';
import { sql, withDatabase } from './sql.mjs';

/** @typedef {import('./cluster.mjs').Cluster} Cluster */

/**
 * The fingerprints of a database's sources, stored as a comment on the database, so that they disappear with it.
 * @typedef {object} Marker
 * @property {'api-gateway-stack'} made_by
 * @property {string} base fingerprint of Odoo and the module list
 * @property {string} addon fingerprint of the installed addon, '' without it yet
 * @property {string} prepared fingerprint of users, keys and web assets
 */

/** @param {string} database */
export const filestoreOf = (database) => join(dataDir, 'filestore', database);

/**
 * @param {Cluster} cluster
 * @param {string} database
 * @returns {Promise<{marker: Marker | null} | null>} null when there is no such database, a null marker when it is not ours
 */
export async function inspectDatabase(cluster, database) {
  const found = await sql(
    cluster.ownerUrl,
    "select json_build_object('comment', shobj_description(oid, 'pg_database')) from pg_database where datname = :'database'",
    { database },
  );
  if (!found) return null;
  try {
    const marker = JSON.parse(JSON.parse(found).comment);
    return { marker: marker?.made_by === 'api-gateway-stack' ? marker : null };
  } catch {
    return { marker: null };
  }
}

/** @param {Cluster} cluster @param {string} database @param {Omit<Marker, 'made_by'>} marker */
export async function markDatabase(cluster, database, marker) {
  const text = JSON.stringify({ made_by: 'api-gateway-stack', ...marker });
  await sql(cluster.ownerUrl, 'comment on database :"database" is :\'text\'', { database, text });
}

/**
 * @param {Cluster} cluster @param {string} source @param {string} target must not exist
 */
export async function copyDatabase(cluster, source, target) {
  // A template can't be copied while someone is connected to it; Odoo's cron workers connect to each database from time to time.
  for (let attempt = 1; ; attempt++) {
    try {
      const { tablespace = '' } = cluster;
      const where = tablespace ? ' tablespace :"tablespace" strategy file_copy' : '';
      await sql(cluster.ownerUrl, `create database :"target" template :"source"${where}`, { source, target, tablespace });
      break;
    } catch (error) {
      const busy = error instanceof Failure && error.tail?.includes('is being accessed by other users');
      if (!busy || attempt === 20) throw error;
      await delay(250);
    }
  }
  rmSync(filestoreOf(target), { recursive: true, force: true });
  linkTree(filestoreOf(source), filestoreOf(target));
}

/**
 * Clones a database and gives it a new identity: two databases must not share a uuid.
 * @param {Cluster} cluster @param {string} template @param {string} database
 */
export async function cloneTemplate(cluster, template, database) {
  const building = `${database}_building`; // a database gets its name last, so that an interrupted run leaves no incomplete one under that name
  await deleteDatabase(cluster, building);
  await copyDatabase(cluster, template, building);
  const renew =
    "update ir_config_parameter set value = gen_random_uuid()::text where key in ('database.uuid', 'database.secret')";
  await sql(withDatabase(cluster.ownerUrl, building), renew);
  await grantSidecar(cluster, building);
  const marker = (await inspectDatabase(cluster, template))?.marker;
  if (marker) await markDatabase(cluster, building, marker);
  await renameDatabase(cluster, building, database);
}

/** @param {Cluster} cluster @param {string} database @param {string} name must not exist */
export async function renameDatabase(cluster, database, name) {
  rmSync(filestoreOf(name), { recursive: true, force: true });
  if (existsSync(filestoreOf(database))) renameSync(filestoreOf(database), filestoreOf(name));
  await sql(cluster.ownerUrl, 'alter database :"database" rename to :"name"', { database, name });
}

/** @param {Cluster} cluster @param {string} database */
export async function deleteDatabase(cluster, database) {
  // The owner may not end the sessions of the sidecar's role.
  await sql(cluster.superuserUrl ?? cluster.ownerUrl, 'drop database if exists :"database" with (force)', { database });
  rmSync(filestoreOf(database), { recursive: true, force: true });
}

/** @param {Cluster} cluster @param {string} prefix of the names of the databases to delete */
export async function deleteDatabases(cluster, prefix) {
  const names = await sql(cluster.ownerUrl, "select datname from pg_database where starts_with(datname, :'prefix')", { prefix });
  for (const name of names.split('\n').filter(Boolean)) await deleteDatabase(cluster, name);
}

/**
 * Gives the sidecar's role its rights; rights on the database itself are not copied with a template.
 * @param {Cluster} cluster @param {string} database
 */
export async function grantSidecar(cluster, database) {
  await sql(withDatabase(cluster.ownerUrl, database), "select gateway.grant_to(:'role')", { role: cluster.sidecarRole });
}

/** The sidecar's connection string for a database. @param {Cluster} cluster @param {string} database */
export function sidecarUrl(cluster, database) {
  const url = new URL(withDatabase(cluster.ownerUrl, database));
  url.username = cluster.sidecarRole;
  url.password = cluster.sidecarPassword;
  return url.href;
}

/**
 * Copies a folder by hard links: Odoo names files by their content and never changes one.
 * @param {string} source @param {string} target
 */
function linkTree(source, target) {
  if (!existsSync(source)) return;
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) linkTree(from, to);
    else linkSync(from, to);
  }
}
