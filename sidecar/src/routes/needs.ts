// What scopes the caller needs, as far as the path of a request tells (`Endpoint.needs`).

import { actionsOfMethod } from '../auth/scopes.ts';
import type { Action, RequestContext, ScopeNeed } from '../context.ts';

/** On routes whose first segment names a model. */
export function needsTo(action: Action): (context: RequestContext) => ScopeNeed {
  return ({ request }) => ({ actions: [action], model: String(request.params['model']) });
}

/** A model's method stands where other verbs have a record's id. */
export function needsOfMethod({ request }: RequestContext): ScopeNeed {
  const { model, id, method = id } = request.params;
  return { actions: actionsOfMethod(String(method)), model: String(model) };
}
