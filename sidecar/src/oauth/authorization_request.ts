// An app's request to a user (RFC 6749, section 4.1.1, with PKCE). It is checked and signed here, and the browser passes it to
// Odoo's page, so nothing is stored for unanswered requests. `controllers/consent.py` reads it.

import { SignJWT } from 'jose';
import { parseResource } from '../credentials/resource.ts';
import { parseScopes } from '../credentials/scopes.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { LivingSecrets } from '../db/living_secrets.ts';
import { GatewayError } from '../errors.ts';
import type { App } from './apps.ts';

/** How long a request is valid: long enough for logging in with a second factor. */
const goodForS = 30 * 60;
/** The page's URL contains the whole request, and proxies accept URLs of up to 8 kB. */
const longestState = 1_000;
const longestScope = 1_000;
const challengeFormat = /^[A-Za-z0-9_-]{43}$/;

export type Parameter = (name: string) => string | undefined;

/** The value of a required parameter. Throws `oauth.request`. */
export function required(parameter: Parameter, name: string): string {
  const value = parameter(name);
  if (value === undefined) throw new GatewayError('oauth.request', { message: `The parameter ${name} is missing.` });
  return value;
}

export interface Agreement {
  readonly app: App;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly challenge: string;
  /** Null: the app has requested no particular scopes. */
  readonly scopes: readonly string[] | null;
  readonly resource: string | null;
  readonly issuer: string;
}

/** Parses the rest of a request, once its redirect URI has been checked. Its errors are sent to the app through the redirect. */
export function parseAgreement(parameter: Parameter, app: App, redirectUri: string, issuer: string): Agreement {
  if (parameter('response_type') !== 'code') throw new GatewayError('oauth.response_type');
  const challenge = parameter('code_challenge');
  if (challenge === undefined || parameter('code_challenge_method') !== 'S256' || !challengeFormat.test(challenge)) {
    throw new GatewayError('oauth.request', { message: 'A code_challenge with code_challenge_method=S256 (PKCE) is required.' });
  }
  const state = parameter('state');
  if (state !== undefined && !isState(state)) {
    throw new GatewayError('oauth.request', { message: `The state must be up to ${longestState} visible ASCII characters.` });
  }
  const resource = parseResource(parameter('resource'), issuer);
  return { app, redirectUri, state, challenge, scopes: scopesOf(parameter('scope')), resource, issuer };
}

export function isState(text: string): boolean {
  return text.length <= longestState && /^[\x20-\x7e]*$/.test(text);
}

/** `offline_access` is ignored, because every app gets refresh tokens. Throws `oauth.scope`. */
function scopesOf(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const scopes = text.length > longestScope ? undefined : parseScopes(text.replace(/(?<!\S)offline_access(?!\S)/g, ''));
  if (scopes === undefined) throw new GatewayError('oauth.scope');
  return scopes.length === 0 ? null : scopes;
}

const secretsOf = perDatabase((database) => new LivingSecrets(database, 'consent'));

/** A JSON Web Token for Odoo. */
export async function signAgreement(database: Database, agreement: Agreement): Promise<string> {
  const { app, redirectUri, state, challenge, scopes, resource, issuer } = agreement;
  const { clientId, name, source } = app;
  const secret = await secretsOf(database).newest();
  const claims = { client_id: clientId, name, source, redirect_uri: redirectUri, state, challenge, scopes, resource, issuer };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'consent+jwt', kid: secret.kid })
    .setAudience(database.channel.uuid)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + goodForS)
    .sign(secret.value);
}

/** RFC 6749, section 4.1.2, and RFC 9207: `iss` identifies the sender of the answer. */
export function redirectTo(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`;
}
