// Users' passwords, for Odoo's own protocols, if the settings allow them. Odoo checks a password once, as its login page would.
// For a while, later calls are answered from memory, as long as the user and the password do not change.

import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Principal, RequestContext } from '../pipeline/context.ts';
import type { Attempt, Authenticator } from './authenticate.ts';
import { claimed } from './claimed.ts';
import type { Credential } from './presented.ts';
import type { Standing } from './principals.ts';
import { principalsOf } from './principals.ts';
import { CredentialRefused } from './refused.ts';
import { onlyStamp } from './stamps.ts';

/** Odoo's answer about a password; `uid` is null if it refused. */
export type CheckLogin = (
  context: RequestContext,
  login: string,
  password: string,
  attempt: Attempt,
) => Promise<{ readonly uid: number | null; readonly mfa: boolean }>;

/** The time is limited, because an LDAP directory may revoke a password without Odoo's knowledge. */
const rememberedForMs = 600_000;
const longest = 1_000;

interface Right {
  readonly uid: number;
  /** A digest that changes when the password changes. */
  readonly stamp: string;
}

export class Passwords implements Authenticator {
  readonly name = 'password';
  readonly #check: CheckLogin;
  readonly #mayComeFrom: (principal: Principal, address: string) => boolean;
  readonly #rightOf = perDatabase(() => new LRUCache<string, Right>({ max: 10_000, ttl: rememberedForMs }));

  /** @param mayComeFrom whether the caller's lists allow an address */
  constructor(check: CheckLogin, mayComeFrom: (principal: Principal, address: string) => boolean) {
    this.#check = check;
    this.#mayComeFrom = mayComeFrom;
  }

  recognises(credential: Credential): boolean {
    return credential.kind === 'body';
  }

  async authenticate(credential: Credential, database: Database, attempt: Attempt, context: RequestContext): Promise<Principal> {
    if (credential.kind !== 'body') throw new CredentialRefused('malformed');
    if (!database.settings['rpc.passwords']) throw new CredentialRefused('not a key, and passwords are not accepted');
    const { secret, login, uid } = credential;
    // Postgres cannot store a null byte, so no login or password contains one.
    if (`${login ?? ''}${secret}`.includes('\0') || secret.length > longest || (login ?? '').length > longest) {
      throw new CredentialRefused('not a possible password');
    }
    const key = digest('sha256', JSON.stringify([uid ?? login, secret]), 'base64');
    const rights = this.#rightOf(database);
    const right = rights.get(key);
    if (right !== undefined) {
      const standing = await principalsOf(database).of('login', right.uid);
      // The login may belong to another user by now.
      const isTheirs = login === undefined || login === standing.principal.login;
      if (isTheirs && onlyStamp(standing) === right.stamp) return this.#admitted(standing, context);
      rights.delete(key);
    }
    attempt.admit();
    const name = login ?? (await principalsOf(database).of('login', uid ?? 0)).principal.login;
    const found = await this.#check(context, name, secret, attempt);
    if (found.uid === null) throw new CredentialRefused('Odoo refused the login');
    // Odoo may just have renewed the password's hash.
    const standing = await principalsOf(database).fresh('login', found.uid);
    const principal = claimed(this.#admitted(standing, context), credential);
    if (found.mfa) throw new GatewayError('auth.mfa');
    rights.set(key, { uid: found.uid, stamp: onlyStamp(standing) });
    return principal;
  }

  /**
   * An address that is not allowed is reported and counted as a wrong password, so that nobody can confirm a guess from there.
   */
  #admitted({ principal }: Standing, { address }: RequestContext): Principal {
    if (this.#mayComeFrom(principal, address)) return principal;
    throw new CredentialRefused(`user ${principal.userId} may not call from this address`);
  }
}
