// Access tokens. One that was read before costs a hash and a look into a map; its principal is narrowed anew when its
// credential's changes.

import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../context.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { TokenRow } from '../db/tokens.ts';
import type { Authenticator } from './authenticate.ts';
import type { Credential } from './credentials.ts';
import { looksLikeToken } from './jwt.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import { meet } from './scopes.ts';
import { readRow } from './tokens.ts';

interface KnownToken {
  readonly row: TokenRow;
  readonly endsAtMs: number;
  /** What `principal` was made from. */
  standing: Standing | undefined;
  principal: Principal | undefined;
}

const cachedTokens = 50_000;

export class AccessTokens implements Authenticator {
  readonly name = 'access_token';
  readonly #cacheOf = perDatabase((database) => new TokenCache(database));

  recognises(credential: Credential): boolean {
    return (credential.kind === 'bearer' || credential.kind === 'token') && looksLikeToken(credential.secret);
  }

  authenticate(credential: Credential, database: Database): Principal | Promise<Principal> {
    if (credential.kind === 'malformed') throw new CredentialRefused('malformed');
    return this.#cacheOf(database).principalOf(credential.secret);
  }
}

class TokenCache {
  readonly #database: Database;
  readonly #known = new LRUCache<string, KnownToken>({ max: cachedTokens });
  #generation = 0;

  constructor(database: Database) {
    this.#database = database;
    database.onChange('token', (ids) => this.#forget(ids));
    // Secrets and settings change rarely; what they say of a token is checked anew.
    database.onChange('secret', () => this.#forget(null));
    database.onChange('setting', () => this.#forget(null));
  }

  principalOf(text: string): Principal | Promise<Principal> {
    const key = digest('sha256', text, 'base64');
    const known = this.#known.get(key);
    return known === undefined ? this.#look(text, key) : this.#standing(known);
  }

  #standing(token: KnownToken): Principal | Promise<Principal> {
    if (token.endsAtMs <= Date.now()) throw new CredentialRefused('token: expired');
    const standing = principalsOf(this.#database).of(token.row.credential, token.row.credentialId);
    return standing instanceof Promise ? standing.then((found) => narrowed(token, found)) : narrowed(token, standing);
  }

  async #look(text: string, key: string): Promise<Principal> {
    const generation = this.#generation;
    const { row, endsAtMs } = await readRow(this.#database, text, 'access');
    const token: KnownToken = { row, endsAtMs, standing: undefined, principal: undefined };
    const principal = await this.#standing(token);
    if (generation === this.#generation) this.#known.set(key, token);
    return principal;
  }

  #forget(ids: readonly number[] | null): void {
    this.#generation += 1;
    if (ids === null) {
      this.#known.clear();
      return;
    }
    const gone = new Set(ids);
    for (const [key, { row }] of this.#known.entries()) if (gone.has(row.id)) this.#known.delete(key);
  }
}

function narrowed(token: KnownToken, standing: Standing): Principal {
  if (token.standing === standing && token.principal !== undefined) return token.principal;
  const { principal, stamp } = standing;
  // A key may have been retargeted since: the token was issued for its user of then.
  if (principal.userId !== token.row.userId) throw new CredentialRefused('token: of another user');
  if (stamp !== token.row.stamp) throw new CredentialRefused('token: the password was changed');
  const { grant } = principal;
  token.standing = standing;
  token.principal = {
    ...principal,
    expiresAtMs: Math.min(token.endsAtMs, principal.expiresAtMs ?? Number.POSITIVE_INFINITY),
    grant: { scopes: meet(grant.scopes, token.row.scopes), models: grant.models },
  };
  return token.principal;
}
