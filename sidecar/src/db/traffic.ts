// Stores figures and log rows. A batch is sent again under the same number until it is known to be stored, because the database
// accepts each number of a stream once.

import type { Queryable } from './pool.ts';
import { quoted } from './quoted.ts';

export interface Fact {
  /** The minute of the requests, counted since 1970. */
  readonly minute: number;
  readonly consumer: string;
  readonly route: string;
  readonly model: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly reason: string | undefined;
  readonly way: string | undefined;
  requests: number;
  cost: number;
  gateway_ms: number;
  odoo_ms: number;
  bytes_in: number;
  bytes_out: number;
}

export interface Latency {
  readonly minute: number;
  /** The consumer; `*` stands for all consumers. */
  readonly consumer: string;
  readonly class: number;
  /** Requests per bucket of traffic/histogram.ts. */
  readonly counts: number[];
}

export interface Consumer {
  readonly consumer: string;
  readonly name: string;
  readonly user_id: number | undefined;
}

export interface FiguresBatch {
  readonly facts: readonly Fact[];
  readonly latencies: readonly Latency[];
  readonly consumers: readonly Consumer[];
  /** Log rows lost since the last batch. */
  readonly dropped: number;
}

const figuresStatement = {
  name: 'record_figures',
  text: 'select gateway.record_figures($1, $2, $3, $4, $5, $6)',
};

export async function recordFigures(db: Queryable, instance: string, sequence: number, batch: FiguresBatch): Promise<void> {
  const { facts, latencies, consumers, dropped } = batch;
  const json = [facts, latencies, consumers].map((rows) => JSON.stringify(rows));
  await db.query(figuresStatement, [instance, sequence, ...json, dropped]);
}

/** Calls over one of Odoo's own protocols. */
export interface ProtocolUse {
  readonly source: 'gateway';
  readonly protocol: 'xmlrpc' | 'xmlrpc.2' | 'jsonrpc' | 'json2';
  readonly consumer: string;
  readonly user_id: number;
  /** The caller's User-Agent. */
  readonly client: string;
  readonly model: string;
  readonly method: string;
  requests: number;
  failed: number;
}

const protocolsStatement = { name: 'record_protocols', text: 'select gateway.record_protocols($1, $2, $3)' };

export async function recordProtocols(
  db: Queryable,
  instance: string,
  sequence: number,
  uses: readonly ProtocolUse[],
): Promise<void> {
  await db.query(protocolsStatement, [instance, sequence, JSON.stringify(uses)]);
}

/** The columns of `gateway.request_log`, in order. */
export const logColumns = [
  ...['id', 'at', 'request_id', 'sidecar', 'consumer', 'credential', 'user_id', 'profile_id', 'address', 'user_agent'],
  ...['method', 'path', 'route', 'model', 'odoo_method', 'operation', 'status', 'reason', 'message', 'level', 'cost'],
  ...['gateway_ms', 'auth_ms', 'throttle_ms', 'queue_ms', 'odoo_ms', 'orm_ms', 'shape_ms', 'sql_count', 'retries'],
  ...['bytes_in', 'bytes_out', 'request_headers', 'request_body', 'response_headers', 'response_body', 'traceback'],
  'way',
] as const;

export type LogRow = Partial<Record<(typeof logColumns)[number], string | number | undefined>>;

const unquoted = /^[^",()\\]+$/;

/**
 * A row as an element of an array of rows. If it were JSON, Postgres would take longer to parse it than to store it. @param row
 * without `id`; its strings must not contain a null character
 */
export function logLiteral(row: LogRow): string {
  const values = logColumns.map((column) => {
    const value = row[column];
    if (value === undefined) return '';
    if (typeof value === 'number' || unquoted.test(value)) return value;
    return quoted(value);
  });
  return quoted(`(${values.join(',')})`);
}

const logStatement = { name: 'record_log', text: 'select gateway.record_log($1, $2, $3)' };

/** @param rows as returned by `logLiteral` */
export async function recordLog(db: Queryable, instance: string, sequence: number, rows: readonly string[]): Promise<void> {
  await db.query(logStatement, [instance, sequence, `{${rows.join(',')}}`]);
}

const rollUpStatement = { name: 'roll_up', text: 'select gateway.roll_up() as more' };

/** Rolls up one hour, day or month. Returns true as long as there is more to roll up. */
export async function rollUp(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ more: boolean }>(rollUpStatement, []);
  return row?.more === true;
}

const partitionsStatement = { name: 'ensure_log_partitions', text: 'select gateway.ensure_log_partitions()' };

export async function ensureLogPartitions(db: Queryable): Promise<void> {
  await db.query(partitionsStatement, []);
}
