// A caller's preferences for a write (RFC 7240): `Prefer: tx=rollback` (or `?dry_run=true`) makes it a dry run, `Prefer:
// notify=none` keeps Odoo from notifying anybody.

import { GatewayError } from '../errors.ts';
import type { RequestContext } from './context.ts';

/**
 * Sets `context.dryRun` and `context.isQuiet`, and removes `dry_run` from the query that the endpoint reads. Throws
 * `query.dry_run`.
 */
export function takePreferences(context: RequestContext): void {
  const wishes = parsePrefer(String(context.asked.headers['prefer'] ?? ''));
  if (wishes.get('notify') === 'none') context.isQuiet = true;
  if (takeDryRun(context) || wishes.get('tx') === 'rollback') context.dryRun = { differences: true };
  const applied = [context.dryRun && 'tx=rollback', context.isQuiet && 'notify=none'].filter(Boolean);
  if (applied.length > 0) context.headers.push('Preference-Applied', applied.join(', '));
}

/**
 * Commas within quotation marks are not separators. Without its closing mark, a quoted string extends to the end. If each character
 * started another search for the mark, a long header would take quadratic time.
 */
const separated = /(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^",])+/g;

/** The values by their names in lower case. If a name is repeated, only its first value counts. */
function parsePrefer(header: string): Map<string, string> {
  const wishes = new Map<string, string>();
  for (const part of header.toLowerCase().match(separated) ?? []) {
    const [name = '', value = ''] = (part.split(';')[0] ?? '').replaceAll(/[\s"]/g, '').split('=');
    if (!wishes.has(name)) wishes.set(name, value);
  }
  return wishes;
}

function takeDryRun(context: RequestContext): boolean {
  const { url } = context.asked;
  const mark = url.indexOf('?');
  if (mark === -1 || !/[?&]dry_run=/.test(url)) return false;
  const parts = url.slice(mark + 1).split('&');
  const values = parts.filter((part) => part.startsWith('dry_run=')).map((part) => part.slice('dry_run='.length));
  const [value] = values;
  if (values.length > 1 || (value !== 'true' && value !== 'false')) {
    throw new GatewayError('query.dry_run', {
      message: 'dry_run must be true or false, given once.',
      details: { dry_run: value },
    });
  }
  const rest = parts.filter((part) => !part.startsWith('dry_run='));
  const { headers, body, brief } = context.asked;
  const asked = url.slice(0, mark) + (rest.length > 0 ? `?${rest.join('&')}` : '');
  context.asked = { headers, url: asked, ...(brief === undefined ? {} : { brief }), ...(body === undefined ? {} : { body }) };
  return value === 'true';
}
