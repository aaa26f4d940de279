// Decides which web pages may call the API: Cross-Origin Resource Sharing (https://fetch.spec.whatwg.org/#http-cors-protocol).
// Credentials are in headers that a page must set itself, never in cookies, so any origin may be allowed by default.

import type { Policy, RequestContext } from './context.ts';

const exposed = [
  'Allow',
  'Content-Language',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Server-Timing',
  'WWW-Authenticate',
  'X-Gateway-Read',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');

export function cors(): Policy {
  return {
    appliesTo: ['anonymous', 'authenticated', 'preflight'],
    check(context: RequestContext): undefined {
      const { origin } = context.request.headers;
      if (origin === undefined) return;
      const allowed = context.database.settings['cors.origins'];
      const any = allowed.includes('*');
      if (!any && !allowed.includes(origin)) return;
      context.headers.push('Access-Control-Allow-Origin', any ? '*' : origin, 'Access-Control-Expose-Headers', exposed);
      if (!any) context.headers.push('Vary', 'Origin');
    },
  };
}
