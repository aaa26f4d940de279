// The sidecar's own view of an instance's database, in this process, for facts that can only be watched from inside.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Database } from '../../sidecar/src/db/database.ts';
import { schemaVersion } from '../../sidecar/src/db/schema_version.ts';
import { createLog } from '../../sidecar/src/log.ts';
import type { Instance } from './instance.ts';
import { until } from './wait.ts';

/** Ready when this returns. The caller ends it: `await database.leave(); await database.close()`. */
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
