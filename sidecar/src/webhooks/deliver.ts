// Makes one attempt to deliver one event.

import type { Dispatcher } from 'undici';
import type { Job, Result, Webhook } from '../db/webhooks.ts';
import { coverFor, shortestSecret } from '../redact/known.ts';
import { stars } from '../redact/names.ts';
import { decoded, withoutCredentials } from '../redact/texts.ts';
import { sign } from './sign.ts';

const keptOfAnswer = 1_024;
/** Bytes that are read beyond the stored length, so that a secret at the cut is recognized and removed completely. */
const overlap = 4_096;
/** Only this much of an answer is read. If an answer is longer, its connection is closed instead of being reused. */
const drainedOfAnswer = 65_536;

const keptOfError = 500;
const mostOfBody = 5 * 1024 * 1024;

/**
 * The body of an event. `sequence`: the record's number in `Numbers`. `values`: the record as the owner reads it now; null if
 * it was deleted.
 */
export function renderEvent(job: Job, sequence: number | null, values: unknown): string {
  return JSON.stringify({
    id: job.eventId,
    type: `${job.model}.${job.event}`,
    timestamp: job.createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    data: {
      model: job.model,
      id: job.resId,
      sequence,
      changed: job.changed,
      previous: job.previous,
      values,
    },
  });
}

/** Posts once. Never rejects: each fault of the receiver is a failed attempt with its own message. */
export async function deliver(agent: Dispatcher, webhook: Webhook, job: Job, body: string, timeoutMs: number): Promise<Result> {
  const startedAt = performance.now();
  const attempt: Attempt = { status: null, error: null };
  try {
    if (body.length > mostOfBody) throw new Unsendable('Not sent: more than 5 MB. Choose fewer fields.');
    await post(agent, webhook, job, body, AbortSignal.timeout(timeoutMs), attempt);
  } catch (error) {
    attempt.error ??= storable(withoutSecrets(plain(error, webhook, timeoutMs), webhook)).slice(0, keptOfError);
  }
  return {
    job: job.id,
    outcome: attempt.error === null ? 'delivered' : 'failed',
    ms: Math.round(performance.now() - startedAt),
    body: body.length > mostOfBody ? null : body,
    ...attempt,
  };
}

interface Attempt {
  status: number | null;
  error: string | null;
  response?: string;
  retry_after?: number | null;
  gone?: boolean;
}

class Unsendable extends Error {}

/** If the answer breaks off, `attempt` keeps the part that arrived. */
async function post(
  agent: Dispatcher,
  webhook: Webhook,
  job: Job,
  body: string,
  signal: AbortSignal,
  attempt: Attempt,
): Promise<void> {
  const url = new URL(webhook.url);
  const answer = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    headers: headersOf(webhook, job, body),
    body,
    signal,
  });
  attempt.status = answer.statusCode;
  attempt.error = refusalOf(answer.statusCode);
  attempt.retry_after = retryAfter(answer.headers['retry-after']);
  attempt.gone = answer.statusCode === 410;
  attempt.response = storable(withoutSecrets(await beginningOf(answer.body), webhook).slice(0, keptOfAnswer));
}

function headersOf(webhook: Webhook, job: Job, body: string): string[] {
  const timestamp = Math.floor(Date.now() / 1000);
  // A webhook's own headers are set first. They cannot replace the headers that describe the body, because the addon does not
  // accept the names of those headers.
  const headers = ['user-agent', 'odoo-api-gateway', 'accept', '*/*'];
  for (const { name, value } of webhook.headers) {
    if (value === null) throw new Unsendable(`The header ${name} has lost its value: this database is a copy. Type it again.`);
    const standard = headers.findIndex((known, i) => i % 2 === 0 && known === name.toLowerCase());
    if (standard === -1) headers.push(name, value);
    else headers[standard + 1] = value;
  }
  headers.push('content-type', 'application/json', 'webhook-id', job.eventId, 'webhook-timestamp', String(timestamp));
  headers.push('webhook-signature', sign(webhook.secrets, job.eventId, timestamp, body));
  return headers;
}

async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (length < keptOfAnswer + overlap) kept.push(chunk.subarray(0, keptOfAnswer + overlap - length));
    length += chunk.length;
    if (length > drainedOfAnswer) break;
  }
  return Buffer.concat(kept).toString('utf8');
}

/** Receivers and error messages repeat parts of the request, so secrets are removed. */
function withoutSecrets(text: string, { headers, url }: Webhook): string {
  const values = headers.map(({ value }) => value ?? '');
  const password = URL.canParse(url) ? new URL(url).password : '';
  const secrets = [...values, ...values.map((value) => value.slice(value.indexOf(' ') + 1)), password, decoded(password)];
  const known = new Set(secrets.filter((secret) => secret.length >= shortestSecret));
  return withoutCredentials(known.size === 0 ? text : coverFor(known)(text, stars));
}

function refusalOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `Answered ${status}: redirects are not followed`;
  return `Answered ${status}`;
}

/** The seconds in a `Retry-After`, which is a number or an HTTP date. */
export function retryAfter(header: string | string[] | undefined): number | null {
  if (typeof header !== 'string') return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const time = Date.parse(header);
  return Number.isNaN(time) ? null : Math.max(0, (time - Date.now()) / 1000);
}

function plain(error: unknown, webhook: Webhook, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Unsendable) return error.message;
  if (error.name === 'TimeoutError') return `No answer within ${timeoutMs / 1000} s`;
  const host = URL.canParse(webhook.url) ? new URL(webhook.url).hostname : webhook.url;
  // undici wraps some errors, and Node collects the failures of several addresses in one error.
  const inner = error instanceof AggregateError ? error.errors[0] : (error.cause ?? error);
  const message = inner instanceof Error ? inner.message || inner.name : String(inner);
  return message.startsWith(host) ? message : `${host}: ${message}`;
}

/** Text that Postgres accepts in JSON: without NUL and lone surrogates. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
