// Odoo's consent page, as a user's browser gets and submits it.

import type { Answer } from './http_client.ts';
import type { OdooWeb } from './odoo_web.ts';

/** The consent page to which the sidecar's answer to /api/oauth/authorize redirects, through Odoo's login. */
export function consentPage({ headers }: Pick<Answer, 'headers'>, odooUrl: string): URL {
  const login = new URL(headers.get('location') ?? '', odooUrl);
  return new URL(login.searchParams.get('redirect') ?? '', odooUrl);
}

/**
 * Sends what the page's form would send: its hidden fields, ticked boxes and the button.
 * @param changed replaces values of fields; a list sends several values of one field
 */
export async function decide(who: OdooWeb, page: URL, changed: Record<string, string | string[]> = {}): Promise<Answer> {
  const shown = await who.page(page.pathname + page.search);
  const form = new URLSearchParams({ decision: 'allow' });
  for (const [, name = '', value = ''] of shown.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)) {
    form.set(name, value);
  }
  const chosen = /<option value="(\d+)" selected/.exec(shown.text)?.[1];
  if (chosen !== undefined) form.set('company', chosen);
  for (const [, scope = ''] of shown.text.matchAll(/name="scope" value="([^"]*)" checked/g)) form.append('scope', scope);
  for (const [name, value] of Object.entries(changed)) {
    form.delete(name);
    for (const each of [value].flat()) form.append(name, each);
  }
  return who.page('/api_gateway/consent', form);
}
