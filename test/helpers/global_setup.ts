// Before the files of `http` and `e2e`: starts one Odoo (2 workers) that serves all databases of the tests.

import type { TestProject } from 'vitest/node';
import { deleteDatabases } from '../../scripts/stack/databases.mjs';
import { startOdooServer } from '../../scripts/stack/odoo.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Real } from './instance.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    real: Real;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { parts, template } = await provideRealParts();
  const odoo = await startOdooServer(parts, {
    name: `odoo-${project.name}-${process.pid}`,
    databases: [], // every database that a request names
    extraArgs: [
      '--load=base,rpc,web,bus', // the WebSocket's health check names no database
      '--max-cron-threads=0', // a cron worker would stay connected to databases that are being dropped
    ],
  });
  const prefix = `test_${process.pid}`;
  project.provide('real', { parts, template, sharedOdooUrl: odoo.url, prefix });
  return async () => {
    await odoo.stop();
    await deleteDatabases(parts.cluster, `${prefix}_`);
  };
}
