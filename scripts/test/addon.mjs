// The addon's Python tests, in Odoo's own runner, on a database cloned from the template.

import { cloneTemplate, deleteDatabase } from '../stack/databases.mjs';
import { writeConfig } from '../stack/odoo.mjs';
import { freePort } from '../stack/ports.mjs';
import { lastLines } from './checks.mjs';
import { execute } from './execute.mjs';
import { provideRealParts } from './real_parts.mjs';

/**
 * @param {string[]} filters classes, or class.method
 * @param {string} log
 * @param {(line: string) => void} onLine
 * @returns {Promise<import('./checks.mjs').Result>}
 */
export async function runAddonTests(filters, log, onLine) {
  const { parts, template } = await provideRealParts();
  const database = `test_addon_${process.pid}`;
  await cloneTemplate(parts.cluster, template, database);
  try {
    const options = {
      db_name: database,
      workers: 0,
      http_port: await freePort(),
      gevent_port: await freePort(),
      max_cron_threads: 0,
    };
    const config = writeConfig(parts, database, options);
    const tags = filters.length === 0 ? '/api_gateway' : filters.map((name) => `/api_gateway:${name}`).join(',');
    const [command = '', ...first] = parts.odoo.command;
    const args = [...first, 'server', '--config', config, '--test-tags', tags, '--stop-after-init'];
    const { code, output } = await execute(command, args, { env: parts.odoo.env, log, onLine });
    return countTests(code, output);
  } finally {
    await deleteDatabase(parts.cluster, database);
  }
}

/**
 * Reads Odoo's log. The last line counts the tests, e.g. "1 failed, 0 error(s) of 12 tests when loading database".
 * @param {number} code
 * @param {string} output
 */
export function countTests(code, output) {
  const closing = /(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database/.exec(output);
  const [failures, errors, all] = (closing ?? ['', 0, 0, 0]).slice(1).map(Number);
  const skipped = (output.match(/ odoo\.addons\.api_gateway\.tests\.\S+: skipped /g) ?? []).length;
  const failed = Math.max((failures ?? 0) + (errors ?? 0), code === 0 ? 0 : 1);
  const faults = output.split(/\n(?=\d{4}-\d\d-\d\d )/).filter((entry) => / (ERROR|CRITICAL) /.test(entry));
  return {
    passed: Math.max(0, (all ?? 0) - (failures ?? 0) - (errors ?? 0) - skipped),
    failed,
    skipped,
    problems: failed > 0 ? [lastLines(faults.length > 0 ? faults.join('\n') : output)] : [],
  };
}
