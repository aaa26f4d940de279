// Settings from Odoo's settings page. The addon validates them. A value that is nevertheless invalid is ignored, because stopping
// the gateway would be worse than using the default.

import { z } from 'zod';
import type { Queryable } from './pool.ts';
import { windows } from './throttle.ts';

const mebibyte = 1024 * 1024;

/** Postgres' integer; 0: no limit. */
const limit = (standard: number) => z.int().min(0).max(2_147_483_647).catch(standard);
const cost = z.int().min(0).max(10_000).catch(1);

/** `http` or `https`, a host, optionally a path; without a slash at the end. Empty: not set. */
const address = z
  .string()
  .max(2_000)
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => text === '' || isAddress(text))
  .catch('');

const shape = z.object({
  'sidecar.url': address,
  'limit.default': z.int().min(1).catch(80),
  'limit.max': z.int().min(1).catch(1_000),
  'body.max_bytes': z
    .int()
    .min(1)
    .max(512 * mebibyte)
    .catch(10 * mebibyte),
  'answer.max_bytes': z
    .int()
    .min(65_536)
    .max(512 * mebibyte)
    .catch(32 * mebibyte),
  'file.max_bytes': z
    .int()
    .min(65_536)
    .max(1024 * mebibyte)
    .catch(256 * mebibyte),
  'batch.max': z.int().min(1).max(10_000).catch(1_000),
  'compiled.enabled': z.boolean().catch(true),
  'compiled.except': z.array(z.string()).catch([]),
  'cors.origins': z.array(z.string()).catch(['*']),
  'token.issuer': z.string().min(1).max(200).catch('odoo-api-gateway'),
  'token.access_s': z.int().min(60).max(86_400).catch(3_600),
  'token.refresh_s': z
    .int()
    .min(60)
    .max(90 * 86_400)
    .catch(604_800),
  'token.family_s': z
    .int()
    .min(86_400)
    .max(365 * 86_400)
    .catch(30 * 86_400),
  'agent.enabled': z.boolean().catch(false),
  'agent.writes': z.enum(['allowed', 'ask', 'never']).catch('ask'),
  'agent.answer_bytes': z.int().min(2_048).max(mebibyte).catch(16_384),
  'oauth.apps': z.enum(['registered', 'documents', 'anyone']).catch('registered'),
  'rpc.xmlrpc': z.boolean().catch(true),
  'rpc.jsonrpc': z.boolean().catch(true),
  'rpc.json2': z.boolean().catch(true),
  'rpc.passwords': z.boolean().catch(false),
  'rpc.count_direct': z.boolean().catch(false),
  'key.inactive_users': z.boolean().catch(false),
  'webhook.timeout_seconds': z.number().min(1).max(60).catch(10),
  'webhook.breaker_failures': z.int().min(1).catch(10),
  'webhook.egress_allow': z.array(z.string()).catch([]),
  'log.level': z.enum(['errors', 'metadata', 'payloads']).catch('errors'),
  'log.body_bytes': z.int().min(0).max(mebibyte).catch(16_384),
  'throttle.limit': limit(60),
  'throttle.window': z.enum(windows).catch('minute'),
  'throttle.anonymous': limit(120),
  'throttle.login': limit(20),
  'throttle.token': limit(60),
  'throttle.failed': limit(30),
  'throttle.concurrency': limit(0),
  'throttle.cost.read': cost,
  'throttle.cost.write': cost,
  'throttle.cost.delete': cost,
  'throttle.cost.call': cost,
  'throttle.count_operations': z.boolean().catch(true),
  'throttle.pass_without_database': z.boolean().catch(false),
  'ip_block.enabled': z.boolean().catch(true),
  'ip_block.never': z.string().catch(''),
});

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '' && !/\s/.test(text);
}

export type Settings = Readonly<z.infer<typeof shape>>;

const settingsStatement = { name: 'settings', text: 'select gateway.settings() as settings' };

export async function readSettings(db: Queryable): Promise<Settings> {
  const [row] = await db.query<{ settings: unknown }>(settingsStatement, []);
  return parseSettings(row?.settings);
}

export function parseSettings(stored: unknown): Settings {
  return shape.parse(typeof stored === 'object' && stored !== null ? stored : {});
}

const neverExposedStatement = { name: 'never_exposed', text: 'select gateway.never_exposed_models() as patterns' };

/** Model names. A `*` at the end matches any suffix. */
export async function readNeverExposed(db: Queryable): Promise<readonly string[]> {
  const [row] = await db.query<{ patterns: string[] }>(neverExposedStatement, []);
  return row?.patterns ?? [];
}
