// Operations of one transaction, which may refer to earlier ones (guide, "Batches").

import type { Key, Paths, Read, Written } from './fields.ts';
import type { Domain, Order } from './filters.ts';
import type { Models, NameIn, Ref } from './schema.ts';

/** An operation and the type of its result. */
export interface Step<T, Name extends string = string> {
  /** The record that it finds or creates, for later operations. */
  readonly id: Ref<Name>;
  /** Never set: it only carries the type of the result. */
  readonly result?: T;
}

export type Results<Steps> = { [K in keyof Steps]: Steps[K] extends Step<infer T> ? T : never };

/** One or several records of the operation's model. */
type Targets<Name extends string> = Target<NoInfer<Name>> | readonly Target<NoInfer<Name>>[];
type Target<Name extends string> = number | Ref<Name>;

export interface Operation {
  readonly id: string;
  readonly op: string;
  readonly model: string;
}

interface Reading<M extends Models, N extends NameIn<M>, F extends readonly string[]> {
  readonly fields?: Paths<M, N, F>;
}

export class Batch<M extends Models> {
  /** The body of the request. */
  readonly operations: Operation[] = [];

  search<N extends NameIn<M>, const F extends readonly string[] = never>(
    model: N,
    options: Reading<M, N, F> & {
      readonly domain?: Domain<M, N>;
      readonly order?: Order<M, N>;
      readonly limit?: number;
      readonly offset?: number;
    } = {},
  ): Step<Read<M, N, F>[], N> {
    return this.#add('search', model, options);
  }

  read<N extends NameIn<M>, const F extends readonly string[] = never>(
    model: N,
    ids: Targets<N>,
    options: Reading<M, N, F> = {},
  ): Step<Read<M, N, F>[], N> {
    return this.#add('read', model, { ids: listed(ids), ...options });
  }

  /** Creates one record. */
  create<N extends NameIn<M>, const F extends readonly string[] = never>(
    model: N,
    values: M[N]['create'],
    options: Reading<M, N, F> = {},
  ): Step<[Written<M, N, F>], N> {
    return this.#add('create', model, { values, ...options });
  }

  update<N extends NameIn<M>, const F extends readonly string[] = never>(
    model: N,
    ids: Targets<N>,
    values: M[N]['update'],
    options: Reading<M, N, F> = {},
  ): Step<Written<M, N, F>[], N> {
    return this.#add('update', model, { ids: listed(ids), values, ...options });
  }

  upsert<N extends NameIn<M>, const F extends readonly string[] = never>(
    model: N,
    key: Key<M, N>,
    value: string | number,
    values: M[N]['update'],
    options: Reading<M, N, F> = {},
  ): Step<[Written<M, N, F>], N> {
    return this.#add('upsert', model, { key, value, values, ...options });
  }

  remove<N extends NameIn<M>>(model: N, ids: Targets<N>): Step<{ id: number }[], N> {
    return this.#add('delete', model, { ids: listed(ids) });
  }

  call<T = unknown, N extends NameIn<M> = NameIn<M>>(
    model: N,
    method: string,
    options: {
      readonly ids?: Targets<N>;
      readonly args?: readonly unknown[];
      readonly kwargs?: Readonly<Record<string, unknown>>;
    } = {},
  ): Step<T, N> {
    return this.#add('call', model, { method, ...options, ids: options.ids === undefined ? undefined : listed(options.ids) });
  }

  #add(op: string, model: string, options: object): { id: Ref<never> } {
    const id = `step${this.operations.length + 1}`;
    this.operations.push({ id, op, model, ...options });
    return { id: { $ref: `${id}.id` } };
  }
}

/** A list of ids. A reference stands for a single id, so it becomes a list, too. */
const listed = (ids: unknown): unknown[] => (Array.isArray(ids) ? ids : [ids]);
