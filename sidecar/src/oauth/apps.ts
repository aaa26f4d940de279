// Finds the apps that may ask users for access. Each level of the setting `oauth.apps` allows more of them: apps that a manager has
// registered, then also apps with a metadata document, then also apps that registered themselves.

import { randomBytes } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { KnownApp } from '../db/oauth.ts';
import { findKnownApp, registerApp } from '../db/oauth.ts';
import { GatewayError } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import type { AppMetadata } from './metadata_document.ts';
import { documentsOf, isDocumentAddress } from './metadata_document.ts';

export interface App extends Omit<KnownApp, 'source'> {
  readonly clientId: string;
  readonly source: KnownApp['source'] | 'document';
}

const idFormat = /^(?:app|dyn)_[0-9a-f]{16}$/;

/** The app with this `client_id`. Throws `oauth.client`. */
export async function findApp(database: Database, clientId: string): Promise<App> {
  const allowed = database.settings['oauth.apps'];
  if (isDocumentAddress(clientId)) {
    if (allowed === 'registered') throw new GatewayError('oauth.client');
    return { clientId, source: 'document', ...(await documentsOf(database).read(clientId)) };
  }
  const known = idFormat.test(clientId) ? await findKnownApp(database, clientId) : undefined;
  if (known === undefined || (known.source === 'dynamic' && allowed !== 'anyone')) throw new GatewayError('oauth.client');
  return { clientId, ...known };
}

/** Throws `oauth.registration` unless apps may register themselves. */
export function requireRegistration(database: Database): void {
  if (database.settings['oauth.apps'] !== 'anyone') throw new GatewayError('oauth.registration');
}

/** RFC 7591. Returns the new `client_id`. Throws `throttle.exceeded` if there are too many. */
export async function registerItself(database: Database, metadata: AppMetadata, address: string): Promise<string> {
  const clientId = `dyn_${randomBytes(8).toString('hex')}`;
  if (await registerApp(database, clientId, metadata, subscriberOf(address))) return clientId;
  throw new GatewayError('throttle.exceeded', { message: 'Too many apps have registered themselves.', retryAfterMs: 3_600_000 });
}
