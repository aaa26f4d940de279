// The current state of credentials of every kind.

import { z } from 'zod';
import type { Queryable } from './pool.ts';

const credentialKinds = ['odoo_key', 'gateway_key', 'client', 'app', 'login'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** `gateway.policy()`: the rules of a profile; null if it does not set a rule. */
const policyShape = z.object({
  profile_id: z.int().nullable(),
  name: z.string().nullable(),
  /** Requests per window; 0 means no limit. */
  limits: z.object({ minute: z.int(), hour: z.int(), day: z.int() }).nullable(),
  subject: z.enum(['user', 'key', 'client']),
  ips: z.array(z.string()),
  log_level: z.enum(['errors', 'metadata', 'payloads']).nullable(),
  models: z.array(z.string()).nullable(),
  scopes: z.array(z.string()).nullable(),
  concurrency: z.int().nullable(),
  /** Whether AI agents may connect, and may write; null: as in the settings. */
  agent_access: z.enum(['allowed', 'off']).nullable().catch('off'),
  agent_writes: z.enum(['allowed', 'ask', 'never']).nullable().catch('never'),
});

export type ProfilePolicy = Readonly<z.infer<typeof policyShape>>;

export interface CredentialRow {
  readonly id: number;
  readonly name: string;
  readonly userId: number;
  readonly login: string;
  readonly userName: string;
  readonly userActive: boolean;
  readonly scopes: readonly string[] | null;
  readonly ips: readonly string[];
  readonly expiresAt: Date | null;
  /**
   * The stamps of its valid secrets, each with its expiry in milliseconds since 1970; null: it does not expire
   * (`gateway.stamps`).
   */
  readonly stamps: Readonly<Record<string, number | null>>;
  readonly policy: ProfilePolicy;
  /** The only company in which the credential works; null: any of its user's companies. */
  readonly companyId: number | null;
}

const credential = {
  name: 'credential',
  text: `
    select
      credential_id as id, name, user_id as "userId", login, user_name as "userName", user_active as "userActive",
      scopes, ips, expires_at as "expiresAt", stamps, policy, company_id as "companyId"
    from gateway.credential($1, $2)`,
};

/** The current state of a credential; undefined if it is deleted, revoked, archived or expired, or belongs to the superuser. */
export async function findCredential(db: Queryable, kind: CredentialKind, id: number): Promise<CredentialRow | undefined> {
  const [row] = await db.query<Omit<CredentialRow, 'policy'> & { policy: unknown }>(credential, [kind, id]);
  return row && { ...row, userName: row.userName ?? row.login, policy: policyShape.parse(row.policy) };
}

const gatewayKey = {
  name: 'gateway_key',
  text: `
    select credential_id as id, secret_id as "secretId", secret_ends as "secretEnds"
    from gateway.gateway_key($1)`,
};

export interface FoundKey {
  readonly id: number;
  /** The id of the secret's row; null if the secret is in the environment. */
  readonly secretId: number | null;
  /** End of a rotated secret's grace period. */
  readonly secretEnds: Date | null;
}

/** @param hash the SHA-256 of the key that was sent */
export async function findGatewayKey(db: Queryable, hash: Buffer): Promise<FoundKey | undefined> {
  const [row] = await db.query<FoundKey>(gatewayKey, [hash]);
  return row;
}

const environmentKey = {
  name: 'environment_key',
  text: `
    select credential_id as id, null::bigint as "secretId", null::timestamp as "secretEnds"
    from gateway.environment_key($1)`,
};

/** @param name the part after `GATEWAY_KEY_` in the environment */
export async function findEnvironmentKey(db: Queryable, name: string): Promise<FoundKey | undefined> {
  const [row] = await db.query<FoundKey>(environmentKey, [name]);
  return row;
}

export interface FoundClient {
  readonly id: number;
  /** The SHA-256 of each valid secret. There are two during a rotation. */
  readonly hashes: readonly Buffer[];
  /** The ids of their rows, in the same order. */
  readonly secretIds: readonly number[];
}

const client = {
  name: 'client',
  text: `
    select credential_id as id, hashes, to_jsonb(secret_ids) as "secretIds"
    from gateway.client($1)`,
};

export async function findClient(db: Queryable, clientId: string): Promise<FoundClient | undefined> {
  const [row] = await db.query<FoundClient>(client, [clientId]);
  return row;
}

export interface Use {
  readonly kind: CredentialKind;
  readonly id: number;
  count: number;
  at: Date;
  address: string;
}

const usage = {
  name: 'record_usage',
  text: 'select gateway.record_usage($1::text[], $2::bigint[], $3::bigint[], $4::timestamp[], $5::text[])',
};

/** Stores when credentials were last used, in one statement for all of them. */
export async function recordUsage(db: Queryable, uses: readonly Use[]): Promise<void> {
  await db.query(usage, [
    uses.map((use) => use.kind),
    uses.map((use) => use.id),
    uses.map((use) => use.count),
    uses.map((use) => use.at.toISOString().slice(0, -1)),
    uses.map((use) => use.address),
  ]);
}
