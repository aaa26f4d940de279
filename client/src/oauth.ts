// Tokens for an OAuth client: client credentials (RFC 6749, section 4.4).

import { GatewayError } from './error.ts';
import { bodyOf, exchange } from './exchange.ts';

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Scopes separated by blanks; by default all scopes of the client. */
  readonly scope?: string;
}

/** A token is renewed this long before it expires. */
const earlyMs = 30_000;

/**
 * Returns a function that returns the current token, or a new one, which concurrent requests share. `refused`: the token that
 * the gateway has refused.
 */
export function oauthTokens(
  base: string,
  { clientId, clientSecret, scope }: OAuthClient,
  send: typeof fetch,
  headers: Readonly<Record<string, string>>,
) {
  const url = `${base}/api/oauth/token`;
  let asked: Promise<{ token: string; endsAtMs: number }> | undefined;

  async function ask() {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
    if (scope !== undefined) body.set('scope', scope);
    const answer = await bodyOf(await exchange(send, url, { method: 'POST', body, headers }), url);
    const { access_token: token, expires_in: lifeS = 0 } = answer;
    if (typeof token !== 'string') {
      throw new GatewayError({ status: 200, reason: 'client.answer', message: `${url} gave no token: this is not the gateway.` });
    }
    return { token, endsAtMs: Date.now() + lifeS * 1000 - earlyMs };
  }

  return async (refused: string | undefined): Promise<string> => {
    const last = asked;
    const known = await last?.catch(() => undefined);
    if (known === undefined || known.token === refused || known.endsAtMs <= Date.now()) {
      // Another request may have asked for a new token meanwhile.
      if (asked === last) asked = ask();
    }
    return (await (asked as NonNullable<typeof asked>)).token;
  };
}
