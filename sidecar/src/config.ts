// Settings that belong to a machine, read from the environment. All other settings are made in Odoo and read from
// `gateway.setting`.

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Range } from './ip.ts';
import { parseRange } from './ip.ts';

export interface Config {
  /** Connection string without a database name; the name of each served database is added. */
  readonly databaseUrl: string;
  /** Direct connection for LISTEN, which does not work through a transaction pooler. */
  readonly listenUrl: string;
  /** Served databases; the first one answers requests that do not name a database. */
  readonly databases: readonly [string, ...string[]];
  /** Connections to Postgres per served database, not counting the listener's. */
  readonly poolSize: number;
  /** The server for compiled reads: the one in `databaseUrl`, or its replica. */
  readonly readDatabaseUrl: string;
  readonly readsFromReplica: boolean;
  /** Connections for compiled reads per served database; 0: all reads go through Odoo. */
  readonly readPoolSize: number;
  readonly odooUrl: string;
  readonly odooWorkers: number;
  /** The number of calls that may wait for Odoo. Further calls are refused. */
  readonly odooQueue: number;
  readonly odooQueueTimeoutMs: number;
  /** The longest time from the arrival of a request to the end of its operations in Odoo. */
  readonly requestTimeoutMs: number;
  readonly host: string;
  readonly port: number;
  /** Shown in Odoo's list of sidecars. */
  readonly name: string;
  readonly trustedProxies: readonly Range[];
  /**
   * The header in which trusted proxies report the client's address. The other such header is ignored, because the client may
   * have sent it.
   */
  readonly forwardedHeader: ForwardedHeader;
  /** Maps the SHA-256 (base64) of each secret in the environment to the name of its gateway key. */
  readonly environmentKeys: ReadonlyMap<string, string>;
  /** Opens GET /metrics to callers with the token, or from one of the addresses. */
  readonly metricsToken: string | undefined;
  readonly metricsFrom: readonly Range[];
  readonly logLevel: LogLevel;
  /** How long running requests may continue after a stop signal. */
  readonly drainTimeoutMs: number;
}

const forwardedHeaders = ['x-forwarded-for', 'forwarded'] as const;
export type ForwardedHeader = (typeof forwardedHeaders)[number];

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** All faults of the environment together, so that one start reports them all. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n- ${faults.join('\n- ')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration, or throws ConfigError. Its messages name the variable, but never a value that may contain a
 * password.
 */
export function loadConfig(env: Environment): Config {
  const faults: string[] = [];
  const text = (name: string) => env[name]?.trim() || undefined;

  function whole(name: string, standard: number, least: number, most: number): number {
    const given = text(name);
    if (given === undefined) return standard;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    faults.push(`${name} must be a whole number from ${least} to ${most}, not "${given}".`);
    return standard;
  }

  function url(name: string, protocols: readonly string[], example: string): URL | undefined {
    const given = text(name);
    if (given === undefined) return undefined;
    const parsed = URL.canParse(given) ? new URL(given) : undefined;
    if (parsed && protocols.includes(parsed.protocol) && parsed.hostname !== '') return parsed;
    faults.push(`${name} must be an address like ${example}.`);
    return undefined;
  }

  function oneOf<T extends string>(name: string, standard: T, allowed: readonly T[]): T {
    const given = text(name) ?? standard;
    const found = allowed.find((value) => value === given);
    if (found !== undefined) return found;
    faults.push(`${name} must be one of ${allowed.join(', ')}, not "${given}".`);
    return standard;
  }

  const postgres = ['postgres:', 'postgresql:'];
  const databaseUrl = url('GATEWAY_DATABASE_URL', postgres, 'postgres://role:password@host:5432/database');
  if (text('GATEWAY_DATABASE_URL') === undefined) {
    faults.push('GATEWAY_DATABASE_URL is missing. Set it to an address like postgres://role:password@host:5432/database.');
  }
  const listenUrl = url('GATEWAY_LISTEN_URL', postgres, 'postgres://role:password@host:5432') ?? databaseUrl;
  const readUrl = url('GATEWAY_READ_DATABASE_URL', postgres, 'postgres://role:password@replica:5432') ?? databaseUrl;

  const [first, ...others] = list(text('GATEWAY_DATABASES') ?? nameIn(databaseUrl));
  if (first === undefined && databaseUrl !== undefined) {
    faults.push('GATEWAY_DATABASES is missing: comma-separated names, unless GATEWAY_DATABASE_URL ends with one.');
  }
  const databases: [string, ...string[]] = [first ?? '', ...others];
  for (const name of databases) {
    // Odoo's own rule (addons/web/controllers/database.py); the name also goes into a header.
    if (name !== '' && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
      faults.push(`GATEWAY_DATABASES contains "${name}", which cannot be the name of an Odoo database.`);
    }
  }
  if (new Set(databases).size !== databases.length) faults.push('GATEWAY_DATABASES names a database twice.');

  const odooUrl = url('GATEWAY_ODOO_URL', ['http:', 'https:'], 'http://127.0.0.1:8069');
  if (odooUrl && (odooUrl.pathname !== '/' || odooUrl.search !== '' || odooUrl.username !== '')) {
    faults.push('GATEWAY_ODOO_URL must be an origin without a path, like http://127.0.0.1:8069.');
  }

  function ranges(name: string): Range[] {
    return list(text(name) ?? '').flatMap((entry) => {
      const range = parseRange(entry);
      if (range === undefined)
        faults.push(`${name} contains "${entry}", which is neither an address nor a range like 10.0.0.0/8.`);
      return range ?? [];
    });
  }

  const metricsToken = text('GATEWAY_METRICS_TOKEN');
  if (metricsToken !== undefined && metricsToken.length < 16) {
    faults.push('GATEWAY_METRICS_TOKEN must have at least 16 characters.');
  }

  const config: Config = {
    databaseUrl: databaseUrl === undefined ? '' : withoutDatabase(databaseUrl),
    listenUrl: listenUrl === undefined ? '' : withoutDatabase(listenUrl),
    databases,
    poolSize: whole('GATEWAY_POOL_SIZE', 10, 2, 200),
    readDatabaseUrl: readUrl === undefined ? '' : withoutDatabase(readUrl),
    readsFromReplica: text('GATEWAY_READ_DATABASE_URL') !== undefined,
    readPoolSize: whole('GATEWAY_READ_POOL_SIZE', 4, 0, 200),
    odooUrl: odooUrl?.origin ?? 'http://127.0.0.1:8069',
    odooWorkers: whole('GATEWAY_ODOO_WORKERS', 2, 1, 256),
    odooQueue: whole('GATEWAY_ODOO_QUEUE', 500, 1, 100_000),
    odooQueueTimeoutMs: whole('GATEWAY_ODOO_QUEUE_TIMEOUT_MS', 5_000, 10, 600_000),
    requestTimeoutMs: whole('GATEWAY_REQUEST_TIMEOUT_MS', 30_000, 100, 3_600_000),
    host: text('GATEWAY_HOST') ?? '127.0.0.1',
    port: whole('GATEWAY_PORT', 8080, 0, 65_535),
    name: text('GATEWAY_NAME') ?? hostname(),
    trustedProxies: ranges('GATEWAY_TRUSTED_PROXIES'),
    metricsToken,
    metricsFrom: ranges('GATEWAY_METRICS_FROM'),
    environmentKeys: environmentKeys(env, faults),
    forwardedHeader: oneOf('GATEWAY_FORWARDED_HEADER', 'x-forwarded-for', forwardedHeaders),
    logLevel: oneOf('GATEWAY_LOG_LEVEL', 'info', logLevels),
    drainTimeoutMs: whole('GATEWAY_DRAIN_TIMEOUT_MS', 20_000, 0, 600_000),
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** `GATEWAY_KEY_<NAME>` is the secret of the gateway key with the *Name in the Environment* NAME. Only its hash is kept. */
function environmentKeys(env: Environment, faults: string[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    const [, name] = /^GATEWAY_KEY_([A-Z][A-Z0-9_]{0,62})$/.exec(variable) ?? [];
    if (name === undefined || value === undefined) continue;
    const secret = value.trim();
    const hash = createHash('sha256').update(secret).digest('base64');
    if (!/^[A-Za-z0-9_-]{32,128}$/.test(secret)) {
      faults.push(`${variable} must have 32 to 128 letters, digits, hyphens and underscores.`);
    } else if (keys.has(hash)) {
      faults.push(`${variable} contains the same secret as GATEWAY_KEY_${keys.get(hash)}.`);
    } else {
      keys.set(hash, name);
    }
  }
  return keys;
}

/** A connection string for one database of a server. */
export function urlOfDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/** The database name at the end of a connection string; empty if there is none, or if it cannot be parsed. */
function nameIn(url: URL | undefined): string {
  try {
    return decodeURIComponent(url?.pathname.slice(1) ?? '');
  } catch {
    return '';
  }
}

function withoutDatabase(url: URL): string {
  const server = new URL(url);
  server.pathname = '/';
  return server.href;
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}
