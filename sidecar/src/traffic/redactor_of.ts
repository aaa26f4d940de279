import type { RequestContext } from '../pipeline/context.ts';
import { Redactor } from '../redact/redactor.ts';

/** Of a request's path and query, this much is stored, so this much is searched for secrets. */
export const longestPath = 2_000;

/** Where credentials are given: what a caller puts there under any other name is one that landed in the wrong place. */
const aboutCredentials = /^\/(?:api\/v1\/auth|auth|api\/oauth)\//;
const openNames = new Set(['login', 'db', 'database', 'grant_type', 'client_id', 'scope', 'token_type_hint', 'expires_in']);

/** Knows the secrets that a request carried: in its headers and its query, and, if that matters, in its body. */
export function redactorOf({ request, endpoint, body }: RequestContext, withBody: boolean): Redactor {
  const redactor = new Redactor();
  redactor.learnHeaders(request.headers);
  const [, ...query] = request.originalUrl.slice(0, longestPath).split('?');
  if (query.length > 0) redactor.learnQuery(query.join('?'));
  if (!withBody) return redactor;
  redactor.learn(body); // before the next: what it costs is counted here
  if (endpoint.name.endsWith('.method')) {
    // As the router decoded them: a path can be written in many ways.
    const { model, id, method = id } = request.params;
    redactor.learnMethod(model, method, body);
  }
  if ('path' in endpoint && aboutCredentials.test(String(endpoint.path))) redactor.learnSecretBody(body, openNames);
  return redactor;
}
