// Odoo's own API keys (`res.users.apikeys`): 40 hex characters, of which Odoo stores the first eight in plain text and a PBKDF2
// hash of the whole.
//
// There are two caches. One maps secrets to the stored hashes that match them: finding a match takes milliseconds, and a match
// never changes. The other maps secrets to keys, and drops an entry when the key's row changes; the next request then costs an
// indexed read, but no hash. Both contain only the SHA-256 of secrets. The principals of keys are cached with all others
// (`principals.ts`).

import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { OdooKeyRow } from '../db/odoo_keys.ts';
import { findOdooKeys } from '../db/odoo_keys.ts';
import { GenerationCache } from '../generation_cache.ts';
import type { Principal } from '../pipeline/context.ts';
import type { Attempt, KeyAuthenticator } from './authenticate.ts';
import { claimed } from './claimed.ts';
import type { Pbkdf2Hash } from './passlib.ts';
import { parsePbkdf2, verifyPbkdf2 } from './passlib.ts';
import type { Credential } from './presented.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import type { Proof } from './stamps.ts';
import { onlyStamp } from './stamps.ts';
import type { VerificationQueue } from './verification_queue.ts';

/** SHA-256 of a secret that was sent, in base64. */
type SecretDigest = string & { readonly __brand: 'SecretDigest' };

const keyFormat = /^[0-9a-f]{40}$/;
const indexLength = 8;
/** Odoo's scope for keys that may be used over RPC; a key without scope may be used for everything. */
const rpcScope = 'rpc';
const cachedKeys = 20_000;
/** Failed secrets have a separate, small cache, so attackers cannot evict valid secrets. */
const cachedMisfits = 2_000;

export class OdooKeys implements KeyAuthenticator {
  readonly name = 'odoo_key';
  readonly #cacheOf: (database: Database) => KeyCache;

  constructor(hashes: VerificationQueue) {
    this.#cacheOf = perDatabase((database) => new KeyCache(database, hashes));
  }

  recognises(credential: Credential): boolean {
    return credential.kind !== 'malformed' && credential.kind !== 'token' && keyFormat.test(credential.secret);
  }

  authenticate(credential: Credential, database: Database, attempt: Attempt): Principal | Promise<Principal> {
    if (credential.kind === 'malformed') throw new CredentialRefused('malformed');
    const principal = this.#cacheOf(database).principalOf(credential.secret, attempt);
    return principal instanceof Promise ? principal.then((found) => claimed(found, credential)) : claimed(principal, credential);
  }

  async prove(credential: Credential, database: Database, attempt: Attempt): Promise<Proof> {
    const { kind, credentialId } = await this.authenticate(credential, database, attempt);
    const standing = await principalsOf(database).of(kind, credentialId);
    return { standing, stamp: onlyStamp(standing) };
  }
}

class KeyCache {
  readonly #database: Database;
  readonly #hashes: VerificationQueue;
  readonly #verified = new GenerationCache<number>({ max: cachedKeys });
  readonly #fits = new LRUCache<string, true>({ max: cachedKeys });
  readonly #misfits = new LRUCache<string, true>({ max: cachedMisfits });
  /** The checks in progress, by digest and network, so that the failures of one address do not affect another. */
  readonly #inFlight = new Map<string, Promise<number>>();
  readonly #roundCounts = new RoundCounts();

  constructor(database: Database, hashes: VerificationQueue) {
    this.#database = database;
    this.#hashes = hashes;
    database.onChange('odoo_key', (ids) => this.#verified.forget(ids, (id) => id));
  }

  principalOf(secret: string, attempt: Attempt): Principal | Promise<Principal> {
    const id = this.#keyOf(secret, attempt);
    return id instanceof Promise ? id.then((found) => this.#standing(found)) : this.#standing(id);
  }

  #standing(id: number): Principal | Promise<Principal> {
    const standing = principalsOf(this.#database).of('odoo_key', id);
    return standing instanceof Promise ? standing.then(({ principal }) => principal) : standing.principal;
  }

  #keyOf(secret: string, attempt: Attempt): number | Promise<number> {
    const key = digest('sha256', secret, 'base64') as SecretDigest;
    const verified = this.#verified.get(key);
    if (verified !== undefined) return verified;
    attempt.admit();
    const place = `${key}${attempt.network}`;
    const running = this.#inFlight.get(place);
    if (running !== undefined) return running;
    const looking = this.#look(secret, key, attempt).finally(() => this.#inFlight.delete(place));
    this.#inFlight.set(place, looking);
    return looking;
  }

  async #look(secret: string, key: SecretDigest, attempt: Attempt): Promise<number> {
    const making = this.#verified.begin(key);
    const rows = await findOdooKeys(this.#database, secret.slice(0, indexLength));
    const row = await this.#matching(rows, secret, key, attempt);
    if (row === undefined) throw new CredentialRefused(rows.length === 0 ? 'unknown key' : 'wrong key');
    if (row.scope !== null && row.scope !== rpcScope) throw new CredentialRefused(`key ${row.id} has the scope "${row.scope}"`);
    // A look-up that overlapped with a change is not cached. Whether the key still exists is checked when its principal is read.
    making.keep(row.id);
    return row.id;
  }

  /** An unknown index takes as long as a known one, so the response time does not reveal the difference. */
  async #matching(
    rows: readonly OdooKeyRow[],
    secret: string,
    key: SecretDigest,
    attempt: Attempt,
  ): Promise<OdooKeyRow | undefined> {
    if (rows.length === 0) {
      await attempt.charge();
      await this.#fitting([{ hash: this.#roundCounts.dummy(), text: '', row: undefined }], secret, key, attempt);
      return undefined;
    }
    const candidates: Candidate[] = [];
    for (const row of rows) {
      const hash = parsePbkdf2(row.hash);
      if (hash === undefined) {
        this.#database.log.warn({ key: row.id }, 'the hash of an API key is not in the format that Odoo 19 writes');
        continue;
      }
      this.#roundCounts.saw(hash.rounds);
      candidates.push({ hash, text: row.hash, row });
    }
    return (await this.#fitting(candidates, secret, key, attempt))?.row;
  }

  async #fitting(
    candidates: readonly Candidate[],
    secret: string,
    key: SecretDigest,
    attempt: Attempt,
  ): Promise<Candidate | undefined> {
    const known = candidates.find(({ text }) => this.#fits.has(`${key}${text}`));
    const open = candidates.filter(({ text }) => !this.#misfits.has(`${key}${text}`));
    if (known !== undefined || open.length === 0) return known;
    // All hashes are computed in one turn. While it waited for a second turn, this attempt would keep its reservation, and other
    // attempts from the address would have to wait.
    return this.#hashes.run(
      [this.#database.name, attempt.network],
      () => attempt.reserve(),
      async () => {
        for (const candidate of open) {
          const fits = await verifyPbkdf2(secret, candidate.hash);
          (fits ? this.#fits : this.#misfits).set(`${key}${candidate.text}`, true);
          if (fits) return candidate;
        }
        return undefined;
      },
    );
  }
}

/** A stored hash and its key; no key for an unknown index. */
interface Candidate {
  readonly hash: Pbkdf2Hash;
  readonly text: string;
  readonly row: OdooKeyRow | undefined;
}

/** The most common number of rounds so far, and a hash with as many rounds that matches no secret. */
class RoundCounts {
  readonly #counts = new Map<number, number>();
  #commonest = 6_000;

  saw(rounds: number): void {
    const count = (this.#counts.get(rounds) ?? 0) + 1;
    this.#counts.set(rounds, count);
    if (count > (this.#counts.get(this.#commonest) ?? 0)) this.#commonest = rounds;
  }

  dummy(): Pbkdf2Hash {
    return { rounds: this.#commonest, salt: Buffer.alloc(16), checksum: Buffer.alloc(64) };
  }
}
