import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

/**
 * `channel`: to Odoo; `jwt`: tokens; `consent`: requests that Odoo shows to a user; `cursor`: pages of lists; `confirmation`:
 * writes to which a person agrees.
 */
export type Purpose = 'channel' | 'jwt' | 'consent' | 'cursor' | 'confirmation';

export interface Secret {
  readonly kid: string;
  readonly value: Buffer;
  /** The end of a rotated secret's overlap; null for the one used for signing. */
  readonly expiresAt: Date | null;
}

const statement = {
  name: 'secrets',
  text: `
    select kid, value, expires_at as "expiresAt"
    from gateway.secrets($1)`,
};

/** The valid secrets for a purpose, beginning with the one for signing. If there is none, the database generates one. */
export function readSecrets(db: Queryable, purpose: Purpose): Promise<Secret[]> {
  return db.query<Secret>(statement, [purpose]);
}

export async function readNewestSecret(db: Queryable, purpose: 'channel'): Promise<Secret> {
  const [newest] = await readSecrets(db, purpose);
  if (newest === undefined) throw new GatewayError('database.not_prepared');
  return newest;
}
