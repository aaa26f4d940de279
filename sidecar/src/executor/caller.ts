// What a request's headers say about how Odoo is to carry it out: company, language, time zone, and whether it may be sent
// twice. Whether the user may have that company is for Odoo to say.

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
  /** SHA-256 of query and body. */
  readonly fingerprint: string;
}

const nothing: CallContext = {};
const mostLanguages = 10;
const keyFormat = /^[\x21-\x7e]{1,255}$/;

/** Throws `request.header`. */
export function callContext(headers: IncomingHttpHeaders): CallContext {
  const company = headers['x-odoo-company'];
  const timezone = headers['x-odoo-timezone'];
  const languages = headers['accept-language'];
  if (company === undefined && timezone === undefined && languages === undefined) return nothing;
  const context: Record<string, unknown> = {};
  if (company !== undefined) context['allowed_company_ids'] = companies(String(company));
  if (timezone !== undefined) context['tz'] = timeZone(String(timezone));
  const spoken = languages === undefined ? [] : parseLanguages(languages);
  if (spoken.length > 0) context['languages'] = spoken;
  return context;
}

/** RFC 9110, section 12.5.4, the best first, in Odoo's form: `fr-CA, en;q=0.5` → `fr_CA`, `en`. */
function parseLanguages(header: string): string[] {
  const found: { code: string; quality: number }[] = [];
  for (const part of header.slice(0, 500).split(',').slice(0, mostLanguages)) {
    const match = /^\s*([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/i.exec(part);
    const [, language, , country, quality = '1'] = match ?? [];
    if (language === undefined || Number(quality) === 0) continue;
    const code = language.toLowerCase();
    found.push({ code: country === undefined ? code : `${code}_${country.toUpperCase()}`, quality: Number(quality) });
  }
  return found.sort((a, b) => b.quality - a.quality).map(({ code }) => code);
}

/** The `Idempotency-Key` of a request that writes; throws `request.header`. */
export function idempotencyToken(context: RequestContext): IdempotencyToken | undefined {
  const { request, principal } = context;
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !keyFormat.test(key)) {
    throw wrong('Idempotency-Key', 'must be 1 to 255 visible ASCII characters, given once');
  }
  const mark = request.url.indexOf('?');
  const fingerprint = createHash('sha256')
    .update(mark === -1 ? '' : request.url.slice(mark))
    .update('\n')
    .update(JSON.stringify(context.body) ?? '')
    .digest('hex');
  return { consumer: principal.consumer, key, method: request.method, path: request.path, fingerprint };
}

function companies(text: string): number[] {
  if (!/^\d{1,9}(?:\s*,\s*\d{1,9}){0,99}$/.test(text))
    throw wrong('X-Odoo-Company', 'must be the id of a company, or several with commas');
  return text.split(',').map(Number);
}

function timeZone(text: string): string {
  if (!/^[A-Za-z0-9_+/-]{1,64}$/.test(text)) throw wrong('X-Odoo-Timezone', 'must be a time zone like Europe/Paris');
  return text;
}

function wrong(header: string, what: string): GatewayError {
  return new GatewayError('request.header', { message: `${header} ${what}.`, details: { header } });
}
