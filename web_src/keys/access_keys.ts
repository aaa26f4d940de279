import type { Orm } from '@web/core/utils/hooks';

export type Section = 'active' | 'expiring' | 'unused' | 'ended' | 'all';
export type KeyState = 'new' | 'active' | 'expiring' | 'expired' | 'archived' | 'revoked';

/** A gateway key as `gateway.key.page` returns it. Times are in Odoo's format, in UTC; false if there is none. */
export interface AccessKey {
  id: number;
  name: string;
  prefix: string | false;
  user_id: [number, string];
  scopes: string | false;
  environment_name: string | false;
  create_date: string;
  expires_at: string | false;
  /** After a rotation, the old secret keeps working until this time. */
  grace_ends_at: string | false;
  last_used_at: string | false;
  last_address: string | false;
  use_count: number;
  state: KeyState;
  own: boolean;
  /** Whether the user may get a new secret for it. */
  renewable: boolean;
}

export interface KeysPage {
  total: number;
  counts: Record<Section, number>;
  keys: AccessKey[];
}

/** An app that a user has allowed to act for them. */
export interface ConnectedApp {
  id: number;
  name: string;
  /** Who vouches for its name: a manager, a web address, or only the app. */
  source: 'registered' | 'document' | 'dynamic';
  /** The host to which the app's answers are sent. */
  host: string;
  user_id: [number, string];
  company_id: [number, string];
  scopes: string;
  create_date: string;
  expires_at: string;
  last_used_at: string | false;
}

export interface KeysQuery {
  section: Section;
  text: string;
  everyone: boolean;
  offset: number;
  limit: number;
}

export interface Surroundings {
  manager: boolean;
  /** The gateway's address for callers; null: not known. */
  url: string | null;
  /** Whether a sidecar is alive. */
  served: boolean;
  database: string;
  /** The longest lifetime of a key; null: unlimited. */
  longest_days: number | null;
  grace_hours: number;
  profiles: { id: number; name: string }[];
  /** A model that the user may read, for the examples. */
  example_model: string;
}

export interface NewKey {
  name: string;
  expires_at: string | false;
  scopes?: string;
  profile_id?: number;
}

/** A new secret. Its dialog sends this on the bus. */
export interface ShownSecret {
  secret: string;
  kind: 'gateway_key' | 'client';
  id: number;
}

/** A model or resource that a scope may name. */
export interface ScopeTarget {
  name: string;
  label: string;
  kind: 'model' | 'resource';
}

/** An explanation of scopes, and the first fault in them, if there is one. */
export interface Scopes {
  fault: string | null;
  lines: { scope: string; text: string; is_wide: boolean }[];
}

/** The figures of one key, from `gateway.stat.dashboard`. Moments are milliseconds since 1970. */
export interface Usage {
  totals: { requests: number; errors: number; error_rate: number | null };
  series: { at: number; requests: number; errors: number }[];
  /** The models that the key uses, most used first. */
  models: { value: string; requests: number; errors: number }[];
}

const model = 'gateway.key';
const page = 'gateway.key.page';

export const readKeys = (orm: Orm, query: KeysQuery) =>
  orm.call<KeysPage>(page, 'keys', [], { ...query, text: query.text.trim() });

export const readApps = (orm: Orm, everyone: boolean) => orm.call<ConnectedApp[]>(page, 'apps', [], { everyone });

export const endApp = (orm: Orm, id: number) => orm.call<boolean>('gateway.connected.app', 'action_revoke', [[id]]);

/** @param days how many days, up to now */
export function readUsage(orm: Orm, keyId: number, days: number): Promise<Usage> {
  const until = Date.now();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const question = { consumer: `gateway_key:${keyId}`, zone };
  return orm.call<Usage>('gateway.stat', 'dashboard', [until - days * 86_400_000, until], question);
}

export const readSurroundings = (orm: Orm) => orm.call<Surroundings>(page, 'surroundings');

export const readScopeTargets = (orm: Orm) => orm.call<ScopeTarget[]>(page, 'scope_targets');

export const explainScopes = (orm: Orm, text: string) => orm.call<Scopes>(page, 'explain_scopes', [text]);

type Action = Record<string, unknown>;

// These three methods return an action: the dialog with the secret, or the dialog that asks for the password first.

export const createKey = (orm: Orm, values: NewKey) => orm.call<Action>(model, 'action_create_with_secret', [values]);

export const generateSecret = (orm: Orm, id: number) => orm.call<Action>(model, 'action_generate', [[id]]);

export const rotateKey = (orm: Orm, id: number, graceHours: number) =>
  orm.call<Action>(model, 'action_rotate', [[id], graceHours]);

export const revokeKey = (orm: Orm, id: number) => orm.call<boolean>(model, 'action_revoke', [[id]]);
