import type { RequestContext } from '../context.ts';
import { Redactor } from './redact.ts';

/** Knows the secrets that a request carried: in its headers and its query, and, if that matters, in its body. */
export function redactorOf({ request, endpoint, body }: RequestContext, withBody: boolean): Redactor {
  const redactor = new Redactor();
  redactor.learnHeaders(request.headers);
  const [path = '', ...query] = request.originalUrl.split('?');
  if (query.length > 0) redactor.learnQuery(query.join('?'));
  if (!withBody) return redactor;
  if (endpoint.name.endsWith('.method')) redactor.learnMethod(path.slice(path.lastIndexOf('/') + 1), body);
  redactor.learn(body);
  return redactor;
}
