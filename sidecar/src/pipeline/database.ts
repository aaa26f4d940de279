// Chooses the database of a request, and makes sure that its caches are still valid.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Policy, RequestContext } from './context.ts';

/** The database that `X-Odoo-Database` names; without this header, the first one. */
export function chosenDatabase(databases: readonly [Database, ...Database[]]): Policy {
  const byName = new Map(databases.map((database) => [database.name, database]));
  return {
    appliesTo: ['anonymous', 'authenticated', 'preflight'],
    check(context: RequestContext): undefined | Promise<void> {
      const name = context.request.headers['x-odoo-database'];
      const database = name === undefined ? databases[0] : byName.get(String(name));
      if (database === undefined) {
        throw new GatewayError('database.unknown', {
          message: `The database "${String(name)}" is not served here.`,
          details: { database: name },
        });
      }
      context.database = database;
      return database.ensureFresh();
    },
  };
}
