// Apps that ask users for access: their descriptions, self-registrations, and the codes that they receive when users consent.

import type { Queryable } from './pool.ts';

type AppSource = 'registered' | 'dynamic';

export interface KnownApp {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly source: AppSource;
}

const app = {
  name: 'oauth_client',
  text: `
    select name, to_jsonb(redirect_uris) as "redirectUris", source
    from gateway.oauth_client($1)`,
};

/** Finds an app that a manager registered, or that registered itself. */
export async function findKnownApp(db: Queryable, clientId: string): Promise<KnownApp | undefined> {
  const [row] = await db.query<KnownApp>(app, [clientId]);
  return row;
}

const register = { name: 'oauth_register', text: 'select gateway.oauth_register($1, $2, $3::text[], $4) as stored' };

/**
 * Registers an app. Returns false if there are too many (`gateway.oauth_register`). @param network the IPv4 address, or the /64
 * of an IPv6 address
 */
export async function registerApp(
  db: Queryable,
  clientId: string,
  { name, redirectUris }: Pick<KnownApp, 'name' | 'redirectUris'>,
  network: string,
): Promise<boolean> {
  const [row] = await db.query<{ stored: boolean }>(register, [clientId, name, redirectUris, network]);
  return row?.stored === true;
}

export interface CodeRow {
  /** The connected app that the user's consent created. */
  readonly appId: number;
  readonly clientId: string;
  readonly redirectUri: string;
  /** PKCE's challenge: the SHA-256 of the verifier, base64url. */
  readonly challenge: string;
  readonly resource: string | null;
  /** The scopes for the tokens that will be issued. */
  readonly family: string;
  readonly isSpent: boolean;
  readonly isOver: boolean;
}

const code = {
  name: 'oauth_code',
  text: `
    select
      app_id as "appId", client_id as "clientId", redirect_uri as "redirectUri", challenge, resource, family,
      is_spent as "isSpent", is_over as "isOver"
    from gateway.oauth_code($1)`,
};

/** @param hash the SHA-256 of the code */
export async function findCode(db: Queryable, hash: Buffer): Promise<CodeRow | undefined> {
  const [row] = await db.query<CodeRow>(code, [hash]);
  return row;
}

const clientOf = { name: 'oauth_client_of', text: 'select gateway.oauth_client_of($1) as "clientId"' };

/** The `client_id` of a connected app; null if it was revoked or deleted. */
export async function clientOfApp(db: Queryable, appId: number): Promise<string | null> {
  const [row] = await db.query<{ clientId: string | null }>(clientOf, [appId]);
  return row?.clientId ?? null;
}

const odooUrl = { name: 'odoo_url', text: 'select gateway.odoo_url() as url' };

/** Odoo's address for browsers (`web.base.url`). */
export async function readOdooUrl(db: Queryable): Promise<string | null> {
  const [row] = await db.query<{ url: string | null }>(odooUrl, []);
  return row?.url ?? null;
}
