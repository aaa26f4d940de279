// What the parts `addon`, `http` and `e2e` stand on: Postgres, Odoo and the template database with the built addon.

import { ensureCluster } from '../stack/cluster.mjs';
import { ensureWebClient } from '../stack/npm_packages.mjs';
import { ensureOdoo } from '../stack/odoo_prefix.mjs';
import { stopOrphans } from '../stack/processes.mjs';
import { ensureSystem } from '../stack/system.mjs';
import { ensureTemplate } from '../stack/templates.mjs';

/**
 * Makes sure that all is installed, built and running; what is there already takes no time.
 * @returns {Promise<{parts: import('../stack/odoo.mjs').Parts, template: string}>} template: the database that tests clone
 */
export async function provideRealParts() {
  await ensureSystem(['odoo', 'postgres', 'browser']);
  await ensureWebClient();
  await stopOrphans();
  const parts = { odoo: await ensureOdoo(), cluster: await ensureCluster({ anyPort: true }) };
  return { parts, template: await ensureTemplate(parts) };
}
