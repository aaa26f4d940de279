// OAuth2 clients authenticate when they request, introspect or revoke a token (RFC 6749, section 2.3.1).

import { hash as digest, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { findClient } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { Attempt } from './authenticate.ts';
import { refusedAsPasted } from './pasted.ts';
import { principalsOf } from './principals.ts';
import type { Proof } from './stamps.ts';
import { secretStamp } from './stamps.ts';

export interface ClientCredentials {
  readonly clientId: string;
  readonly secret: string;
}

const idFormat = /^gw_[a-z0-9]{12}$/;
const longestSecret = 256;
const nothing = Buffer.alloc(32);

/**
 * Clients that have already sent a correct secret. The secret is checked each time, but failures from the same address do not
 * block these clients.
 */
const verifiedOf = perDatabase(() => new LRUCache<string, true>({ max: 10_000 }));

/**
 * Authenticates a client, or rejects with CredentialRefused. For an unknown client, this does the same look-up and comparison
 * as for a known one.
 */
export async function authenticateClient(
  database: Database,
  { clientId, secret }: ClientCredentials,
  attempt: Attempt,
): Promise<Proof> {
  if (!idFormat.test(clientId) || secret.length > longestSecret)
    throw refusedAsPasted(idFormat.test(clientId) ? secret : clientId, 'malformed client');
  const presented = digest('sha256', secret, 'buffer');
  const verified = verifiedOf(database);
  const pair = `${clientId}${presented.toString('base64')}`;
  if (!verified.has(pair)) attempt.admit();
  const client = await findClient(database, clientId);
  const hashes = client?.hashes.length ? client.hashes : [nothing];
  const fitting = hashes.map((hash) => timingSafeEqual(presented, hash)).indexOf(true);
  const secretId = client?.secretIds[fitting];
  if (client === undefined || secretId === undefined) {
    throw refusedAsPasted(secret, client === undefined ? 'unknown client' : 'wrong secret');
  }
  verified.set(pair, true);
  return { standing: await principalsOf(database).of('client', client.id), stamp: secretStamp(secretId) };
}

/**
 * The client's id and secret from `Authorization: Basic`, in which they are form-encoded; undefined if there is no such header.
 */
export function basicClient(authorization: string | undefined): ClientCredentials | 'malformed' | undefined {
  if (authorization === undefined) return undefined;
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  if (encoded === undefined) return 'malformed';
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) return 'malformed';
  try {
    return { clientId: formDecoded(decoded.slice(0, colon)), secret: formDecoded(decoded.slice(colon + 1)) };
  } catch {
    return 'malformed';
  }
}

function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
