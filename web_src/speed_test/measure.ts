// Calls the gateway and Odoo's own API from this browser, and measures both.

import { _t } from '@web/core/l10n/translation';
import type { Phases } from './statistics';
import { meanPhases, parseRead, parseServerTiming, percentile, phasesOf } from './statistics';

export type Kind = 'light' | 'heavy';

/** The result of `gateway.speed.test.prepare`. */
export interface Prepared {
  url: string;
  database: string;
  key: string;
  odoo_key: string;
  odoo_key_name: string;
  heavy: { model: string; fields: string[] };
}

export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

export interface Measured {
  kind: Kind;
  runs: number;
  /** The first call, with connection and, for the heavy test, authentication. */
  firstMs: number;
  gateway: Percentiles;
  odoo: Percentiles;
  /** The mean of each phase over all runs. */
  phases: Phases;
  /** How the records of the last run were read, and the reason if it was not a compiled read. Null: nothing was read. */
  read: { way: 'compiled' | 'odoo'; why: string } | null;
  details: string;
}

/** A call failed or got no answer. The message is shown to the user. */
export class MeasureError extends Error {}

const records = 25;

interface Call {
  url: string;
  method?: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: object;
}

interface Timed {
  ms: number;
  response: Response;
  text: string;
}

/** `onProgress` gets the number of finished runs. Throws MeasureError. */
export async function measure(
  kind: Kind,
  runs: number,
  prepared: Prepared,
  onProgress: (done: number) => void,
): Promise<Measured> {
  const startedAt = performance.now();
  const calls = kind === 'light' ? lightCalls(prepared) : await heavyCalls(prepared);
  await timed(calls.gateway);
  const firstMs = performance.now() - startedAt;
  await timed(calls.odoo);

  const gateway: number[] = [];
  const odoo: number[] = [];
  const phases: Phases[] = [];
  let last = '';
  let read: string | null = null;
  for (let done = 0; done < runs; done += 1) {
    onProgress(done);
    const { ms, response, text } = await timed(calls.gateway);
    gateway.push(ms);
    phases.push(phasesOf(ms, parseServerTiming(response.headers.get('Server-Timing'))));
    last = text;
    read = response.headers.get('X-Gateway-Read');
    // Calls of the gateway and of Odoo alternate, so that both run under the same load.
    odoo.push((await timed(calls.odoo)).ms);
  }
  onProgress(runs);
  return {
    kind,
    runs,
    firstMs,
    gateway: percentilesOf(gateway),
    odoo: percentilesOf(odoo),
    phases: meanPhases(phases),
    read: parseRead(read),
    details: calls.describe(last),
  };
}

function lightCalls({ url, key, database }: Prepared) {
  return {
    gateway: { url: `${url}/api/v1/ping`, headers: { 'X-API-Key': key, 'X-Odoo-Database': database } },
    odoo: { url: `${location.origin}/json/version`, headers: {} },
    describe: () => _t('Ping of the gateway; version of Odoo'),
  };
}

/** The calls of the heavy test. First exchanges the key for a token, as an integration would. */
async function heavyCalls({ url, key, database, odoo_key, heavy }: Prepared) {
  const named = { 'X-Odoo-Database': database };
  const exchange = {
    url: `${url}/auth/token/apikey`,
    method: 'POST' as const,
    headers: { ...named, 'X-API-Key': key },
    body: {},
  };
  const { text } = await timed(exchange);
  const token = String((JSON.parse(text) as { access_token?: string }).access_token);
  const query = new URLSearchParams({ fields: heavy.fields.join(','), limit: String(records), order: 'id desc' });
  return {
    gateway: {
      url: `${url}/api/v1/${heavy.model}?${query}`,
      headers: { ...named, Authorization: `Bearer ${token}`, 'X-Gateway-Explain': '1' },
    },
    odoo: {
      url: `${location.origin}/json/2/${heavy.model}/search_read`,
      method: 'POST' as const,
      headers: { ...named, Authorization: `Bearer ${odoo_key}` },
      body: { domain: [], fields: heavy.fields, limit: records, order: 'id desc' },
    },
    describe: (text: string) => {
      const { data } = JSON.parse(text) as { data?: unknown[] };
      return _t('%(count)s records of %(model)s', { count: data?.length ?? 0, model: heavy.model });
    },
  };
}

/** Times one call until its last byte has arrived. */
async function timed({ url, method = 'GET', headers, body }: Call): Promise<Timed> {
  // No `cache: 'no-store'`: with it, browsers send a CORS preflight before each call, whose time would be included.
  const asked: RequestInit = { method, headers, credentials: 'omit', signal: AbortSignal.timeout(30_000) };
  if (body !== undefined)
    Object.assign(asked, { body: JSON.stringify(body), headers: { ...headers, 'Content-Type': 'application/json' } });
  const startedAt = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, asked);
    text = await response.text();
  } catch (error) {
    const { host } = new URL(url);
    throw new MeasureError(
      error instanceof DOMException && error.name === 'TimeoutError'
        ? _t('%s did not answer within 30 seconds.', host)
        : _t('This browser could not reach %s. Test the address in Settings → API Gateway to see why.', host),
    );
  }
  const ms = performance.now() - startedAt;
  if (!response.ok) throw new MeasureError(faultOf(response, text));
  return { ms, response, text };
}

function faultOf(response: Response, text: string): string {
  const seconds = response.headers.get('Retry-After');
  let message = '';
  try {
    const { error, message: plain } = JSON.parse(text) as { error?: { message?: string }; message?: string };
    message = error?.message ?? plain ?? '';
  } catch {
    // for example a proxy's page
  }
  const said = `${response.status}${message ? `: ${message}` : ''}`;
  return response.status === 429 && seconds ? _t('%(said)s. Wait %(seconds)s s.', { said, seconds }) : said;
}

function percentilesOf(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95), p99: percentile(values, 0.99) };
}
