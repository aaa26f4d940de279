// Principals of credentials, cached until one of their rows changes. All authenticators use this cache, so each notices
// revocations and changes of profiles and users.

import type { CredentialKind, CredentialRow } from '../db/credentials.ts';
import { findCredential } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { GenerationCache } from '../generation_cache.ts';
import type { Principal } from '../pipeline/context.ts';
import { CredentialRefused } from './refused.ts';
import { meet } from './scopes.ts';

export interface Standing {
  readonly principal: Principal;
  /** The stamps of the credential's valid secrets, each with its expiry in milliseconds since 1970 (`stamps.ts`). */
  readonly stamps: ReadonlyMap<string, number | null>;
  readonly userActive: boolean;
}

const cachedPrincipals = 50_000;

class Principals {
  readonly #database: Database;
  readonly #standings = new GenerationCache<Standing>({ max: cachedPrincipals });
  readonly #inFlight = new Map<string, Promise<Standing>>();

  constructor(database: Database) {
    this.#database = database;
    for (const kind of ['odoo_key', 'gateway_key', 'client', 'app'] as const) {
      database.onChange(kind, (ids) =>
        this.#standings.forget(ids, ({ principal }) => (principal.kind === kind ? principal.credentialId : 0)),
      );
    }
    database.onChange('user', (ids) => this.#standings.forget(ids, ({ principal }) => principal.userId));
    // A changed profile may now apply to other users, so all principals are read again.
    database.onChange('profile', (ids) => this.#standings.forget(ids, ({ principal }) => principal.policy.profile_id ?? 0));
  }

  /** The principal of a credential, without a promise if nothing has to be read. Throws or rejects with CredentialRefused. */
  of(kind: CredentialKind, id: number): Standing | Promise<Standing> {
    const key = `${kind}:${id}`;
    const known = this.#standings.get(key);
    if (known !== undefined) return this.#checked(known);
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    const looking = this.#look(kind, id, key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, looking);
    return looking;
  }

  /** The current principal, read without the cache. */
  fresh(kind: CredentialKind, id: number): Promise<Standing> {
    return this.#look(kind, id, `${kind}:${id}`);
  }

  async #look(kind: CredentialKind, id: number, key: string): Promise<Standing> {
    let making = this.#standings.begin(key);
    let row = await findCredential(this.#database, kind, id);
    // A change was committed during the read, which may have seen the old row. If the second read also overlaps with a change,
    // the result is right for this request, but is not cached.
    if (!making.isCurrent) {
      making = this.#standings.begin(key);
      row = await findCredential(this.#database, kind, id);
    }
    if (row === undefined) throw new CredentialRefused(`${key} is deleted, revoked or expired`);
    const stamps = new Map(Object.entries(row.stamps));
    const standing = { principal: principalOf(kind, row), stamps, userActive: row.userActive };
    making.keep(standing);
    return this.#checked(standing);
  }

  /** Makes the checks whose result can change even if the row does not, because they depend on time and settings. */
  #checked(standing: Standing): Standing {
    const { principal, userActive } = standing;
    const mayBeInactive = principal.kind === 'gateway_key' && this.#database.settings['key.inactive_users'];
    if (!userActive && !mayBeInactive) throw new CredentialRefused(`user ${principal.userId} is not active`);
    if (principal.expiresAtMs !== null && principal.expiresAtMs <= Date.now()) throw new CredentialRefused('expired');
    return standing;
  }
}

export const principalsOf = perDatabase((database) => new Principals(database));

function principalOf(kind: CredentialKind, row: CredentialRow): Principal {
  const consumer = `${kind}:${row.id}`;
  return {
    kind,
    credentialId: row.id,
    credentialName: row.name,
    userId: row.userId,
    login: row.login,
    userName: row.userName,
    expiresAtMs: row.expiresAt?.getTime() ?? null,
    credentialExpiresAtMs: row.expiresAt?.getTime() ?? null,
    isKeyItself: kind === 'odoo_key' || kind === 'gateway_key',
    grant: { scopes: meet(row.scopes, row.policy.scopes), models: row.policy.models },
    policy: row.policy,
    ips: row.ips,
    subject: subjectOf(kind, row),
    consumer,
    companyId: row.companyId,
    resource: null,
  };
}

/** The subject that the limits count: the user or, if the profile says so, the credential. */
function subjectOf(kind: CredentialKind, row: CredentialRow): string {
  const byItself = row.policy.subject === 'key' ? kind !== 'login' : row.policy.subject === 'client' && kind === 'client';
  return byItself ? `${kind}:${row.id}` : `user:${row.userId}`;
}
