// Gateway keys: `gwk_` and 60 URL-safe characters, of which the database stores the SHA-256. The secret is random, so one fast
// hash is enough, and the look-up by that hash reveals nothing through its timing.

import { hash as digest } from 'node:crypto';
import { findEnvironmentKey, findGatewayKey } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { GenerationCache } from '../generation_cache.ts';
import type { Principal } from '../pipeline/context.ts';
import type { Attempt, KeyAuthenticator } from './authenticate.ts';
import { claimed } from './claimed.ts';
import type { Credential } from './presented.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import type { EnvironmentKeys, Proof } from './stamps.ts';
import { environmentStamp, secretStamp } from './stamps.ts';

const keyFormat = /^gwk_[A-Za-z0-9_-]{60}$/;
const cachedKeys = 50_000;

interface FoundKey {
  readonly id: number;
  readonly secretEnds: Date | null;
  readonly stamp: string;
}

export class GatewayKeys implements KeyAuthenticator {
  readonly name = 'gateway_key';
  readonly #environment: EnvironmentKeys;
  readonly #cacheOf: (database: Database) => KeyCache;

  constructor(environment: EnvironmentKeys) {
    this.#environment = environment;
    this.#cacheOf = perDatabase((database) => new KeyCache(database, environment));
  }

  recognises(credential: Credential): boolean {
    if (credential.kind !== 'key' && credential.kind !== 'bearer' && credential.kind !== 'body') return false;
    if (keyFormat.test(credential.secret)) return true;
    return this.#environment.size > 0 && this.#environment.has(digest('sha256', credential.secret, 'base64'));
  }

  authenticate(credential: Credential, database: Database, attempt: Attempt): Principal | Promise<Principal> {
    if (credential.kind === 'malformed') throw new CredentialRefused('malformed');
    const principal = this.#cacheOf(database).principalOf(credential.secret, attempt);
    return principal instanceof Promise ? principal.then((found) => claimed(found, credential)) : claimed(principal, credential);
  }

  async prove(credential: Credential, database: Database, attempt: Attempt): Promise<Proof> {
    if (credential.kind === 'malformed') throw new CredentialRefused('malformed');
    return this.#cacheOf(database).prove(credential.secret, attempt);
  }
}

class KeyCache {
  readonly #database: Database;
  readonly #environment: EnvironmentKeys;
  readonly #found = new GenerationCache<FoundKey>({ max: cachedKeys });

  constructor(database: Database, environment: EnvironmentKeys) {
    this.#database = database;
    this.#environment = environment;
    database.onChange('gateway_key', (ids) => this.#found.forget(ids, ({ id }) => id));
  }

  principalOf(secret: string, attempt: Attempt): Principal | Promise<Principal> {
    const found = this.#keyOf(secret, attempt);
    return found instanceof Promise ? found.then((key) => this.#principal(key)) : this.#principal(found);
  }

  async prove(secret: string, attempt: Attempt): Promise<Proof> {
    const found = await this.#keyOf(secret, attempt);
    return { standing: await this.#standing(found), stamp: found.stamp };
  }

  #principal(found: FoundKey): Principal | Promise<Principal> {
    const standing = this.#standing(found);
    return standing instanceof Promise
      ? standing.then(({ principal }) => shownBy(found, principal))
      : shownBy(found, standing.principal);
  }

  #standing(found: FoundKey): Standing | Promise<Standing> {
    if (found.secretEnds !== null && found.secretEnds.getTime() <= Date.now()) {
      throw new CredentialRefused(`the secret of key ${found.id} was rotated`);
    }
    return principalsOf(this.#database).of('gateway_key', found.id);
  }

  #keyOf(secret: string, attempt: Attempt): FoundKey | Promise<FoundKey> {
    const hash = digest('sha256', secret, 'base64');
    const found = this.#found.get(hash);
    if (found !== undefined) return found;
    attempt.admit();
    return this.#look(hash);
  }

  async #look(hash: string): Promise<FoundKey> {
    const making = this.#found.begin(hash);
    const name = this.#environment.get(hash);
    const row =
      name === undefined
        ? await findGatewayKey(this.#database, Buffer.from(hash, 'base64'))
        : await findEnvironmentKey(this.#database, name);
    if (row === undefined) throw new CredentialRefused('unknown key');
    const { id, secretId, secretEnds } = row;
    const stamp = secretId === null ? environmentStamp(name ?? '', hash) : secretStamp(secretId);
    const found = { id, secretEnds, stamp };
    making.keep(found);
    return found;
  }
}

function shownBy({ secretEnds }: FoundKey, principal: Principal): Principal {
  return secretEnds === null ? principal : { ...principal, isKeyItself: false };
}
