// Logins, and the exchange of keys for tokens. The credential is in the body, so these paths have no authentication step; they
// refuse a wrong credential as that step would.

import { z } from 'zod';
import type { Attempt, KeyAuthenticator } from '../credentials/authenticate.ts';
import { asAnswer, missing } from '../credentials/authenticate.ts';
import type { CheckLogin } from '../credentials/password.ts';
import { refusedAsPasted } from '../credentials/pasted.ts';
import { partsOf, readCredential } from '../credentials/presented.ts';
import type { Standing } from '../credentials/principals.ts';
import { principalsOf } from '../credentials/principals.ts';
import { CredentialRefused } from '../credentials/refused.ts';
import { parseScopes } from '../credentials/scopes.ts';
import { onlyStamp } from '../credentials/stamps.ts';
import type { IssuedTokens } from '../credentials/tokens.ts';
import { endFamily, issueTokens, readAnyToken, refreshTokens, scopeText } from '../credentials/tokens.ts';
import { GatewayError } from '../errors.ts';
import { countingFailures } from '../limits/failed_authentication.ts';
import { mayComeFrom } from '../limits/ip_list.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, Principal, RequestContext, Route } from '../pipeline/context.ts';

/** Asks Odoo whether the principal, a user, now needs a second factor to log in. */
type NeedsSecondFactor = (context: RequestContext) => Promise<boolean>;

export interface AuthParts {
  readonly checkLogin: CheckLogin;
  readonly needsSecondFactor: NeedsSecondFactor;
  /** The authenticators whose keys can be exchanged for tokens. A token cannot be exchanged for another one. */
  readonly keys: readonly KeyAuthenticator[];
}

export function authRoutes({ checkLogin, needsSecondFactor, keys }: AuthParts): Route[] {
  const post = { method: 'POST', access: 'anonymous', limitedAs: 'token', smallBody: 'json' } as const;
  return [
    {
      ...post,
      limitedAs: 'login',
      name: 'login',
      path: '/api/v1/auth/login',
      handle: (context) => checkingProof(context, (attempt) => login(context, checkLogin, attempt)),
    },
    {
      ...post,
      name: 'refresh',
      path: '/api/v1/auth/refresh',
      handle: (context) => checkingProof(context, (attempt) => refresh(context, needsSecondFactor, attempt)),
    },
    {
      ...post,
      name: 'logout',
      path: '/api/v1/auth/logout',
      handle: (context) => checkingProof(context, (attempt) => logout(context, attempt)),
    },
    {
      ...post,
      name: 'exchange',
      path: '/auth/token/apikey',
      errors: 'oauth',
      handle: (context) => checkingProof(context, (attempt) => exchange(context, keys, attempt)),
    },
  ];
}

/** Counts a wrong credential against the address. @param refusal turns a CredentialRefused into the answer for the caller */
export function checkingProof(
  context: RequestContext,
  handle: (attempt: Attempt) => Promise<Answer>,
  refusal: (error: unknown) => unknown = asAnswer,
): Answer | Promise<Answer> {
  return countingFailures(context, async (attempt) => {
    try {
      return await handle(attempt);
    } catch (error) {
      throw refusal(error);
    }
  });
}

const text = z.string().min(1).max(1_000);

const loginBody = z
  .object({ login: text.optional(), email: text.optional(), password: text, scope: z.string().max(4_000).optional() })
  .transform(({ login, email, ...rest }) => ({ login: login ?? email, ...rest }));

async function login(context: RequestContext, checkLogin: CheckLogin, attempt: Attempt): Promise<Answer> {
  const body = parsed(loginBody, context.body, 'login (or email) and password');
  if (body.login === undefined) throw incomplete('login (or email) and password');
  const scopes = scopesOf(body.scope);
  // Postgres cannot store a null byte, so no login or password contains one.
  if (`${body.login}${body.password}`.includes('\0')) throw new CredentialRefused('a null byte in a login');
  attempt.presents(['login', body.login, body.password], true);
  attempt.admit();
  const { uid, mfa } = await checkLogin(context, body.login, body.password, attempt);
  if (uid === null) throw new CredentialRefused('Odoo refused the login');
  const { database } = context;
  // Odoo may just have renewed the password's hash.
  const standing = await principalsOf(database).fresh('login', uid);
  const { principal } = standing;
  // An address that is not allowed gets the same answer as a wrong password, and counts as one, so that nobody can confirm a
  // guess from there.
  if (!mayComeFrom(principal, context.address)) throw new CredentialRefused(`user ${uid} may not call from this address`);
  if (mfa) throw new GatewayError('auth.mfa');
  context.principal = principal;
  const issued = await issueTokens(database, {
    proof: { standing, stamp: onlyStamp(standing) },
    scopes,
    address: context.address,
    client: principal.login,
    withRefresh: true,
  });
  const user = { id: principal.userId, name: principal.userName, login: principal.login };
  return success({ ...tokenFields(issued), user });
}

const refreshBody = z.object({ refresh_token: z.string().min(1), scope: z.string().max(4_000).optional() });

/** A refresh is refused for the same reasons as a login. */
async function refresh(context: RequestContext, needsSecondFactor: NeedsSecondFactor, attempt: Attempt): Promise<Answer> {
  const body = parsed(refreshBody, context.body, 'refresh_token');
  attempt.presents(['refresh', body.refresh_token]);
  const issued = await refreshTokens(context.database, {
    text: body.refresh_token,
    of: 'login',
    scopes: scopesOf(body.scope) ?? undefined,
    address: context.address,
    async admit({ principal }: Standing) {
      context.principal = principal;
      requireAddress(context, principal);
      if (await needsSecondFactor(context)) throw new GatewayError('auth.mfa');
    },
  });
  return success(tokenFields(issued));
}

const logoutBody = z.object({ refresh_token: z.string().min(1).optional() }).optional();

/** Ends the login to which the access token in the headers, or the refresh token in the body, belongs. */
async function logout(context: RequestContext, attempt: Attempt): Promise<Answer> {
  const body = parsed(logoutBody, context.body, 'refresh_token');
  const credential = readCredential(context.request.headers);
  const presented = body?.refresh_token ?? (credential && 'secret' in credential ? credential.secret : undefined);
  if (presented === undefined) throw missing();
  attempt.presents(['logout', presented]);
  const token = await readAnyToken(context.database, presented);
  if (token === undefined) throw refusedAsPasted(presented, 'no token to log out with');
  await endFamily(context.database, token.row);
  return { status: 200, body: { success: true, data: null, message: 'Logged out' } };
}

const exchangeBody = z
  .object({ api_key: text.optional(), apikey: text.optional(), key: text.optional(), scope: z.string().max(4_000).optional() })
  .optional();

/** Exchanges a key in a header or the body for an access token with the key's rights, which expires no later than the key. */
async function exchange(context: RequestContext, keys: readonly KeyAuthenticator[], attempt: Attempt): Promise<Answer> {
  const { database } = context;
  const body = parsed(exchangeBody, context.body, 'api_key');
  const given = body?.api_key ?? body?.apikey ?? body?.key;
  const credential =
    readCredential(context.request.headers) ?? (given === undefined ? undefined : { kind: 'key', secret: given });
  if (credential === undefined) throw missing();
  const parts = partsOf(credential, context.request.headers);
  attempt.presents(['exchange', credential.kind, ...parts]);
  const scopes = scopesOf(body?.scope);
  const authenticator = keys.find((candidate) => candidate.recognises(credential));
  if (authenticator === undefined) throw refusedAsPasted(parts[0], 'not a key');
  await database.ensureFresh();
  const proof = await authenticator.prove(credential, database, attempt);
  const { principal } = proof.standing;
  context.principal = principal;
  requireAddress(context, principal);
  const issued = await issueTokens(database, {
    proof,
    scopes,
    address: context.address,
    client: principal.consumer,
    withRefresh: false,
  });
  return { status: 200, body: { ...tokenFields(issued), user_id: principal.userId } };
}

/** The answer with new tokens (RFC 6749, section 5.1). */
export function tokenFields(issued: IssuedTokens) {
  return {
    access_token: issued.access,
    refresh_token: issued.refresh,
    token_type: 'Bearer',
    expires_in: issued.expiresInS,
    scope: scopeText(issued.scopes),
  };
}

/** The requested scopes; null if none were requested. */
export function scopesOf(asked: string | undefined): string[] | null {
  if (asked === undefined || asked.trim() === '') return null;
  const scopes = parseScopes(asked);
  if (scopes === undefined) throw new GatewayError('oauth.scope');
  return scopes;
}

export function requireAddress(context: RequestContext, principal: Principal): void {
  if (!mayComeFrom(principal, context.address)) throw new GatewayError('address.not_allowed');
}

function parsed<T>(shape: z.ZodType<T>, body: unknown, wanted: string): T {
  const result = shape.safeParse(body);
  if (!result.success) throw incomplete(wanted);
  return result.data;
}

function incomplete(wanted: string): GatewayError {
  return new GatewayError('oauth.request', { message: `The body must be an object with ${wanted}.` });
}
