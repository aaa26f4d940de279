import type { Queryable } from './pool.ts';

const statement = {
  name: 'privileges',
  text: `
    select
      has_database_privilege(current_database(), 'create') as "create schemas",
      has_database_privilege(current_database(), 'temporary') as "create temporary tables",
      has_schema_privilege('public', 'create') as "create tables beside Odoo's",
      (select rolsuper from pg_roles where rolname = current_user) as "do everything, being a superuser"`,
};

/** Describes rights of the sidecar's role that are not in `gateway.contract`. */
export async function excessPrivileges(db: Queryable): Promise<string[]> {
  const [row] = await db.query<Record<string, boolean>>(statement, []);
  return Object.entries(row ?? {}).flatMap(([privilege, held]) => (held ? [privilege] : []));
}
