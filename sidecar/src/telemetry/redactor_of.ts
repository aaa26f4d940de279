import type { RequestContext } from '../context.ts';
import { Redactor } from './redact.ts';

/** Of a request's path and query, this much is stored, so this much is searched for secrets. */
export const longestPath = 2_000;

/** Knows the secrets that a request carried: in its headers and its query, and, if that matters, in its body. */
export function redactorOf({ request, endpoint, body }: RequestContext, withBody: boolean): Redactor {
  const redactor = new Redactor();
  redactor.learnHeaders(request.headers);
  const [path = '', ...query] = request.originalUrl.slice(0, longestPath).split('?');
  if (query.length > 0) redactor.learnQuery(query.join('?'));
  if (!withBody) return redactor;
  redactor.learn(body); // before the next: what it costs is counted here
  if (endpoint.name.endsWith('.method')) redactor.learnMethod(path.slice(path.lastIndexOf('/') + 1), body);
  return redactor;
}
