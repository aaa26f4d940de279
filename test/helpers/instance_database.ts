// The databases of instances: clones of the template.

import pg from 'pg';
import { cloneTemplate, inspectDatabase } from '../../scripts/stack/databases.mjs';
import { withDatabase } from '../../scripts/stack/sql.mjs';
import type { InstanceOptions, Real } from './instance.ts';

let made = 0;

/** The version of a database's models. Odoo's workers load the models again if it differs from theirs. */
export const modelsVersion = 'select max(id) as version from orm_signaling_registry';

export interface Database {
  name: string;
  /**
   * For 'one of its name', the database gets the name that an earlier file's database had. It is a clone of the same template,
   * so Odoo's loaded models are still valid, which saves seconds. A database whose models were changed is kept until its part
   * of the tests (such as `http`) ends, so its name is not reused.
   */
  use: 'shared' | 'one of its name' | 'own';
  /** The version of the database's models when it was created. */
  models?: number;
}

export async function makeDatabase(real: Real, options: InstanceOptions, sharedOdoo: boolean): Promise<Database> {
  const { cluster } = real.parts;
  const { prefix } = real;
  if (options.shared) {
    if (prefix === undefined) throw new Error('This part has no shared database.');
    const name = `${prefix}_shared`;
    // Files run one after the other, so only the first of them has to create it.
    if ((await inspectDatabase(cluster, name)) === null) await clone(real, name, options);
    return { name, use: 'shared' };
  }
  if (prefix === undefined || !sharedOdoo) {
    made += 1;
    const name = `test_${process.pid}_${made}`;
    await clone(real, name, options);
    return { name, use: 'own' };
  }
  let name: string;
  do {
    made += 1;
    name = `${prefix}_${made}`;
  } while ((await inspectDatabase(cluster, name)) !== null);
  return { name, use: 'one of its name', models: await clone(real, name, options) };
}

/** The version of the models in the new database. */
async function clone(real: Real, database: string, { limits }: InstanceOptions): Promise<number> {
  const { cluster } = real.parts;
  await cloneTemplate(cluster, real.template, database);
  const client = new pg.Client({ connectionString: withDatabase(cluster.ownerUrl, database) });
  await client.connect();
  try {
    await dropCaches(client);
    await keepNoFailures(client);
    if (!limits) await liftLimits(client);
    return (await client.query<{ version: number }>(modelsVersion)).rows[0]?.version ?? 0;
  } finally {
    await client.end();
  }
}

/**
 * Odoo's workers drop their caches of a database if its version numbers differ from theirs, so each database gets different
 * numbers.
 */
async function dropCaches(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class
      where relkind = 'r' and relname like 'orm_signaling_%' and relname <> 'orm_signaling_registry'`,
  );
  const number = Math.floor(Date.now() / 1000);
  for (const { name } of rows) {
    await client.query(`select setval(pg_get_serial_sequence($1, 'id'), $2)`, [name, number]);
    await client.query(`insert into ${pg.escapeIdentifier(name)} default values`);
  }
}

/** A worker that keeps its loaded models also keeps its count of failed logins, and those of an earlier file must not count. */
async function keepNoFailures(client: pg.Client): Promise<void> {
  await client.query(
    `insert into ir_config_parameter (key, value) values ('base.login_cooldown_after', '0')
     on conflict (key) do update set value = excluded.value`,
  );
}

async function liftLimits(client: pg.Client): Promise<void> {
  await client.query(
    `update gateway.setting set value = '0'
     where name in ('throttle.limit', 'throttle.anonymous', 'throttle.login', 'throttle.token', 'throttle.failed')`,
  );
}
