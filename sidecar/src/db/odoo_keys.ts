import type { Queryable } from './pool.ts';

/** A row of Odoo's `res.users.apikeys`. */
export interface OdooKeyRow {
  readonly id: number;
  readonly userId: number;
  readonly name: string;
  /** passlib's `$pbkdf2-sha512$…`. */
  readonly hash: string;
  readonly scope: string | null;
  readonly expiresAt: Date | null;
}

const statement = {
  name: 'odoo_keys',
  text: `
    select id, user_id as "userId", name, hash, scope, expires_at as "expiresAt"
    from gateway.odoo_keys($1)`,
};

/** @param index the first eight characters of the key, the only part that Odoo stores in plain text */
export function findOdooKeys(db: Queryable, index: string): Promise<OdooKeyRow[]> {
  return db.query<OdooKeyRow>(statement, [index]);
}
