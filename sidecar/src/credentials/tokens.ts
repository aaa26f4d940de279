// Issues, renews and revokes tokens.

import { randomUUID } from 'node:crypto';
import type { CredentialKind } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import type { TokenRow, TokenSubject, TokenType } from '../db/tokens.ts';
import { findToken, insertTokens, redeemCode, revokeToken, revokeTokenFamily, spendToken } from '../db/tokens.ts';
import { GatewayError } from '../errors.ts';
import { signerOf } from './jwt.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import { actions, isWithin, meet } from './scopes.ts';
import type { EnvironmentStamps, Proof } from './stamps.ts';
import { holdsUntil } from './stamps.ts';

/** A second use of a refresh token within this time is a client's mistake. A later use means that the token was stolen. */
const clumsyForS = 10;

export interface IssuedTokens {
  readonly access: string;
  readonly refresh: string | undefined;
  readonly expiresInS: number;
  /** The requested scopes that the credential and its profile currently allow. */
  readonly scopes: readonly string[] | null;
}

export interface IssueOptions {
  readonly proof: Proof;
  /** The token's own scopes; null: those of its credential. */
  readonly scopes: readonly string[] | null;
  readonly address: string;
  /** The `client_id` claim. */
  readonly client: string;
  readonly withRefresh: boolean;
  /** The access token lives no longer than this, whatever the settings say. */
  readonly longestS?: number;
  /** The authorization code and its conditions. Issuing the tokens marks it as used. */
  readonly code?: { readonly hash: Buffer; readonly family: string; readonly resource: string | null };
}

/**
 * Tokens for an authenticated principal. They end with the credential, or with the secret that was used. Throws `oauth.scope` if
 * more is requested than the credential allows, `oauth.grant` if the code was already used.
 */
export async function issueTokens(database: Database, options: IssueOptions): Promise<IssuedTokens> {
  const { code, proof } = options;
  const { standing, stamp } = proof;
  const { principal } = standing;
  if (options.scopes !== null && !isWithin(options.scopes, principal.grant.scopes)) throw new GatewayError('oauth.scope');
  const subject: TokenSubject = {
    family: code?.family ?? randomUUID(),
    credential: principal.kind,
    credentialId: principal.credentialId,
    userId: principal.userId,
    scopes: options.scopes,
    stamp,
    resource: code?.resource ?? null,
    begunAt: new Date(),
    address: options.address,
  };
  const fresh = await sign(database, subject, standing, options.client, options.withRefresh, options.longestS);
  if (code === undefined) await insertTokens(database, fresh.tokens, subject);
  else if (!(await redeemCode(database, code.hash, fresh.tokens, subject))) throw new GatewayError('oauth.grant');
  return fresh.issued;
}

async function sign(
  database: Database,
  subject: TokenSubject,
  standing: Standing,
  client: string,
  withRefresh: boolean,
  longestS = Number.POSITIVE_INFINITY,
) {
  const { settings } = database;
  const { principal, stamps } = standing;
  const ends = [
    principal.expiresAtMs ?? Number.POSITIVE_INFINITY,
    stamps.get(subject.stamp ?? '') ?? Number.POSITIVE_INFINITY,
    familyEndMs(database, subject),
  ];
  const leftS = (Math.min(...ends) - Date.now()) / 1000;
  const accessS = Math.min(settings['token.access_s'], leftS, longestS);
  const signer = signerOf(database);
  const access = await signer.sign('access', accessS, subject, client);
  const refresh = withRefresh
    ? await signer.sign('refresh', Math.min(settings['token.refresh_s'], leftS), subject, client)
    : undefined;
  const issued: IssuedTokens = {
    access: access.text,
    refresh: refresh?.text,
    expiresInS: Math.max(1, Math.floor(accessS)),
    scopes: meet(subject.scopes, principal.grant.scopes),
  };
  return { tokens: refresh === undefined ? [access] : [access, refresh], issued };
}

/** After this moment the user must log in again, however often the tokens were renewed. */
function familyEndMs(database: Database, { begunAt }: Pick<TokenSubject, 'begunAt'>): number {
  return begunAt.getTime() + database.settings['token.family_s'] * 1000;
}

export interface RefreshOptions {
  readonly text: string;
  /** The kind of credential that the token must have been issued for: an app's token cannot renew a login. */
  readonly of: CredentialKind;
  /** The `client_id` claim; undefined: the user's login. */
  readonly client?: string;
  /** The scopes for the new tokens; undefined: those of the old token. */
  readonly scopes: readonly string[] | undefined;
  readonly address: string;
  /** Checks whether the owner may still continue. Throws the error for the answer; `auth.mfa` ends the login. */
  readonly admit: (standing: Standing, row: TokenRow) => Promise<void>;
}

const noEnvironment: EnvironmentStamps = new Set();

/**
 * Exchanges a refresh token for new ones. A token that was used moments ago gets 409, and nothing changes. If it was used longer
 * ago, it must have been stolen, by this caller or from it, so the whole family is revoked (RFC 9700, section 4.14.2).
 */
export async function refreshTokens(database: Database, options: RefreshOptions): Promise<IssuedTokens> {
  await database.ensureFresh();
  const { row, jti } = await readRow(database, options.text, 'refresh');
  if (row.credential !== options.of) throw new CredentialRefused(`a refresh token of the kind ${row.credential}`);
  if (row.spentForS !== null) {
    if (row.spentForS <= clumsyForS) throw new GatewayError('auth.refresh_spent');
    await revokeTokenFamily(database, row.family);
    database.log.warn({ user: row.userId, family: row.family }, 'a used refresh token was sent again: its family was revoked');
    throw new CredentialRefused('a used refresh token');
  }
  const standing = await principalsOf(database).fresh(row.credential, row.credentialId);
  const { principal } = standing;
  if (familyEndMs(database, row) <= Date.now()) throw new CredentialRefused('the login has reached its maximum age');
  try {
    await options.admit(standing, row);
  } catch (error) {
    if (error instanceof GatewayError && error.reason === 'auth.mfa') await revokeTokenFamily(database, row.family);
    throw error;
  }
  // The second factor is checked first: a new second factor changes the stamp, too, but its error says what to do.
  if (holdsUntil(standing, row.stamp, noEnvironment) === undefined) throw new CredentialRefused('the password was changed');
  const held = meet(row.scopes, principal.grant.scopes);
  if (options.scopes !== undefined && !isWithin(options.scopes, held)) throw new GatewayError('oauth.scope');
  const { family, credential, credentialId, userId, stamp, resource, begunAt } = row;
  const scopes = options.scopes ?? row.scopes;
  const subject = { family, credential, credentialId, userId, scopes, stamp, resource, begunAt, address: options.address };
  const fresh = await sign(database, subject, standing, options.client ?? principal.login, true);
  if (!(await spendToken(database, jti, fresh.tokens, subject))) throw new GatewayError('auth.refresh_spent');
  return fresh.issued;
}

/** The row of a token of this database that is neither expired nor revoked. Rejects with CredentialRefused. */
export async function readRow(database: Database, text: string, type: TokenType) {
  const read = await signerOf(database).read(text, type);
  const row = await findToken(database, read.jti);
  if (row === undefined || row.type !== type) throw new CredentialRefused('token: no such row');
  if (row.revokedAt !== null) throw new CredentialRefused('token: revoked');
  return { row, ...read };
}

/** The current principal of a token. Rejects with CredentialRefused if the token's secret is no longer valid. */
export async function standingOf(database: Database, row: TokenRow, environment: EnvironmentStamps): Promise<Standing> {
  const principals = principalsOf(database);
  let standing = await principals.of(row.credential, row.credentialId);
  if (holdsUntil(standing, row.stamp, environment) === undefined) {
    standing = await principals.fresh(row.credential, row.credentialId);
  }
  if (holdsUntil(standing, row.stamp, environment) === undefined || standing.principal.userId !== row.userId) {
    throw new CredentialRefused('token: its secret is no longer valid');
  }
  return standing;
}

/** An access or refresh token; undefined if it is not valid. */
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

/** RFC 7009: revoking a refresh token also revokes the access tokens of its family; an access token is revoked by itself. */
export async function endToken(database: Database, row: TokenRow): Promise<void> {
  await (row.type === 'refresh' ? revokeTokenFamily(database, row.family) : revokeToken(database, row.id));
}

/** The `scope` of an answer. Null means all scopes, which are listed. */
export function scopeText(scopes: readonly string[] | null): string {
  return (scopes ?? actions).join(' ');
}
