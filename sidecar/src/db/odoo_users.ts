import type { Queryable } from './pool.ts';

export interface OdooUser {
  readonly id: number;
  readonly login: string;
  readonly name: string;
  readonly active: boolean;
  /** Portal and public users. */
  readonly share: boolean;
}

const statement = {
  name: 'odoo_user',
  text: `
    select id, login, name, active, share
    from gateway.odoo_user($1)`,
};

export async function findOdooUser(db: Queryable, id: number): Promise<OdooUser | undefined> {
  const [user] = await db.query<OdooUser>(statement, [id]);
  return user;
}
