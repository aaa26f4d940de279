// Odoo API keys as its own `_generate` stores them, but with the properties that a test needs.

import { pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Instance } from './instance.ts';

export interface OdooKeyOptions {
  userId: number;
  /** How many rounds the hash has; Odoo uses 6,000. */
  rounds?: number;
  scope?: string | null;
  /** The time until the key expires, as an interval of SQL; with `-1 minute`, it has already expired. */
  expiresIn?: string;
  /** The key's first eight characters, for keys that must share them. */
  index?: string;
}

export interface OdooKey {
  id: number;
  secret: string;
}

export async function createOdooKey(instance: Instance, options: OdooKeyOptions): Promise<OdooKey> {
  const secret =
    (options.index ?? '') +
    randomBytes(20)
      .toString('hex')
      .slice(options.index?.length ?? 0);
  const [row] = await instance.sql<{ id: number }>(
    `insert into res_users_apikeys (name, user_id, scope, expiration_date, key, index)
     values ('test', $1, $2, (now() at time zone 'utc') + $3::interval, $4, $5)
     returning id`,
    [
      options.userId,
      options.scope === undefined ? 'rpc' : options.scope,
      options.expiresIn ?? null,
      passlibHash(secret, options.rounds ?? 6_000),
      secret.slice(0, 8),
    ],
  );
  if (row === undefined) throw new Error('no key');
  return { id: row.id, secret };
}

/** Revokes a key as Odoo does: deletes its row. */
export async function revokeOdooKey(instance: Instance, id: number): Promise<void> {
  await instance.sql('delete from res_users_apikeys where id = $1', [id]);
}

export async function createUser(instance: Instance, login: string, groups: string[] = ['base.group_user']): Promise<number> {
  const ids: number[] = [];
  for (const group of groups) {
    const [module, name] = group.split('.');
    const found = await instance.sql<{ res_id: number }>('select res_id from ir_model_data where module = $1 and name = $2', [
      module,
      name,
    ]);
    ids.push(...found.map((row) => row.res_id));
  }
  const values = { name: login, login, email: `${login}@example.com`, group_ids: [[6, 0, ids]] };
  const context = { no_reset_password: true };
  const [id] = await instance.orm<number[]>('res.users', 'create', { vals_list: [values], context });
  if (id === undefined) throw new Error('no user');
  return id;
}

function passlibHash(secret: string, rounds: number): string {
  const salt = randomBytes(16);
  const adapted = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '');
  return `$pbkdf2-sha512$${rounds}$${adapted(salt)}$${adapted(pbkdf2Sync(secret, salt, rounds, 64, 'sha512'))}`;
}
