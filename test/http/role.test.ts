// The sidecar's role can use everything in gateway.contract, and nothing else.

import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const role = new pg.Pool({ connectionString: gateway.sidecarDatabaseUrl, max: 2 });
afterAll(() => role.end());

/** The SQLSTATE that a statement fails with, in a transaction that never commits. */
async function fault(statement: string): Promise<string | undefined> {
  const client = await role.connect();
  try {
    await client.query('begin');
    await client.query("set local statement_timeout = '5s'");
    await client.query(statement);
    return undefined;
  } catch (error) {
    return error instanceof pg.DatabaseError ? error.code : String(error);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const denied = '42501';
/** The errors of Postgres for writing to a view that is not based on exactly one table. They are the same for every role. */
const noSuchThing = new Set(['55000', '42809']);
const privileges = {
  select: (table: string) => `select from ${table} limit 0`,
  insert: (table: string) => `insert into ${table} default values`,
  update: (table: string, column: string) => `update ${table} set ${column} = ${column} where false`,
  delete: (table: string) => `delete from ${table} where false`,
  truncate: (table: string) => `truncate ${table}`,
};

interface Table {
  kind: string;
  name: string;
  schema: string;
  quoted: string;
  column: string;
}

const tables = await gateway.sql<Table & pg.QueryResultRow>(
  `select c.relkind::text as kind, c.relname as name, n.nspname as schema, format('%I.%I', n.nspname, c.relname) as quoted,
     (select quote_ident(a.attname) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
      order by a.attnum limit 1) as column
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
   order by 2, 1`,
);
const contract = await gateway.sql<{ kind: string; name: string; privileges: string }>(
  'select kind, name, privileges from gateway.contract',
);
const granted = new Map(
  contract.filter(({ kind }) => kind === 'table').map(({ name, privileges: list }) => [name, new Set(list.split(/,\s*/))]),
);

test('there are tables to test', () => {
  expect(tables.filter(({ schema }) => schema === 'public').length).toBeGreaterThan(300);
  expect(tables.filter(({ schema }) => schema === 'gateway').length).toBeGreaterThan(5);
});

test.each(Object.keys(privileges) as (keyof typeof privileges)[])(
  '%s is granted on exactly the tables for which the contract lists it',
  async (privilege) => {
    const wrong: string[] = [];
    for (const { kind, schema, name, quoted, column } of tables) {
      const may = schema === 'gateway' && granted.get(name)?.has(privilege) === true;
      const code = await fault(privileges[privilege](quoted, column));
      // If the insert is granted, inserting only defaults fails for another reason, such as a column that may not be null.
      const impossible = kind === 'v' && noSuchThing.has(code ?? '');
      if (may ? code === denied : code !== denied && !impossible) wrong.push(`${privilege} ${quoted}: ${code ?? 'done'}`);
    }
    expect(wrong).toEqual([]);
  },
);

test('the role may execute only the functions of the schema that are in the contract', async () => {
  const functions = await gateway.sql<{ name: string; executable: boolean }>(
    `select p.proname as name, has_function_privilege($1, p.oid, 'execute') as executable
     from pg_proc p where p.pronamespace = 'gateway'::regnamespace`,
    [new URL(gateway.sidecarDatabaseUrl).username],
  );
  const named = new Set(contract.filter(({ kind }) => kind === 'function').map(({ name }) => name));
  expect(functions.filter(({ name, executable }) => executable !== named.has(name))).toEqual([]);
  expect([...named].filter((name) => !functions.some((found) => found.name === name))).toEqual([]);
});

test('the role cannot advance any sequence of Odoo or of the schema', async () => {
  const sequences = await gateway.sql<{ quoted: string }>(
    `select format('%I.%I', n.nspname, c.relname) as quoted
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S'`,
  );
  const movable: string[] = [];
  for (const { quoted } of sequences) {
    if ((await fault(`select setval('${quoted}', 1)`)) !== denied) movable.push(quoted);
  }
  expect(movable).toEqual([]);
});

describe('the role can neither create objects nor extend its rights', () => {
  test.each([
    ['a schema', 'create schema mine'],
    ["a table beside Odoo's", 'create table public.mine (a int)'],
    ['a table in the schema', 'create table gateway.mine (a int)'],
    ['a temporary table', 'create temporary table mine (a int)'],
    ["a function beside Odoo's", "create function public.mine() returns int language sql as 'select 1'"],
    ['an extension', 'create extension pg_stat_statements'],
    ['a role', 'create role mine'],
    ['rights for itself', 'grant select on public.res_users to current_user'],
    ['the rights of another role', 'set role odoo'],
  ])('%s', async (_, statement) => {
    expect(await fault(statement)).toMatch(/^42(501|704)$/);
  });
});
