// The stack as a library, for tests and benchmarks: real Postgres, real Odoo, real sidecars, as many as wanted.
// Types: index.d.mts.

import { ensureCluster } from './cluster.mjs';
import { cloneTemplate, deleteDatabase, inspectDatabase, sidecarUrl } from './databases.mjs';
import { startOdooServer } from './odoo.mjs';
import { ensureOdoo } from './odoo_prefix.mjs';
import { stopOrphans } from './processes.mjs';
import { Failure } from './report.mjs';
import { withDatabase } from './sql.mjs';
import { ensureState } from './state.mjs';
import { ensureTemplate as ensureTemplateOf } from './templates.mjs';

export { clusterPort, ensureCluster, stopCluster } from './cluster.mjs';
export { bringUp, inspectInstance, takeDown, wipe } from './instance.mjs';
export { ensureNpmPackages, ensureWebClient } from './npm_packages.mjs';
export { ensureOdoo } from './odoo_prefix.mjs';
export { freePort } from './ports.mjs';
export { nodeBin, startSidecar } from './sidecar.mjs';
export { sql, withDatabase } from './sql.mjs';
export { ensureSystem } from './system.mjs';

/** @type {Promise<import('./odoo.mjs').Parts> | undefined} */
let parts;

/** Odoo and a running cluster; found once per process. */
export function ensureParts() {
  parts ??= (async () => {
    await stopOrphans();
    return { odoo: await ensureOdoo(), cluster: await ensureCluster({ anyPort: true }) };
  })();
  return parts;
}

/** @type {Promise<string> | undefined} */
let template;

export function ensureTemplate() {
  template ??= ensureParts().then(ensureTemplateOf);
  return template;
}

/** @param {string} name */
export async function createDatabase(name) {
  const { cluster } = await ensureParts();
  const source = await ensureTemplate();
  const existing = await inspectDatabase(cluster, name);
  if (existing && !existing.marker) throw new Failure(`The database ${name} was not made by this stack.`);
  await deleteDatabase(cluster, name); // left by a run that was killed
  await cloneTemplate(cluster, source, name);
  return {
    name,
    ownerUrl: withDatabase(cluster.ownerUrl, name),
    superuserUrl: cluster.superuserUrl && withDatabase(cluster.superuserUrl, name),
    sidecarUrl: sidecarUrl(cluster, name),
    admin: { login: 'admin', password: 'admin' },
    keys: ensureState().keys,
  };
}

/** @param {string} name */
export async function dropDatabase(name) {
  const { cluster } = await ensureParts();
  if ((await inspectDatabase(cluster, name))?.marker) await deleteDatabase(cluster, name);
}

/** @param {import('./odoo.mjs').OdooOptions} options */
export async function startOdoo(options) {
  return startOdooServer(await ensureParts(), options);
}
