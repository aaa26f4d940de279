import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

export interface Identity {
  readonly name: string;
  /** Odoo's `database.uuid`, which changes when a database is duplicated. */
  readonly uuid: string;
  readonly schemaVersion: number;
}

const statement = {
  name: 'identity',
  text: `
    select name, uuid, schema_version as "schemaVersion"
    from gateway.database()`,
};

/** Reads the database's identity. Throws `database.not_prepared` if the addon is not installed. */
export async function readIdentity(db: Queryable): Promise<Identity> {
  const [row] = await db.query<{ [K in keyof Identity]: Identity[K] | null }>(statement, []);
  const { name, uuid, schemaVersion } = row ?? {};
  if (!name || !uuid || schemaVersion == null) throw new GatewayError('database.not_prepared');
  return { name, uuid, schemaVersion };
}
