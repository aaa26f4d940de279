// Access tokens. A known token costs one hash and one map look-up. Its principal is built again when its credential changes.

import { hash as digest } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { TokenRow } from '../db/tokens.ts';
import { GenerationCache } from '../generation_cache.ts';
import type { Principal } from '../pipeline/context.ts';
import type { Authenticator } from './authenticate.ts';
import { looksLikeToken } from './jwt.ts';
import type { Credential } from './presented.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import { meet } from './scopes.ts';
import type { EnvironmentStamps } from './stamps.ts';
import { holdsUntil } from './stamps.ts';
import { readRow } from './tokens.ts';

interface KnownToken {
  readonly row: TokenRow;
  /** The expiry that is written in the token itself. */
  readonly expiresAtMs: number;
  /** The earlier of `expiresAtMs` and the end of the secret to which the token is bound. */
  endsAtMs: number;
  /** The standing that was checked last. `principal` is built from it, or undefined if the token was refused. */
  standing: Standing | undefined;
  principal: Principal | undefined;
}

const cachedTokens = 50_000;

export class AccessTokens implements Authenticator {
  readonly name = 'access_token';
  readonly #cacheOf: (database: Database) => TokenCache;

  constructor(environment: EnvironmentStamps) {
    this.#cacheOf = perDatabase((database) => new TokenCache(database, environment));
  }

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
  readonly #environment: EnvironmentStamps;
  readonly #known = new GenerationCache<KnownToken>({ max: cachedTokens });

  constructor(database: Database, environment: EnvironmentStamps) {
    this.#database = database;
    this.#environment = environment;
    database.onChange('token', (ids) => this.#known.forget(ids, ({ row }) => row.id));
    // Secrets and settings change rarely, but a change may affect the token, so it is checked again.
    database.onChange('secret', () => this.#known.clear());
    database.onChange('setting', () => this.#known.clear());
  }

  principalOf(text: string): Principal | Promise<Principal> {
    const key = digest('sha256', text, 'base64');
    const known = this.#known.get(key);
    return known === undefined ? this.#look(text, key) : this.#standing(known);
  }

  #standing(token: KnownToken): Principal | Promise<Principal> {
    if (token.endsAtMs <= Date.now()) throw new CredentialRefused('token: expired');
    const standing = principalsOf(this.#database).of(token.row.credential, token.row.credentialId);
    return standing instanceof Promise
      ? standing.then((found) => this.#principal(token, found))
      : this.#principal(token, standing);
  }

  #principal(token: KnownToken, standing: Standing): Principal | Promise<Principal> {
    if (token.standing === standing && token.principal !== undefined) return token.principal;
    const { credential, credentialId, stamp } = token.row;
    if (token.standing === standing || holdsUntil(standing, stamp, this.#environment) !== undefined) {
      return narrowed(token, standing, this.#environment);
    }
    // A secret newer than the cache is looked up once in the database.
    return principalsOf(this.#database)
      .fresh(credential, credentialId)
      .then((fresh) => narrowed(token, fresh, this.#environment));
  }

  async #look(text: string, key: string): Promise<Principal> {
    const making = this.#known.begin(key);
    const { row, endsAtMs } = await readRow(this.#database, text, 'access');
    const token: KnownToken = { row, expiresAtMs: endsAtMs, endsAtMs, standing: undefined, principal: undefined };
    const principal = await this.#standing(token);
    making.keep(token);
    return principal;
  }
}

function narrowed(token: KnownToken, standing: Standing, environment: EnvironmentStamps): Principal {
  token.standing = standing;
  token.principal = undefined;
  const { principal } = standing;
  // The key may belong to another user by now.
  if (principal.userId !== token.row.userId) throw new CredentialRefused('token: issued for another user');
  const holds = holdsUntil(standing, token.row.stamp, environment);
  if (holds === undefined) throw new CredentialRefused('token: the secret that it was issued for is no longer valid');
  token.endsAtMs = Math.min(token.expiresAtMs, holds);
  const { grant } = principal;
  token.principal = {
    ...principal,
    isKeyItself: false,
    resource: token.row.resource,
    expiresAtMs: Math.min(token.endsAtMs, principal.expiresAtMs ?? Number.POSITIVE_INFINITY),
    grant: { scopes: meet(grant.scopes, token.row.scopes), models: grant.models },
  };
  return token.principal;
}
