import type { RequestContext } from '../pipeline/context.ts';
import { Redactor } from '../redact/redactor.ts';

/** This much of a request's path and query is stored, so this much is searched for secrets. */
export const longestPath = 2_000;

/**
 * Endpoints that take credentials in the body. In their bodies, a value may be a credential in the wrong place, unless it is
 * under one of the names below.
 */
const aboutCredentials = /^\/(?:api\/v1\/auth|auth|api\/oauth)\//;
const openNames = new Set(['login', 'db', 'database', 'grant_type', 'client_id', 'scope', 'token_type_hint', 'expires_in']);

/** A redactor with the secrets of a request: from its headers and query, and, if needed, from its body. */
export function redactorOf({ request, endpoint, body, caller }: RequestContext, withBody: boolean): Redactor {
  const redactor = new Redactor();
  redactor.learnHeaders(request.headers);
  if (caller !== undefined) redactor.add(caller.secret);
  const [, ...query] = request.originalUrl.slice(0, longestPath).split('?');
  if (query.length > 0) redactor.learnQuery(query.join('?'));
  if (!withBody) return redactor;
  redactor.learn(body); // before the next search, so that the cost of the body is counted here
  if (endpoint.name.endsWith('.method')) {
    // Uses the path parameters as decoded by the router, because a path can be written in many ways.
    const { model, id, method = id } = request.params;
    redactor.learnMethod(model, method, body);
  }
  if ('path' in endpoint && aboutCredentials.test(String(endpoint.path))) redactor.learnSecretBody(body, openNames);
  return redactor;
}
