// The only place that chooses between a model and a resource: a resource takes precedence over a model of the same name.

import { requestedModel } from '../executor/target.ts';
import type { Action, RequestContext, ScopeNeed } from '../pipeline/context.ts';
import type { Collection, Parts } from './collection.ts';
import { ModelCollection } from './model_collection.ts';
import { ResourceCollection } from './resource_collection.ts';

export class Collections {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The collection named by the first segment of the path. Throws `odoo.model` or `odoo.exposure`. */
  of(context: RequestContext): Collection {
    return (
      this.named(context, String(context.request.params['model'])) ?? new ModelCollection(this.#parts, requestedModel(context))
    );
  }

  /** The resource of this name, if there is one. */
  named({ database }: RequestContext, name: string): Collection | undefined {
    const resource = database.resources.get(name);
    return resource === undefined ? undefined : new ResourceCollection(this.#parts, resource);
  }
}

/**
 * The scope needed by routes whose first segment names a resource or a model. Models that are closed for every scope are refused
 * earlier.
 */
export function needsTo(action: Action): (context: RequestContext) => ScopeNeed {
  return (context) => {
    const resource = context.database.resources.get(String(context.request.params['model']));
    if (resource === undefined) return { actions: [action], model: requestedModel(context) };
    return { actions: [action], model: resource.model, resource: resource.name };
  };
}
