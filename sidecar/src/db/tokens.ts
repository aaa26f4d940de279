// The rows of issued tokens. A token without a row is refused; a refresh token is used up by the first update of its row.

import type { CredentialKind } from './credentials.ts';
import type { Queryable } from './pool.ts';

export type TokenType = 'access' | 'refresh';

export interface NewToken {
  readonly jti: string;
  readonly type: TokenType;
  readonly expiresAt: Date;
}

export interface TokenSubject {
  /** All tokens that descend from one login, exchange or grant. */
  readonly family: string;
  readonly credential: CredentialKind;
  readonly credentialId: number;
  readonly userId: number;
  readonly scopes: readonly string[] | null;
  /** The stamp of the secret for which the token was issued (`credentials/stamps.ts`). */
  readonly stamp: string | null;
  /** The URL at which it may be used, with everything below it; null: the whole gateway. */
  readonly resource: string | null;
  /** The time at which the family began. */
  readonly begunAt: Date;
  readonly address: string;
}

export interface TokenRow extends TokenSubject {
  readonly id: number;
  readonly type: TokenType;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** Seconds since it was used up, by the database's clock; null: not used yet. */
  readonly spentForS: number | null;
  readonly revokedAt: Date | null;
}

const insert = {
  name: 'token_insert',
  text: `
    insert into gateway.token
      (jti, type, expires_at, family, credential, credential_id, user_id, scopes, stamp, address, begun_at, resource)
    select jti, type, expires_at, $4, $5, $6, $7, $8, $9, $10, $11, $12
    from unnest($1::text[], $2::text[], $3::timestamp[]) as fresh (jti, type, expires_at)`,
};

export async function insertTokens(db: Queryable, tokens: readonly NewToken[], subject: TokenSubject): Promise<void> {
  await db.query(insert, [...columns(tokens), ...values(subject)]);
}

const find = {
  name: 'token_find',
  text: `
    select
      id, type, family, credential, credential_id as "credentialId", user_id as "userId", string_to_array(scopes, ' ') as scopes,
      stamp, resource, address, begun_at as "begunAt", issued_at as "issuedAt", expires_at as "expiresAt", revoked_at as "revokedAt",
      extract(epoch from gateway.utc_now() - spent_at)::float8 as "spentForS"
    from gateway.token
    where jti = $1`,
};

export async function findToken(db: Queryable, jti: string): Promise<TokenRow | undefined> {
  const [row] = await db.query<TokenRow>(find, [jti]);
  return row;
}

// Uses up the old token and stores the new ones in one statement, because a crash in between would end the login.
const spend = {
  name: 'token_spend',
  text: `
    with spent as (
      update gateway.token
      set spent_at = gateway.utc_now()
      where jti = $13 and type = 'refresh' and spent_at is null and revoked_at is null and expires_at > gateway.utc_now()
      returning id
    )
    insert into gateway.token
      (jti, type, expires_at, family, credential, credential_id, user_id, scopes, stamp, address, begun_at, resource)
    select jti, type, expires_at, $4, $5, $6, $7, $8, $9, $10, $11, $12
    from unnest($1::text[], $2::text[], $3::timestamp[]) as fresh (jti, type, expires_at), spent
    returning id`,
};

/** Returns false if the old token is already used up or no longer valid. Then nothing is stored. */
export async function spendToken(
  db: Queryable,
  jti: string,
  tokens: readonly NewToken[],
  subject: TokenSubject,
): Promise<boolean> {
  const stored = await db.query(spend, [...columns(tokens), ...values(subject), jti]);
  return stored.length > 0;
}

const redeem = {
  name: 'token_redeem',
  text: `
    with spent as (
      select gateway.oauth_code_spend($13) as ok
    )
    insert into gateway.token
      (jti, type, expires_at, family, credential, credential_id, user_id, scopes, stamp, address, begun_at, resource)
    select jti, type, expires_at, $4, $5, $6, $7, $8, $9, $10, $11, $12
    from unnest($1::text[], $2::text[], $3::timestamp[]) as fresh (jti, type, expires_at), spent
    where spent.ok
    returning id`,
};

/** Uses up an authorization code. False if it is already used up or expired. Then nothing is stored. */
export async function redeemCode(
  db: Queryable,
  hash: Buffer,
  tokens: readonly NewToken[],
  subject: TokenSubject,
): Promise<boolean> {
  const stored = await db.query(redeem, [...columns(tokens), ...values(subject), hash]);
  return stored.length > 0;
}

const revokeFamily = {
  name: 'token_revoke_family',
  text: `
    update gateway.token
    set revoked_at = gateway.utc_now()
    where family = $1 and revoked_at is null and expires_at > gateway.utc_now()
    returning id`,
};

/** A concurrent refresh adds rows that one statement does not see, so it is repeated until it finds no more rows. */
export async function revokeTokenFamily(db: Queryable, family: string): Promise<void> {
  while ((await db.query(revokeFamily, [family])).length > 0);
}

const revoke = {
  name: 'token_revoke',
  text: `
    update gateway.token
    set revoked_at = gateway.utc_now()
    where id = $1 and revoked_at is null`,
};

export async function revokeToken(db: Queryable, id: number): Promise<void> {
  await db.query(revoke, [id]);
}

function columns(tokens: readonly NewToken[]): unknown[] {
  return [tokens.map((token) => token.jti), tokens.map((token) => token.type), tokens.map((token) => utc(token.expiresAt))];
}

function values(subject: TokenSubject): unknown[] {
  const { family, credential, credentialId, userId, scopes, stamp, address, begunAt, resource } = subject;
  const scope = scopes === null ? null : scopes.join(' ');
  return [family, credential, credentialId, userId, scope, stamp, address, utc(begunAt), resource];
}

function utc(moment: Date): string {
  return moment.toISOString().slice(0, -1);
}
