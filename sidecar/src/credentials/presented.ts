// Finds a request's credential in its headers.

import type { IncomingHttpHeaders } from 'node:http';
import type { BodyCredential } from '../pipeline/context.ts';

/**
 * `key`: an API-key header. `bearer`: a key or a token. `token`: a token in `X-Access-Token`. `basic`: login and key.
 * `body`: the password of Odoo's own protocols, with the login or uid sent with it. `malformed`: a value that cannot be any of
 * these.
 */
export type Credential =
  | { readonly kind: 'key' | 'bearer' | 'token'; readonly secret: string }
  | { readonly kind: 'basic'; readonly login: string; readonly secret: string }
  | ({ readonly kind: 'body' } & BodyCredential)
  | { readonly kind: 'malformed' };

const malformed: Credential = { kind: 'malformed' };

/**
 * The most specific header takes precedence: API-key headers, then `X-Access-Token`, then `Authorization`, which a proxy may use
 * for its own Basic authentication. The result is undefined if the request has no credential. If a header is repeated, Node
 * joins its values with commas, and the result matches no key. For `Authorization`, Node takes the first value.
 */
export function readCredential(headers: IncomingHttpHeaders): Credential | undefined {
  const key = headers['x-api-key'] ?? headers['api-key'];
  if (key !== undefined) return secretOf('key', key);
  const token = headers['x-access-token'];
  if (token !== undefined) return secretOf('token', token);
  const { authorization } = headers;
  if (authorization === undefined) return undefined;

  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space === -1 ? undefined : space).toLowerCase();
  const rest = space === -1 ? '' : authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return secretOf('bearer', rest);
  if (scheme === 'basic') return basic(rest);
  return malformed;
}

function secretOf(kind: 'key' | 'bearer' | 'token', value: string | string[]): Credential {
  return typeof value === 'string' && value !== '' ? { kind, secret: value } : malformed;
}

/** RFC 7617: the login ends at the first colon. */
function basic(encoded: string): Credential {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return malformed;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) return malformed;
  return { kind: 'basic', login: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

/** The parts of a credential, whichever header it is in. */
export function partsOf(credential: Credential, headers: IncomingHttpHeaders): readonly [string, ...string[]] {
  if (credential.kind === 'body') return [credential.secret, credential.login ?? '', String(credential.uid ?? '')];
  if (credential.kind === 'basic') return [credential.secret, credential.login];
  if (credential.kind !== 'malformed') return [credential.secret];
  return [String(headers['x-api-key'] ?? headers['api-key'] ?? headers['x-access-token'] ?? headers.authorization)];
}
