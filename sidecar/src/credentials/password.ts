// Passwords of users, for Odoo's own protocols, where a manager allows them. Odoo says once whether a password is right, as its
// login page would. Later calls are answered from memory for a while, as long as the user and its password stay what they were.

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

/** Odoo's word on a password; `uid` null when it refused. */
export type CheckLogin = (
  context: RequestContext,
  login: string,
  password: string,
  attempt: Attempt,
) => Promise<{ readonly uid: number | null; readonly mfa: boolean }>;

/** A directory may end a password without Odoo hearing of it. */
const rememberedForMs = 600_000;
const longest = 1_000;

interface Right {
  readonly uid: number;
  /** Changes with the password. */
  readonly stamp: string;
}

export class Passwords implements Authenticator {
  readonly name = 'password';
  readonly #check: CheckLogin;
  readonly #mayComeFrom: (principal: Principal, address: string) => boolean;
  readonly #rightOf = perDatabase(() => new LRUCache<string, Right>({ max: 10_000, ttl: rememberedForMs }));

  /** @param mayComeFrom whether a caller may come from an address */
  constructor(check: CheckLogin, mayComeFrom: (principal: Principal, address: string) => boolean) {
    this.#check = check;
    this.#mayComeFrom = mayComeFrom;
  }

  recognises(credential: Credential): boolean {
    return credential.kind === 'body';
  }

  async authenticate(credential: Credential, database: Database, attempt: Attempt, context: RequestContext): Promise<Principal> {
    if (credential.kind !== 'body') throw new CredentialRefused('malformed');
    if (!database.settings['rpc.passwords']) throw new CredentialRefused('no key, and passwords are not accepted');
    const { secret, login, uid } = credential;
    // Postgres stores no null byte, so nobody has one in a login or a password.
    if (`${login ?? ''}${secret}`.includes('\0') || secret.length > longest || (login ?? '').length > longest) {
      throw new CredentialRefused('no possible password');
    }
    const key = digest('sha256', JSON.stringify([uid ?? login, secret]), 'base64');
    const rights = this.#rightOf(database);
    const right = rights.get(key);
    if (right !== undefined) {
      const standing = await principalsOf(database).of('login', right.uid);
      // A login may have become another user's.
      const isTheirs = login === undefined || login === standing.principal.login;
      if (isTheirs && onlyStamp(standing) === right.stamp) return this.#admitted(standing, context);
      rights.delete(key);
    }
    attempt.admit();
    const name = login ?? (await principalsOf(database).of('login', uid ?? 0)).principal.login;
    const found = await this.#check(context, name, secret, attempt);
    if (found.uid === null) throw new CredentialRefused('Odoo refused the login');
    // Odoo may have renewed the password's hash just now.
    const standing = await principalsOf(database).fresh('login', found.uid);
    const principal = claimed(this.#admitted(standing, context), credential);
    if (found.mfa) throw new GatewayError('auth.mfa');
    rights.set(key, { uid: found.uid, stamp: onlyStamp(standing) });
    return principal;
  }

  /** Said as of a wrong password, and counted: from an address that is not theirs, nobody learns that a guess was right. */
  #admitted({ principal }: Standing, { address }: RequestContext): Principal {
    if (this.#mayComeFrom(principal, address)) return principal;
    throw new CredentialRefused(`user ${principal.userId} may not come from this address`);
  }
}
