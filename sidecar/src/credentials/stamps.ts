// A token is bound to the secret with which it was requested, by the secret's stamp (`gateway.stamps` in SQL). When that secret
// is deleted, or its grace period is over, the token ends, even if its credential is still valid.

import { hash as digest } from 'node:crypto';
import type { Standing } from './principals.ts';

/** Maps the SHA-256 (base64) of each secret in the environment to the name of its key. */
export type EnvironmentKeys = ReadonlyMap<string, string>;

/** The stamps of the secrets in the environment. */
export type EnvironmentStamps = ReadonlySet<string>;

/** The caller, and the stamp of the secret with which it authenticated. */
export interface Proof {
  readonly standing: Standing;
  readonly stamp: string;
}

/** @param id the id of the row in `gateway.credential_secret` */
export function secretStamp(id: number): string {
  return `secret:${id}`;
}

/** The database knows only the key's name. The part after `#` depends on the secret, which only this process knows. */
export function environmentStamp(name: string, hash: string): string {
  return `environment:${name}#${digest('sha256', hash, 'base64url').slice(0, 22)}`;
}

export function environmentStamps(keys: EnvironmentKeys): EnvironmentStamps {
  return new Set([...keys].map(([hash, name]) => environmentStamp(name, hash)));
}

/** Logins and Odoo's own keys have one secret, so they have one stamp. */
export function onlyStamp({ stamps }: Standing): string {
  const [stamp] = stamps.keys();
  if (stamp === undefined) throw new Error('a credential without a stamp');
  return stamp;
}

/** When tokens with this stamp expire, in milliseconds since 1970. Infinity: never. Undefined: they have already expired. */
export function holdsUntil({ stamps }: Standing, stamp: string | null, environment: EnvironmentStamps): number | undefined {
  if (stamp === null) return undefined;
  const mark = stamp.indexOf('#');
  if (mark !== -1 && !environment.has(stamp)) return undefined;
  const ends = stamps.get(mark === -1 ? stamp : stamp.slice(0, mark));
  if (ends === undefined || (ends !== null && ends <= Date.now())) return undefined;
  return ends ?? Number.POSITIVE_INFINITY;
}
