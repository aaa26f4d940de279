// The sidecar's own database object for an instance, in this process, for tests that must watch it from inside.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Database } from '../../sidecar/src/db/database.ts';
import { schemaVersion } from '../../sidecar/src/db/schema_version.ts';
import { createLog } from '../../sidecar/src/log.ts';
import type { Instance } from './instance.ts';
import { until } from './wait.ts';

/** Returns when the database is ready. The caller must end it: `await database.leave(); await database.close()`. */
export async function openDatabase(gateway: Instance): Promise<Database> {
  const instance = randomUUID();
  const database = new Database({
    name: gateway.database,
    url: gateway.sidecarDatabaseUrl,
    listenUrl: gateway.sidecarDatabaseUrl,
    poolSize: 4,
    heartbeat: () => ({
      instance,
      name: 'test',
      host: hostname(),
      pid: process.pid,
      address: '',
      version: '0',
      schemaVersion,
      state: {},
    }),
    onMismatch: (sentence) => {
      throw new Error(sentence);
    },
    log: createLog('warn'),
  });
  database.start();
  await until('the database is ready', () => database.state === 'ready');
  return database;
}
