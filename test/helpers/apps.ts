// A template with more of Odoo's apps than the usual one, for soaks. It stays for the next run.

import { copyDatabase, deleteDatabase, inspectDatabase, markDatabase, renameDatabase } from '../../scripts/stack/databases.mjs';
import { updateModules } from '../../scripts/stack/odoo.mjs';
import { step } from '../../scripts/stack/report.mjs';
import { bringUpToDate } from '../../scripts/stack/templates.mjs';
import type { Real } from './instance.ts';

/** The name of the template. Installing the apps, with demo data, takes minutes. */
export async function templateWith(apps: readonly string[], { parts, template }: Real): Promise<string> {
  const { cluster } = parts;
  const name = `soak_${apps.join('_')}`;
  await step('Template database with more apps', async (progress) => {
    if ((await inspectDatabase(cluster, name))?.marker) return void (await bringUpToDate(parts, name, progress));
    const building = `${name}_building`;
    await deleteDatabase(cluster, building);
    await copyDatabase(cluster, template, building);
    await updateModules(parts, building, { install: [...apps], demo: true }, progress);
    const marker = (await inspectDatabase(cluster, template))?.marker;
    if (marker) await markDatabase(cluster, building, marker);
    await renameDatabase(cluster, building, name);
  });
  return name;
}
