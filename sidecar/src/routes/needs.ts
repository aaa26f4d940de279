// What scopes the caller needs, as far as the path of a request tells (`Endpoint.needs`).

import { actionsOfMethod } from '../credentials/scopes.ts';
import type { Resource } from '../db/resources.ts';
import type { Action, RequestContext, ScopeNeed } from '../pipeline/context.ts';

/** What the first segment of the path stands for: a resource before a model. */
export function resourceOf({ request, database }: RequestContext): Resource | undefined {
  return database.resources.get(String(request.params['model']));
}

/** On routes whose first segment names a resource or a model. */
export function needsTo(action: Action): (context: RequestContext) => ScopeNeed {
  return (context) => {
    const resource = resourceOf(context);
    if (resource !== undefined) return { actions: [action], model: resource.model, resource: resource.name };
    return { actions: [action], model: String(context.request.params['model']) };
  };
}

/** A model's method stands where other verbs have a record's id. */
export function needsOfMethod({ request }: RequestContext): ScopeNeed {
  const { model, id, method = id } = request.params;
  return { actions: actionsOfMethod(String(method)), model: String(model) };
}
