// OAuth 2.0's endpoint for tokens: RFC 6749 (client credentials here, the rest in oauth_grants.ts), 7009 (revocation), 7662 (introspection), 8414 (metadata).

import { z } from 'zod';
import type { Attempt } from '../credentials/authenticate.ts';
import type { ClientCredentials } from '../credentials/client.ts';
import { authenticateClient, basicClient } from '../credentials/client.ts';
import type { Standing } from '../credentials/principals.ts';
import { CredentialRefused } from '../credentials/refused.ts';
import { actions, meet } from '../credentials/scopes.ts';
import type { EnvironmentStamps, Proof } from '../credentials/stamps.ts';
import type { IssuedTokens } from '../credentials/tokens.ts';
import { endToken, issueTokens, readAnyToken, scopeText, standingOf } from '../credentials/tokens.ts';
import { clientOfApp } from '../db/oauth.ts';
import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Parameter } from '../oauth/authorization_request.ts';
import { required } from '../oauth/authorization_request.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import type { OriginOf } from '../pipeline/origin.ts';
import { originHeaders } from '../pipeline/origin.ts';
import { checkingProof, requireAddress, scopesOf, tokenFields } from './auth.ts';
import { codeGrant, refreshGrant } from './oauth_grants.ts';

export function oauthRoutes(originOf: OriginOf, environment: EnvironmentStamps): Route[] {
  const post = {
    method: 'POST',
    access: 'anonymous',
    limitedAs: 'token',
    errors: 'oauth',
    smallBody: 'form or json',
  } as const;
  return [
    {
      ...post,
      name: 'token',
      path: '/api/oauth/token',
      isAlwaysLogged: true,
      handle: (context) => checkingProof(context, (attempt) => token(context, attempt, originOf(context)), askingForBasic),
    },
    {
      ...post,
      name: 'revoke',
      path: '/api/oauth/revoke',
      isAlwaysLogged: true,
      handle: (context) => checkingProof(context, (attempt) => revoke(context, attempt), askingForBasic),
    },
    {
      ...post,
      name: 'introspect',
      path: '/api/oauth/introspect',
      handle: (context) => checkingProof(context, (attempt) => introspect(context, attempt, environment), askingForBasic),
    },
    {
      name: 'oauth metadata',
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      access: 'anonymous',
      isAlwaysLogged: true,
      handle: (context) => metadata(originOf(context), context.database.settings['oauth.apps']),
    },
  ];
}

/** Refusals also say how a client can authenticate. */
function askingForBasic(error: unknown): unknown {
  if (!(error instanceof CredentialRefused)) return error;
  return new GatewayError('auth.invalid', { headers: ['WWW-Authenticate', 'Basic realm="odoo"'], cause: error });
}

const parameters = z.record(z.string(), z.unknown());

/** The parameters of the body: strings only; a missing parameter is undefined. */
function parametersOf(context: RequestContext): (name: string) => string | undefined {
  const body = parameters.safeParse(context.body ?? {});
  if (!body.success) throw new GatewayError('oauth.request', { message: 'The body must be a form or a JSON object.' });
  return (name) => {
    const value = body.data[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw new GatewayError('oauth.request', { message: `The parameter "${name}" must be a string.` });
  };
}

interface Client {
  readonly clientId: string;
  readonly proof: Proof;
}

/** The client of a request, authenticated by Basic or by the body, never by both; its addresses are checked, too. */
async function clientOf(
  context: RequestContext,
  parameter: (name: string) => string | undefined,
  attempt: Attempt,
): Promise<Client> {
  const basic = basicClient(context.request.headers.authorization);
  const [clientId, secret] = [parameter('client_id'), parameter('client_secret')];
  attempt.presents(['client', context.request.headers.authorization ?? '', clientId ?? '', secret ?? '']);
  if (basic !== undefined && secret !== undefined) {
    throw new GatewayError('oauth.request', { message: 'The client is named twice: in the header and in the body.' });
  }
  let credentials: ClientCredentials;
  if (basic === 'malformed') throw new CredentialRefused('malformed Basic');
  if (basic !== undefined) {
    if (clientId !== undefined && clientId !== basic.clientId) {
      throw new GatewayError('oauth.request', { message: 'The header and the body name different clients.' });
    }
    credentials = basic;
  } else {
    if (clientId === undefined || secret === undefined) throw new CredentialRefused('no client credentials');
    credentials = { clientId, secret };
  }
  await context.database.ensureFresh();
  const proof = await authenticateClient(context.database, credentials, attempt);
  const { principal } = proof.standing;
  context.principal = principal;
  requireAddress(context, principal);
  return { clientId: credentials.clientId, proof };
}

async function token(context: RequestContext, attempt: Attempt, issuer: string): Promise<Answer> {
  const parameter = parametersOf(context);
  const issued = await issuedFor(required(parameter, 'grant_type'), context, parameter, attempt, issuer);
  return { status: 200, body: tokenFields(issued), headers: ['Pragma', 'no-cache'] };
}

async function issuedFor(
  grantType: string,
  context: RequestContext,
  parameter: Parameter,
  attempt: Attempt,
  issuer: string,
): Promise<IssuedTokens> {
  if (grantType === 'authorization_code') return codeGrant(context, parameter, issuer);
  if (grantType === 'refresh_token') return refreshGrant(context, parameter, issuer);
  if (grantType !== 'client_credentials') throw new GatewayError('oauth.grant_type');
  const { clientId, proof } = await clientOf(context, parameter, attempt);
  return issueTokens(context.database, {
    proof,
    scopes: scopesOf(parameter('scope')),
    address: context.address,
    client: clientId,
    withRefresh: false,
  });
}

/**
 * A client can revoke its own tokens. For another client's token, or an invalid one, the answer is the same, so it reveals
 * nothing.
 */
async function revoke(context: RequestContext, attempt: Attempt): Promise<Answer> {
  const parameter = parametersOf(context);
  const found = (await appToken(context, parameter)) ?? (await ownToken(context, parameter, attempt));
  if (found !== undefined) await endToken(context.database, found.row);
  return { status: 200, body: {} };
}

/** The token that the request is about, if it was issued to the requesting client. */
async function ownToken(context: RequestContext, parameter: (name: string) => string | undefined, attempt: Attempt) {
  const { principal } = (await clientOf(context, parameter, attempt)).proof.standing;
  const found = await readAnyToken(context.database, required(parameter, 'token'));
  return found?.row.credential === 'client' && found.row.credentialId === principal.credentialId ? found : undefined;
}

/**
 * Like `ownToken`, for an app, which has no secret: possession of the token is enough to revoke it. Undefined for a client with
 * a secret.
 */
async function appToken({ database, request }: RequestContext, parameter: Parameter) {
  const clientId = parameter('client_id');
  if (clientId === undefined || parameter('client_secret') !== undefined || request.headers.authorization !== undefined)
    return undefined;
  const found = await readAnyToken(database, required(parameter, 'token'));
  if (found?.row.credential !== 'app') return undefined;
  return (await clientOfApp(database, found.row.credentialId)) === clientId ? found : undefined;
}

/** A client learns about its own tokens; any other token is reported as inactive. */
async function introspect(context: RequestContext, attempt: Attempt, environment: EnvironmentStamps): Promise<Answer> {
  const found = await ownToken(context, parametersOf(context), attempt);
  if (found === undefined || found.row.spentForS !== null) return inactive;
  const { row, claims } = found;
  let standing: Standing;
  try {
    standing = await standingOf(context.database, row, environment);
  } catch (error) {
    if (error instanceof CredentialRefused) return inactive;
    throw error;
  }
  const { principal } = standing;
  const { iss, aud, sub, jti, iat, nbf, exp } = claims;
  return {
    status: 200,
    body: {
      active: true,
      scope: scopeText(meet(row.scopes, principal.grant.scopes)),
      client_id: claims['client_id'],
      username: principal.login,
      token_type: row.type === 'access' ? 'Bearer' : 'refresh_token',
      ...{ exp, iat, nbf, sub, aud, iss, jti },
      user_id: principal.userId,
      models: principal.grant.models ?? undefined,
    },
  };
}

const inactive: Answer = { status: 200, body: { active: false } };

/** The metadata of the authorization server (RFC 8414). */
function metadata(origin: string, apps: Settings['oauth.apps']): Answer {
  const methods = ['client_secret_basic', 'client_secret_post'];
  return {
    status: 200,
    headers: ['Vary', originHeaders],
    body: {
      issuer: origin,
      authorization_endpoint: `${origin}/api/oauth/authorize`,
      token_endpoint: `${origin}/api/oauth/token`,
      token_endpoint_auth_methods_supported: [...methods, 'none'],
      registration_endpoint: apps === 'anyone' ? `${origin}/api/oauth/register` : undefined,
      revocation_endpoint: `${origin}/api/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: [...methods, 'none'],
      introspection_endpoint: `${origin}/api/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: methods,
      grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: apps !== 'registered',
      scopes_supported: actions,
      service_documentation: `${origin}/api/docs`,
    },
  };
}
