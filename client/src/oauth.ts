// Tokens for an OAuth client: client credentials (RFC 6749, section 4.4).

import { bodyOf, exchange } from './exchange.ts';

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Scopes separated by blanks; by default all scopes of the client. */
  readonly scope?: string;
}

/** A token is renewed this long before it expires. */
const earlyMs = 30_000;

/** Returns the current token, or a new one, which concurrent requests share. `isStale`: the gateway has refused the last one. */
export function oauthTokens(url: string, { clientId, clientSecret, scope }: OAuthClient, send: typeof fetch) {
  let asked: Promise<{ token: string; endsAtMs: number }> | undefined;

  async function ask() {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
    if (scope !== undefined) form.set('scope', scope);
    const { access_token: token, expires_in: lifeS } = bodyOf(
      await exchange(send, `${url}/api/oauth/token`, { method: 'POST', body: form }),
    );
    return { token: String(token), endsAtMs: Date.now() + lifeS * 1000 - earlyMs };
  }

  return async (isStale: boolean): Promise<string> => {
    const last = asked;
    const known = await last?.catch(() => undefined);
    if (isStale || known === undefined || known.endsAtMs <= Date.now()) {
      // Another request may have requested one meanwhile.
      if (asked === last) asked = ask();
    }
    return (await (asked as NonNullable<typeof asked>)).token;
  };
}
