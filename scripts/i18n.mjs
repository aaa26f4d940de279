// npm run i18n: renews the translation template from the code, by Odoo's own export, and merges it into each language.
//
// New strings have no translation yet: fill them in. `npm test -- addon TestTranslations` names them.

import { join } from 'node:path';
import { cloneTemplate, deleteDatabase } from './stack/databases.mjs';
import { ensureNpmPackages } from './stack/npm_packages.mjs';
import { writeConfig } from './stack/odoo.mjs';
import { addonDir, logDir, rootDir } from './stack/paths.mjs';
import { explain, say, step } from './stack/report.mjs';
import { run } from './stack/run.mjs';

try {
  await ensureNpmPackages();
  const { provideRealParts } = await import('./test/real_parts.mjs');
  const { parts, template } = await provideRealParts();
  const database = `i18n_${process.pid}`;
  await cloneTemplate(parts.cluster, template, database);
  try {
    const [odoo = '', ...first] = parts.odoo.command;
    const config = writeConfig(parts, database, { db_name: database, workers: 0 });
    const options = { env: parts.odoo.env, log: join(logDir, 'i18n.log') };
    await step('Export', () =>
      run(odoo, [...first, 'i18n', 'export', '--config', config, '--database', database, 'api_gateway'], {
        ...options,
        doing: 'Exporting the strings',
      }),
    );
    const merge = join(rootDir, 'scripts/i18n/merge.py');
    const summary = await run('/usr/bin/python3', [merge, join(addonDir, 'i18n')], { ...options, doing: 'Merging' });
    say(summary.trim());
  } finally {
    await deleteDatabase(parts.cluster, database);
  }
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
