// Turns a request into a row of the traffic log, without a secret in any column.

import type { LogRow } from '../db/traffic.ts';
import { logLiteral } from '../db/traffic.ts';
import { GatewayError, isOwnMessage } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Counted } from './figures.ts';
import { longestPath, redactorOf } from './redactor_of.ts';

export type LogLevel = 'errors' | 'metadata' | 'payloads';

const longestTraceback = 65_536;
const longestText = 1_000;
const longestName = 200;

/** Whether a request is logged at a level. `errors` keeps refused and failed requests. */
export function isKept(level: LogLevel, status: number): boolean {
  return level !== 'errors' || status >= 400;
}

/** A row of `gateway.request_log` in the format for `recordLog`. */
export function logRow(context: RequestContext, counted: Counted, level: LogLevel, sidecar: string, bodyBytes: number): string {
  const { request, timings, error, target } = context;
  const { principal } = context.known;
  const withPayloads = level === 'payloads';
  // The body must be searched for secrets if anything is stored that may repeat it.
  const redactor = redactorOf(context, withPayloads || counted.status >= 500 || (error !== undefined && !isOwnMessage(error)));
  // If the body is too large to be searched, the row still has the path.
  const ofPlace = redactor.isLost ? redactorOf(context, false) : redactor;
  if (withPayloads) redactor.learnAnswer(context.answered);

  const row: LogRow = {
    at: new Date(counted.at).toISOString().slice(0, -1),
    request_id: ofPlace.text(context.requestId),
    sidecar,
    consumer: counted.consumer.consumer,
    credential: principal?.credentialName,
    user_id: principal?.userId,
    profile_id: principal?.policy.profile_id ?? undefined,
    address: context.address || undefined,
    user_agent: optional(request.headers['user-agent'], (agent) => redactor.text(agent.slice(0, longestText))),
    method: counted.method,
    path: ofPlace.path(request.originalUrl.slice(0, longestPath)),
    route: counted.route,
    model: optional(target?.model, (model) => ofPlace.text(model.slice(0, longestName))),
    odoo_method: optional(target?.method, (method) => ofPlace.text(method.slice(0, longestName))),
    operation: target?.operation,
    status: counted.status,
    reason: counted.reason,
    message: optional(error, (thrown) =>
      isOwnMessage(thrown) ? thrown.message + whyRefused(thrown, redactor) : redactor.text(thrown.message.slice(0, longestText)),
    ),
    level,
    cost: counted.cost,
    gateway_ms: counted.gatewayMs,
    auth_ms: timings.auth || undefined,
    throttle_ms: timings.throttle || undefined,
    queue_ms: timings.queue || undefined,
    odoo_ms: timings.odoo || undefined,
    orm_ms: timings.orm || undefined,
    shape_ms: timings.shape || undefined,
    sql_count: context.sqlCount || undefined,
    retries: context.retries || undefined,
    bytes_in: counted.bytesIn,
    bytes_out: counted.bytesOut,
    way: context.way,
    traceback: counted.status >= 500 ? optional(tracebackOf(error), (text) => redactor.tail(text, longestTraceback)) : undefined,
  };
  if (withPayloads) {
    row.request_headers = JSON.stringify(redactor.headers(request.headers));
    row.request_body = optional(context.body, (body) => redactor.body(body, bodyBytes));
    row.response_headers = JSON.stringify(redactor.headers(pairs(context.sentHeaders)));
    row.response_body = optional(context.answered, (body) => redactor.answer(body, bodyBytes));
  }
  return logLiteral(row);
}

/** The reason why a credential was refused, which the caller does not see. */
function whyRefused(error: Error, redactor: Redactor): string {
  if (!(error instanceof GatewayError && error.reason === 'auth.invalid' && error.cause instanceof Error)) return '';
  return `: ${redactor.text(error.cause.message.slice(0, longestText))}`;
}

/** An object from alternating names and values. */
function pairs(headers: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) found[headers[i] ?? ''] = headers[i + 1] ?? '';
  return found;
}

/** Odoo's traceback if the fault was in Odoo, otherwise the gateway's. */
function tracebackOf(error: Error | undefined): string | undefined {
  const cause = error instanceof GatewayError ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return undefined;
  if ('traceback' in cause && typeof cause.traceback === 'string') return cause.traceback;
  return cause.stack;
}

function optional<T, R>(value: T | undefined, render: (value: T) => R): R | undefined {
  return value === undefined ? undefined : render(value);
}
