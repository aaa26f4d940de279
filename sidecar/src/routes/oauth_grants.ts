// Exchanges the grants of an app without a secret for tokens: the code from a user's consent, and refresh tokens.

import { hash as digest, timingSafeEqual } from 'node:crypto';
import { principalsOf } from '../credentials/principals.ts';
import { CredentialRefused } from '../credentials/refused.ts';
import { parseResource } from '../credentials/resource.ts';
import { onlyStamp } from '../credentials/stamps.ts';
import type { IssuedTokens } from '../credentials/tokens.ts';
import { issueTokens, refreshTokens } from '../credentials/tokens.ts';
import { clientOfApp, findCode } from '../db/oauth.ts';
import { revokeTokenFamily } from '../db/tokens.ts';
import { GatewayError } from '../errors.ts';
import type { Parameter } from '../oauth/authorization_request.ts';
import { required } from '../oauth/authorization_request.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { requireAddress, scopesOf } from './auth.ts';

const codeFormat = /^gwc_[A-Za-z0-9_-]{43}$/;
const verifierFormat = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * RFC 6749, section 4.1.3, with PKCE. If a code is used again, its tokens are revoked (section 4.1.2), because someone else has
 * the code, too. Throws `oauth.grant`, which says what is wrong.
 */
export async function codeGrant(context: RequestContext, parameter: Parameter, issuer: string): Promise<IssuedTokens> {
  const { database } = context;
  const clientId = required(parameter, 'client_id');
  const code = required(parameter, 'code');
  const verifier = required(parameter, 'code_verifier');
  await database.ensureFresh();
  if (!codeFormat.test(code)) throw refused('The code was not issued by this gateway.');
  const hash = digest('sha256', code, 'buffer');
  const row = await findCode(database, hash);
  if (row === undefined) throw refused('The code is not one of this gateway.');
  const comesBack = async () => {
    await revokeTokenFamily(database, row.family);
    database.log.warn({ app: row.appId, family: row.family }, 'an authorization code was used again: its tokens were revoked');
    return refused('The code was used before.');
  };
  if (row.isSpent) throw await comesBack();
  if (row.isOver) throw refused('The code is too old: it is valid for 60 seconds.');
  if (row.clientId !== clientId) throw refused('The code was issued to another client_id.');
  const redirectUri = parameter('redirect_uri');
  if (redirectUri !== undefined && redirectUri !== row.redirectUri)
    throw refused('The redirect_uri is not the one of the authorization request.');
  if (!fits(verifier, row.challenge)) throw refused('The code_verifier does not match the code_challenge.');
  const resource = parseResource(parameter('resource'), issuer) ?? row.resource;
  if (row.resource !== null && resource !== row.resource) {
    throw new GatewayError('oauth.resource', { message: 'The resource is not the one of the authorization request.' });
  }
  return asGrant(async () => {
    const standing = await principalsOf(database).fresh('app', row.appId);
    context.principal = standing.principal;
    requireAddress(context, standing.principal);
    const proof = { standing, stamp: onlyStamp(standing) };
    const { family } = row;
    const issue = { proof, scopes: null, address: context.address, client: clientId, withRefresh: true };
    try {
      return await issueTokens(database, { ...issue, code: { hash, family, resource } });
    } catch (error) {
      // Another request used the same code a moment earlier.
      throw error instanceof GatewayError && error.reason === 'oauth.grant' ? await comesBack() : error;
    }
  });
}

/** RFC 6749, section 6. Throws `oauth.grant` for a token that is invalid or belongs to another app. */
export function refreshGrant(context: RequestContext, parameter: Parameter, issuer: string): Promise<IssuedTokens> {
  const clientId = required(parameter, 'client_id');
  const resource = parseResource(parameter('resource'), issuer);
  return asGrant(() =>
    refreshTokens(context.database, {
      text: required(parameter, 'refresh_token'),
      of: 'app',
      client: clientId,
      scopes: scopesOf(parameter('scope')) ?? undefined,
      address: context.address,
      async admit({ principal }, row) {
        if ((await clientOfApp(context.database, principal.credentialId)) !== clientId) {
          throw new CredentialRefused('a refresh token of another app');
        }
        if (resource !== null && resource !== row.resource) {
          throw new GatewayError('oauth.resource', {
            message: 'The resource is not the one for which the refresh token was issued.',
          });
        }
        context.principal = principal;
        requireAddress(context, principal);
      },
    }),
  );
}

/** `invalid_grant`, not `invalid_client`: the app itself is fine, and must ask its user again. */
async function asGrant(issue: () => Promise<IssuedTokens>): Promise<IssuedTokens> {
  try {
    return await issue();
  } catch (error) {
    throw error instanceof CredentialRefused ? new GatewayError('oauth.grant', { cause: error }) : error;
  }
}

function refused(message: string): GatewayError {
  return new GatewayError('oauth.grant', { message });
}

function fits(verifier: string, challenge: string): boolean {
  if (!verifierFormat.test(verifier)) return false;
  const expected = Buffer.from(challenge, 'base64url');
  const presented = digest('sha256', verifier, 'buffer');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}
