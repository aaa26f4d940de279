// Odoo's own API keys (`res.users.apikeys`): 40 hex characters, of which Odoo stores the first eight in clear and a
// PBKDF2 hash of the whole.
//
// Two caches. One remembers which secret fits which stored hash: a pure fact, valid for ever, that costs milliseconds
// to find out again. The other remembers who a secret stands for, and forgets at once when the key's or the user's row
// changes; the next request then costs two indexed reads, no hash. Neither holds a secret, only its SHA-256.

import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../context.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { OdooKeyRow } from '../db/odoo_keys.ts';
import { findOdooKeys } from '../db/odoo_keys.ts';
import { findOdooUser } from '../db/odoo_users.ts';
import type { Authenticator } from './authenticate.ts';
import { CredentialRefused } from './authenticate.ts';
import type { Credential } from './credentials.ts';
import type { HashQueue } from './hash_queue.ts';
import type { Pbkdf2Hash } from './passlib.ts';
import { parsePbkdf2, verifyPbkdf2 } from './passlib.ts';

/** SHA-256 of a presented secret, in base64. */
type SecretDigest = string & { readonly __brand: 'SecretDigest' };

interface VerifiedKey {
  readonly principal: Principal;
  /** Milliseconds since 1970; Infinity for a key without expiry. */
  readonly expiresAt: number;
}

const keyFormat = /^[0-9a-f]{40}$/;
const indexLength = 8;
const superuserId = 1;
/** Odoo's scope for keys that may be used over RPC; a key without scope may be used for everything. */
const rpcScope = 'rpc';
const cachedKeys = 20_000;
/** Kept apart, and few: what attackers try must not push out what callers use. */
const cachedMisfits = 2_000;

export class OdooKeys implements Authenticator {
  readonly name = 'odoo_key';
  readonly #cacheOf: (database: Database) => KeyCache;

  constructor(hashes: HashQueue) {
    this.#cacheOf = perDatabase((database) => new KeyCache(database, hashes));
  }

  recognises(credential: Credential): boolean {
    return credential.kind !== 'malformed' && credential.kind !== 'token' && keyFormat.test(credential.secret);
  }

  authenticate(credential: Credential, database: Database): Principal | Promise<Principal> {
    if (credential.kind === 'malformed') throw new CredentialRefused('malformed');
    const login = credential.kind === 'basic' ? credential.login : undefined;
    const principal = this.#cacheOf(database).principalOf(credential.secret);
    return principal instanceof Promise ? principal.then((found) => withLogin(found, login)) : withLogin(principal, login);
  }
}

function withLogin(principal: Principal, login: string | undefined): Principal {
  if (login !== undefined && login !== principal.login) throw new CredentialRefused('the login is not that of the key');
  return principal;
}

class KeyCache {
  readonly #database: Database;
  readonly #hashes: HashQueue;
  readonly #verified = new LRUCache<SecretDigest, VerifiedKey>({ max: cachedKeys });
  readonly #fits = new LRUCache<string, true>({ max: cachedKeys });
  readonly #misfits = new LRUCache<string, true>({ max: cachedMisfits });
  readonly #inFlight = new Map<SecretDigest, Promise<Principal>>();
  readonly #roundCounts = new RoundCounts();
  /** Moves with every change that may concern a key: what was read before it is not cached. */
  #generation = 0;

  constructor(database: Database, hashes: HashQueue) {
    this.#database = database;
    this.#hashes = hashes;
    database.onChange('odoo_key', (ids) => this.#forget(ids, (principal) => principal.credentialId));
    database.onChange('user', (ids) => this.#forget(ids, (principal) => principal.userId));
  }

  principalOf(secret: string): Principal | Promise<Principal> {
    const key = digest('sha256', secret, 'base64') as SecretDigest;
    const verified = this.#verified.get(key);
    if (verified !== undefined) {
      if (verified.expiresAt > Date.now()) return verified.principal;
      this.#verified.delete(key);
      throw new CredentialRefused('expired');
    }
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    const looking = this.#look(secret, key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, looking);
    return looking;
  }

  async #look(secret: string, key: SecretDigest): Promise<Principal> {
    let generation = this.#generation;
    let verified = await this.#verify(secret, key);
    // A change that came while the hash was computed may have been this key's. The hash is known now, so looking again
    // takes two reads; what even those overlapped with a change is right for this request, but not to be kept.
    if (generation !== this.#generation) {
      generation = this.#generation;
      verified = await this.#verify(secret, key);
    }
    if (generation === this.#generation) this.#verified.set(key, verified);
    return verified.principal;
  }

  async #verify(secret: string, key: SecretDigest): Promise<VerifiedKey> {
    const rows = await findOdooKeys(this.#database, secret.slice(0, indexLength));
    const row = await this.#matching(rows, secret, key);
    if (row === undefined) throw new CredentialRefused(rows.length === 0 ? 'unknown key' : 'wrong key');
    if (row.scope !== null && row.scope !== rpcScope) throw new CredentialRefused(`key ${row.id} has the scope "${row.scope}"`);
    const expiresAt = row.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (expiresAt <= Date.now()) throw new CredentialRefused(`key ${row.id} has expired`);
    if (row.userId === superuserId) throw new CredentialRefused(`key ${row.id} is the superuser's`);
    const user = await findOdooUser(this.#database, row.userId);
    if (user === undefined || !user.active) throw new CredentialRefused(`user ${row.userId} of key ${row.id} is not active`);
    return {
      expiresAt,
      principal: {
        kind: 'odoo_key',
        credentialId: row.id,
        userId: user.id,
        login: user.login,
        name: user.name,
        grant: { scopes: null, models: null },
      },
    };
  }

  /** An unknown index costs what a known one costs, so that the time of an answer does not tell them apart. */
  async #matching(rows: readonly OdooKeyRow[], secret: string, key: SecretDigest): Promise<OdooKeyRow | undefined> {
    if (rows.length === 0) {
      await this.#fitsHash(this.#roundCounts.dummy(), '', secret, key);
      return undefined;
    }
    for (const row of rows) {
      const hash = parsePbkdf2(row.hash);
      if (hash === undefined) {
        this.#database.log.warn({ key: row.id }, 'the hash of an API key is not in the format that Odoo 19 writes');
        continue;
      }
      this.#roundCounts.saw(hash.rounds);
      if (await this.#fitsHash(hash, row.hash, secret, key)) return row;
    }
    return undefined;
  }

  async #fitsHash(hash: Pbkdf2Hash, text: string, secret: string, key: SecretDigest): Promise<boolean> {
    const fact = `${key}${text}`;
    if (this.#fits.has(fact)) return true;
    if (this.#misfits.has(fact)) return false;
    const fits = await this.#hashes.run(() => verifyPbkdf2(secret, hash));
    (fits ? this.#fits : this.#misfits).set(fact, true);
    return fits;
  }

  #forget(ids: readonly number[] | null, idOf: (principal: Principal) => number): void {
    this.#generation += 1;
    if (ids === null) {
      this.#verified.clear();
      return;
    }
    const gone = new Set(ids);
    for (const [key, { principal }] of this.#verified.entries()) {
      if (gone.has(idOf(principal))) this.#verified.delete(key);
    }
  }
}

/** Which number of rounds is commonest among the keys seen, and a hash of that cost that nothing fits. */
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
