// Reads the headers that tell Odoo how to execute a request: company, language, time zone, and the idempotency key. Odoo
// decides whether the user may use that company.

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';

export type CallContext = Readonly<Record<string, unknown>>;

export interface IdempotencyToken {
  readonly consumer: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  /** SHA-256 of the query, the body and the chosen language. */
  readonly fingerprint: string;
}

const nothing: CallContext = {};
const bare: CallContext = { bare: true };
const mostLanguages = 10;
const keyFormat = /^[\x21-\x7e]{1,255}$/;
/** `fr-FR`, Odoo's `fr_FR` and `sr@latin`, POSIX's `fr_FR.UTF-8`. The executor knows which languages are installed. */
const languageFormat = /^(?=.{1,40}$)[A-Za-z0-9]+(?:[-_@.][A-Za-z0-9]+)*$/;

/** The context of a request, restricted to the company of its caller's app. Throws `request.header`. */
export function contextOf({ asked, known, isQuiet }: RequestContext): CallContext {
  const companyId = known.principal?.companyId ?? null;
  const given = asked.bare === true ? bareContext(companyId) : callContext(asked.headers, companyId);
  return isQuiet ? { ...given, quiet: true } : given;
}

function bareContext(companyId: number | null): CallContext {
  return companyId === null ? bare : { ...bare, allowed_company_ids: [companyId] };
}

/**
 * The context in the headers. Throws `request.header`. @param companyId the only company in which the caller may work; null:
 * any
 */
export function callContext(headers: IncomingHttpHeaders, companyId: number | null = null): CallContext {
  const company = headers['x-odoo-company'];
  const timezone = headers['x-odoo-timezone'];
  const preferred = headers['accept-language'];
  const language = chosenLanguage(headers);
  if ((company ?? timezone ?? preferred ?? language) === undefined && companyId === null) return nothing;
  const context: Record<string, unknown> = {};
  if (company !== undefined) context['allowed_company_ids'] = companies(String(company), companyId);
  else if (companyId !== null) context['allowed_company_ids'] = [companyId];
  if (timezone !== undefined) context['tz'] = timeZone(String(timezone));
  if (language !== undefined) context['lang'] = language;
  const spoken = preferred === undefined || language !== undefined ? [] : parseLanguages(preferred);
  if (spoken.length > 0) context['languages'] = spoken;
  return context;
}

/**
 * The language that the caller has explicitly chosen for reading and writing. `Accept-Language` does not count, because browsers
 * always send it.
 * Throws `request.header`.
 */
function chosenLanguage(headers: IncomingHttpHeaders): string | undefined {
  const header = ['X-Odoo-Language', 'Content-Language'].find((name) => headers[name.toLowerCase()] !== undefined);
  if (header === undefined) return undefined;
  const language = String(headers[header.toLowerCase()]).trim();
  if (!languageFormat.test(language)) throw wrong(header, 'must name one language, like fr-FR or fr_FR');
  return language;
}

/** The languages of `Accept-Language` (RFC 9110, section 12.5.4), best first: `fr-CA, en;q=0.5` → `fr-CA`, `en`. */
function parseLanguages(header: string): string[] {
  const found: { language: string; quality: number }[] = [];
  for (const part of header.slice(0, 500).split(',').slice(0, mostLanguages)) {
    const [language = '', weight = 'q=1', ...rest] = part.split(';').map((text) => text.trim());
    const quality = Number(/^q\s*=\s*([01](?:\.\d{0,3})?)$/i.exec(weight)?.[1] ?? 0);
    if (quality > 0 && rest.length === 0 && languageFormat.test(language)) found.push({ language, quality });
  }
  return found.sort((a, b) => b.quality - a.quality).map(({ language }) => language);
}

/** The `Idempotency-Key` of a request that writes; throws `request.header`. */
export function idempotencyToken(context: RequestContext): IdempotencyToken | undefined {
  const { request, principal } = context;
  const { url, headers, body } = context.asked;
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !keyFormat.test(key)) {
    throw wrong('Idempotency-Key', 'must be 1 to 255 visible ASCII characters, given once');
  }
  const mark = url.indexOf('?');
  const fingerprint = createHash('sha256')
    .update(mark === -1 ? '' : url.slice(mark))
    .update('\n')
    .update(JSON.stringify(body === undefined ? context.body : body) ?? '')
    .update(chosenLanguage(headers) ?? '')
    .digest('hex');
  return { consumer: principal.consumer, key, method: request.method, path: request.path, fingerprint };
}

function companies(text: string, only: number | null): number[] {
  if (!/^\d{1,9}(?:\s*,\s*\d{1,9}){0,99}$/.test(text))
    throw wrong('X-Odoo-Company', 'must be the id of a company, or several separated by commas');
  const ids = text.split(',').map(Number);
  if (only !== null && ids.some((id) => id !== only)) {
    throw wrong('X-Odoo-Company', `must be ${only}: the user has allowed this app to work only in that company`);
  }
  return ids;
}

function timeZone(text: string): string {
  if (!/^[A-Za-z0-9_+/-]{1,64}$/.test(text)) throw wrong('X-Odoo-Timezone', 'must be a time zone like Europe/Paris');
  return text;
}

function wrong(header: string, what: string): GatewayError {
  return new GatewayError('request.header', { message: `${header} ${what}.`, details: { header } });
}
