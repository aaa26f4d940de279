// Provides what the parts `addon`, `http` and `e2e` need: Postgres, Odoo and the template database with the built addon.

import { ensureCluster } from '../stack/cluster.mjs';
import { keepInMemory } from '../stack/memory.mjs';
import { ensureWebClient } from '../stack/npm_packages.mjs';
import { ensureOdoo } from '../stack/odoo_prefix.mjs';
import { stopOrphans } from '../stack/processes.mjs';
import { ensureSystem } from '../stack/system.mjs';
import { ensureTemplate } from '../stack/templates.mjs';

/** @typedef {{parts: import('../stack/odoo.mjs').Parts, template: string}} RealParts template: the database that tests clone */

/**
 * A run prepares everything once and passes the result to its processes in this variable, because files may change meanwhile.
 */
const variable = 'API_GATEWAY_REAL_PARTS';

/**
 * Makes sure that everything is installed, built and running.
 * @param {{inMemory?: boolean}} [options] inMemory: databases cloned from the template are deleted after the run
 * @returns {Promise<RealParts>}
 */
export async function provideRealParts({ inMemory = false } = {}) {
  const known = process.env[variable];
  if (known) return JSON.parse(known);
  await ensureSystem(['odoo', 'postgres', 'browser']);
  await ensureWebClient();
  await stopOrphans();
  const parts = { odoo: await ensureOdoo(), cluster: await ensureCluster({ anyPort: true }) };
  const template = await ensureTemplate(parts);
  if (inMemory) parts.cluster = await keepInMemory(parts.cluster);
  const provided = { parts, template };
  process.env[variable] = JSON.stringify(provided);
  return provided;
}
