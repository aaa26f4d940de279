// The types of fields, for converting answers here. The types are the same for every user. They are read once per model, and
// dropped when Odoo signals that its registry has changed (for example, a field was added or a module installed).

import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { Odoo } from '../executor/execute.ts';
import type { FieldTree, FieldType, ModelTypes, TypesOf } from '../executor/operations.ts';
import { GenerationCache } from '../generation_cache.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { modelsBehind } from './shape.ts';
import { modelsIn } from './values.ts';

const cachedModels = 2_000;

interface Known {
  readonly types: ModelTypes;
  /** The time at which Odoo was asked, on the monotonic clock. */
  readonly askedAt: number;
}

class ModelCache {
  readonly known = new GenerationCache<Known>({ max: cachedModels });
  readonly asked = new Map<string, Promise<ModelTypes>>();

  constructor(database: Database) {
    database.onSignal('registry', () => {
      this.known.clear();
      this.asked.clear();
    });
  }
}

export class Metadata {
  readonly #odoo: Odoo;
  readonly #cacheOf = perDatabase((database) => new ModelCache(database));

  constructor(odoo: Odoo) {
    this.#odoo = odoo;
  }

  /**
   * The types of a model and of those that the tree expands.
   * @param seen names of fields in an answer: if one is unknown, the model has changed
   */
  async typesBehind(
    context: RequestContext,
    model: string,
    tree: FieldTree | undefined,
    seen: readonly string[],
  ): Promise<TypesOf> {
    const found = new Map<string, ModelTypes>();
    let wanted = [{ model, tree }];
    while (wanted.length > 0) {
      const next: { model: string; tree: FieldTree }[] = [];
      for (const { model: name, tree: branch } of wanted) {
        const names = name === model && branch === tree ? seen : Object.keys(branch ?? {});
        const types = await this.#typesOf(context, name, names);
        found.set(name, types);
        next.push(...modelsBehind(branch, types));
      }
      wanted = next;
    }
    return (name) => found.get(name) ?? {};
  }

  async typesOfAll(context: RequestContext, models: readonly string[]): Promise<TypesOf> {
    const found = new Map<string, ModelTypes>();
    for (const model of models) found.set(model, await this.#typesOf(context, model, []));
    return (name) => found.get(name) ?? {};
  }

  /** The type of the field at the end of a path through relations; undefined if a step does not exist. */
  async typeAt(context: RequestContext, model: string, path: readonly string[]): Promise<FieldType | undefined> {
    let found: FieldType | undefined;
    let at: string | undefined = model;
    for (const step of path) {
      if (at === undefined) return undefined;
      const types: ModelTypes = await this.#typesOf(context, at, [step]);
      found = Object.hasOwn(types, step) ? types[step] : undefined;
      at = found?.relation;
    }
    return found;
  }

  /** The type at the end of a path, if it is known without asking Odoo. */
  knownTypeAt(database: Database, model: string, path: string): string | undefined {
    const { known } = this.#cacheOf(database);
    let type: FieldType | undefined;
    let at: string | undefined = model;
    for (const step of path.split('.')) {
      const types: ModelTypes = (at === undefined ? undefined : known.get(at)?.types) ?? {};
      type = Object.hasOwn(types, step) ? types[step] : undefined;
      at = type?.relation;
    }
    return type?.type;
  }

  /** The types of a model and of the models to which its values refer. */
  async typesIn(context: RequestContext, model: string, values: readonly unknown[]): Promise<TypesOf> {
    const found = new Map<string, ModelTypes>();
    let wanted = [{ model, values }];
    while (wanted.length > 0) {
      const next: { model: string; values: unknown[] }[] = [];
      for (const { model: name, values: given } of wanted) {
        const types = await this.#typesOf(context, name, given.flatMap(keysOf));
        found.set(name, types);
        for (const value of given) next.push(...modelsIn(value, types));
      }
      wanted = next;
    }
    return (name) => found.get(name) ?? {};
  }

  async #typesOf(context: RequestContext, model: string, names: readonly string[]): Promise<ModelTypes> {
    const cache = this.#cacheOf(context.database);
    const known = cache.known.get(model);
    if (known !== undefined) {
      // A name that did not exist a moment ago is not looked up again, because callers may send any number of such names.
      const isFresh = known.askedAt >= context.startedAt;
      if (isFresh || names.every((name) => Object.hasOwn(known.types, name))) return known.types;
    }
    const asked = cache.asked.get(model);
    if (asked !== undefined) return asked;
    const asking = this.#ask(context, cache, model).finally(() => cache.asked.delete(model));
    cache.asked.set(model, asking);
    return asking;
  }

  async #ask(context: RequestContext, cache: ModelCache, model: string): Promise<ModelTypes> {
    const making = cache.known.begin(model);
    const askedAt = performance.now();
    const { [model]: types = {} } = await this.#odoo.types(context, [model]);
    making.keep({ types, askedAt });
    return types;
  }
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
