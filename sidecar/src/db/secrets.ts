import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

export interface Secret {
  readonly kid: string;
  readonly value: Buffer;
}

const statement = {
  name: 'secrets',
  text: `
    select kid, value
    from gateway.secrets($1)`,
};

/** The secret to sign with. The first sidecar that asks for a purpose makes the database generate one. */
export async function readNewestSecret(db: Queryable, purpose: 'channel'): Promise<Secret> {
  const [newest] = await db.query<Secret>(statement, [purpose]);
  if (newest === undefined) throw new GatewayError('database.not_prepared');
  return newest;
}
