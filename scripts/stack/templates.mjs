// The two templates of all databases: `base` (Odoo, its apps, demo data; built once per Odoo
// version and kept in the cache that clones share) and `gateway` (base and our addon, built per clone).

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  copyDatabase,
  deleteDatabase,
  filestoreOf,
  grantSidecar,
  inspectDatabase,
  markDatabase,
  renameDatabase,
} from './databases.mjs';
import { fingerprint, hashOf } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { runInShell, updateModules } from './odoo.mjs';
import { addonDir, cacheDir, logDir, stackDir } from './paths.mjs';
import { Failure, step } from './report.mjs';
import { run } from './run.mjs';
import { connectionEnv, postgresTool, sql, withDatabase } from './sql.mjs';
import { ensureState } from './state.mjs';

const modules = ['contacts', 'sale_management', 'project'];
const prepareFile = join(dirname(fileURLToPath(import.meta.url)), 'prepare_database.py');

/** @typedef {import('./odoo.mjs').Parts} Parts */

/**
 * Makes sure that the template with the addon exists, and returns its name.
 * @param {Parts} parts
 * @returns {Promise<string>}
 */
export async function ensureTemplate(parts) {
  const wanted = wantedMarker(parts);
  const name = `${parts.cluster.templatePrefix}_gateway_${hashOf([wanted.base, wanted.addon])}`;
  await step('Template database', (progress) =>
    withLock(join(stackDir, 'template.lock'), async () => {
      const known = await inspectDatabase(parts.cluster, name);
      if (known?.marker && isCurrent(known.marker, wanted)) return progress.note('unchanged');
      if (known?.marker) {
        progress.progress('web assets');
        return bringUpToDate(parts, name, progress);
      }
      const base = await ensureBase(parts, progress);
      const building = `${name}_building`;
      await deleteDatabase(parts.cluster, building);
      await deleteDatabase(parts.cluster, name);
      await copyDatabase(parts.cluster, base, building);
      await markDatabase(parts.cluster, building, { base: wanted.base, addon: '', prepared: '' });
      await bringUpToDate(parts, building, progress);
      await deleteTemplates(parts, base);
      await renameDatabase(parts.cluster, building, name);
    }),
  );
  return name;
}

/**
 * Installs or upgrades the addon in a database, renews users, keys and web assets, each only if it is out of date. @param {Parts}
 * parts
 * @param {string} database
 * @param {import('./report.mjs').Step} progress
 * @returns {Promise<boolean>} true if something was done
 */
export async function bringUpToDate(parts, database, progress) {
  const { cluster } = parts;
  const wanted = wantedMarker(parts);
  const marker = (await inspectDatabase(cluster, database))?.marker;
  if (!marker) {
    throw new Failure(`The database ${database} was not created by this stack, so it is not touched.`, {
      hint: 'Choose another name: STACK_DATABASE=<name>.',
    });
  }
  if (isCurrent(marker, wanted)) return false;
  if (marker.addon !== wanted.addon) {
    const installed = await sql(
      withDatabase(cluster.ownerUrl, database),
      "select state from ir_module_module where name = 'api_gateway'",
    );
    const what =
      installed === 'installed' || installed === 'to upgrade' ? { upgrade: ['api_gateway'] } : { install: ['api_gateway'] };
    await updateModules(parts, database, what, progress);
    await requireInstalled(parts, database, ['api_gateway']);
    await grantSidecar(cluster, database);
  }
  if (marker.prepared !== wanted.prepared) {
    progress.progress('users, keys, web assets');
    await prepare(parts, database, true);
  }
  await markDatabase(cluster, database, wanted);
  return true;
}

/** @param {Parts} parts @param {string} database @param {boolean} addon */
function prepare(parts, database, addon) {
  return runInShell(parts, database, prepareFile, {
    STACK_PREPARE: JSON.stringify({ addon, keys: ensureState().keys }),
  });
}

/**
 * Makes sure that the template without the addon exists, and returns its name.
 * @param {Parts} parts
 * @returns {Promise<string>}
 */
export function ensureBaseTemplate(parts) {
  return step('Template database without the addon', (progress) =>
    withLock(join(stackDir, 'template.lock'), () => ensureBase(parts, progress)),
  );
}

/** The fingerprints of the current sources. @param {Parts} parts */
function wantedMarker({ odoo }) {
  return {
    base: baseKey(odoo),
    addon: fingerprint([addonDir], ['static', 'tests']),
    prepared: hashOf([
      fingerprint([join(addonDir, 'static'), join(addonDir, '__manifest__.py'), prepareFile]),
      ensureState().keys,
    ]),
  };
}

/** @param {{addon: string, prepared: string}} marker @param {{addon: string, prepared: string}} wanted */
const isCurrent = (marker, wanted) => marker.addon === wanted.addon && marker.prepared === wanted.prepared;

/** @param {import('./odoo_prefix.mjs').Odoo} odoo */
const baseKey = (odoo) => hashOf([odoo.version, modules, 'with web assets']);

/**
 * @param {Parts} parts
 * @param {import('./report.mjs').Step} progress
 */
async function ensureBase(parts, progress) {
  const { cluster, odoo } = parts;
  const key = baseKey(odoo);
  const name = `${cluster.templatePrefix}_base_${key}`;
  if ((await inspectDatabase(cluster, name))?.marker) return name;
  const cached = join(cacheDir, 'templates', key);
  await deleteDatabase(cluster, name);
  await sql(cluster.ownerUrl, "create database :\"name\" template template0 encoding 'UTF8' lc_collate 'C'", { name });
  if (existsSync(cached)) await restore(cluster, name, cached, progress);
  else {
    await withLock(join(cacheDir, 'templates.lock'), async () => {
      if (existsSync(cached)) return restore(cluster, name, cached, progress);
      await updateModules(parts, name, { install: modules, demo: true }, progress);
      await requireInstalled(parts, name, modules);
      progress.progress('web assets');
      await prepare(parts, name, false);
      progress.progress('keeping it for other clones');
      await dump(cluster, name, cached);
    });
  }
  await markDatabase(cluster, name, { base: key, addon: '', prepared: '' });
  return name;
}

/** @param {Parts['cluster']} cluster @param {string} database @param {string} cached */
async function dump(cluster, database, cached) {
  const partial = `${cached}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const options = {
    env: connectionEnv(withDatabase(cluster.ownerUrl, database)),
    log: join(logDir, 'dump.log'),
    doing: 'Dumping the template',
  };
  await run(
    postgresTool('pg_dump'),
    ['--format=custom', '--compress=1', '--no-owner', '--no-privileges', `--file=${join(partial, 'database.dump')}`],
    options,
  );
  await run('tar', ['-C', filestoreOf(database), '-cf', join(partial, 'filestore.tar'), '.'], {
    doing: 'Packing the filestore',
  });
  renameSync(partial, cached);
}

/** @param {Parts['cluster']} cluster @param {string} database @param {string} cached @param {import('./report.mjs').Step} progress */
async function restore(cluster, database, cached, progress) {
  progress.progress('restoring it from the cache');
  await run(
    postgresTool('pg_restore'),
    [
      '--no-owner',
      '--no-privileges',
      '--no-comments',
      '--exit-on-error',
      '--jobs=2',
      `--dbname=${database}`,
      join(cached, 'database.dump'),
    ],
    {
      env: connectionEnv(withDatabase(cluster.ownerUrl, database)),
      log: join(logDir, 'restore.log'),
      doing: 'Restoring the template from the cache',
      hint: `Delete ${cached} and run this again: it will be built again.`,
    },
  );
  mkdirSync(filestoreOf(database), { recursive: true });
  await run('tar', ['-C', filestoreOf(database), '-xf', join(cached, 'filestore.tar')], {
    doing: 'Unpacking the filestore',
  });
}

/**
 * Checks that modules are installed, because Odoo exits with 0 even if one could not be. @param {Parts} parts @param {string}
 * database @param {string[]} names
 */
async function requireInstalled(parts, database, names) {
  const url = withDatabase(parts.cluster.ownerUrl, database);
  const installed = (await sql(url, "select name from ir_module_module where state = 'installed'")).split('\n');
  const missing = names.filter((name) => !installed.includes(name));
  if (missing.length === 0) return;
  throw new Failure(`Odoo did not install ${missing.join(', ')} in the database ${database}.`, {
    log: join(logDir, `update-${database}.log`),
    hint: 'The log says why. Fix it, then run this again.',
  });
}

/**
 * Deletes this clone's templates: those of earlier versions of the code, or all.
 * @param {Pick<Parts, 'cluster'>} parts
 * @param {string} [kept] the base template in use
 */
export async function deleteTemplates({ cluster }, kept) {
  const names = await sql(cluster.ownerUrl, "select datname from pg_database where datname like :'pattern'", {
    pattern: `${cluster.templatePrefix.replaceAll('_', '\\_')}\\_%`,
  });
  for (const name of names.split('\n').filter((name) => name && name !== kept && !name.endsWith('_building')))
    await deleteDatabase(cluster, name);
}
