// Issues, renews and ends tokens.

import { randomUUID } from 'node:crypto';
import type { Principal } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { TokenRow, TokenSubject, TokenType } from '../db/tokens.ts';
import { findToken, insertTokens, revokeToken, revokeTokenFamily, spendToken } from '../db/tokens.ts';
import { GatewayError } from '../errors.ts';
import { signerOf } from './jwt.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import { actions, isWithin } from './scopes.ts';

/** A client that sends the same request twice at once is clumsy; one that comes back later holds a stolen token. */
const clumsyForS = 10;

export interface IssuedTokens {
  readonly access: string;
  readonly refresh: string | undefined;
  readonly expiresInS: number;
  readonly scopes: readonly string[] | null;
}

export interface IssueOptions {
  readonly standing: Standing;
  /** What the token is narrowed to; null: to nothing that its credential is not. */
  readonly scopes: readonly string[] | null;
  readonly address: string;
  /** The `client_id` claim. */
  readonly client: string;
  readonly withRefresh: boolean;
}

/** Tokens for whoever the standing is of. They never outlive the credential, and die with it. */
export async function issueTokens(database: Database, options: IssueOptions): Promise<IssuedTokens> {
  const { principal, stamp } = options.standing;
  const subject: TokenSubject = {
    family: randomUUID(),
    credential: principal.kind,
    credentialId: principal.credentialId,
    userId: principal.userId,
    scopes: options.scopes,
    stamp,
    address: options.address,
  };
  const fresh = await sign(database, subject, principal, options.client, options.withRefresh);
  await insertTokens(database, fresh.tokens, subject);
  return fresh.issued;
}

async function sign(database: Database, subject: TokenSubject, principal: Principal, client: string, withRefresh: boolean) {
  const { settings } = database;
  const leftS = principal.expiresAtMs === null ? Number.POSITIVE_INFINITY : (principal.expiresAtMs - Date.now()) / 1000;
  const accessS = Math.min(settings['token.access_s'], leftS);
  const signer = signerOf(database);
  const access = await signer.sign('access', accessS, subject, client);
  const refresh = withRefresh
    ? await signer.sign('refresh', Math.min(settings['token.refresh_s'], leftS), subject, client)
    : undefined;
  const issued: IssuedTokens = {
    access: access.text,
    refresh: refresh?.text,
    expiresInS: Math.max(1, Math.floor(accessS)),
    scopes: subject.scopes,
  };
  return { tokens: refresh === undefined ? [access] : [access, refresh], issued };
}

/**
 * Trades a refresh token for new ones. A token that was spent moments ago answers 409 and changes nothing; one that was
 * spent earlier has been stolen, by this caller or from it, and ends the whole family (RFC 9700, section 4.14.2).
 */
export async function refreshTokens(
  database: Database,
  text: string,
  asked: readonly string[] | undefined,
  address: string,
): Promise<IssuedTokens> {
  await database.ensureFresh();
  const { row, jti } = await readRow(database, text, 'refresh');
  if (row.spentForS !== null) {
    if (row.spentForS <= clumsyForS) throw new GatewayError('auth.refresh_spent');
    await revokeTokenFamily(database, row.family);
    database.log.warn({ user: row.userId, family: row.family }, 'a spent refresh token came back: its family was revoked');
    throw new CredentialRefused('a spent refresh token');
  }
  const { principal, stamp } = await principalsOf(database).of(row.credential, row.credentialId);
  if (stamp !== row.stamp) throw new CredentialRefused('the password was changed');
  if (asked !== undefined && !isWithin(asked, row.scopes)) throw new GatewayError('oauth.scope');
  const subject: TokenSubject = {
    family: row.family,
    credential: row.credential,
    credentialId: row.credentialId,
    userId: row.userId,
    scopes: asked ?? row.scopes,
    stamp,
    address,
  };
  const fresh = await sign(database, subject, principal, principal.login, true);
  if (!(await spendToken(database, jti, fresh.tokens, subject))) throw new GatewayError('auth.refresh_spent');
  return fresh.issued;
}

/** The token's row, if the token is one of this database and neither expired nor revoked. Rejects with CredentialRefused. */
export async function readRow(database: Database, text: string, type: TokenType) {
  const read = await signerOf(database).read(text, type);
  const row = await findToken(database, read.jti);
  if (row === undefined || row.type !== type) throw new CredentialRefused('token: no such row');
  if (row.revokedAt !== null) throw new CredentialRefused('token: revoked');
  return { row, ...read };
}

/** Either kind of token; undefined for whatever is none that still holds. */
export async function readAnyToken(database: Database, text: string): Promise<Awaited<ReturnType<typeof readRow>> | undefined> {
  for (const type of ['access', 'refresh'] as const) {
    try {
      return await readRow(database, text, type);
    } catch (error) {
      if (!(error instanceof CredentialRefused)) throw error;
    }
  }
  return undefined;
}

/** Ends a login: all its access and refresh tokens. */
export async function endFamily(database: Database, row: TokenRow): Promise<void> {
  await revokeTokenFamily(database, row.family);
}

/** RFC 7009: a refresh token takes the access tokens of its family along, an access token goes alone. */
export async function endToken(database: Database, row: TokenRow): Promise<void> {
  await (row.type === 'refresh' ? revokeTokenFamily(database, row.family) : revokeToken(database, row.id));
}

/** The `scope` of an answer: what null stands for, spelled out. */
export function scopeText(scopes: readonly string[] | null): string {
  return (scopes ?? actions).join(' ');
}
