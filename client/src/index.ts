// The client of an API Gateway for Odoo. It adds nothing to what the gateway's guide describes, except types and retries.

import type { Operation, Results, Step } from './batch.ts';
import { Batch } from './batch.ts';
import { Model } from './model.ts';
import type { AnyModels, Models, NameIn } from './schema.ts';
import type { Answer, GatewayOptions, WriteOptions } from './transport.ts';
import { Transport } from './transport.ts';

/** `M`: the models that `pull` has written. Without them, names and values are not checked. */
export class Gateway<M extends Models = AnyModels> {
  readonly #transport: Transport;

  constructor(options: GatewayOptions) {
    this.#transport = new Transport(options);
  }

  model<N extends NameIn<M>>(name: N): Model<M, N> {
    return new Model(this.#transport, name);
  }

  /**
   * All operations, or none if one fails. The answer has the results of the steps that `write` returns. `maxAffected`: how
   * many records they may create, change and delete in total.
   */
  async batch<Steps extends Readonly<Record<string, Step<unknown>>>>(
    write: (batch: Batch<M>) => Steps,
    { maxAffected, ...options }: WriteOptions & { readonly maxAffected?: number } = {},
  ): Promise<Answer<Results<Steps>>> {
    const batch = new Batch<M>();
    const steps = write(batch);
    const { operations } = batch;
    const sent = this.#transport.send<(Pick<Operation, 'id'> & { data: unknown })[]>({
      method: 'POST',
      path: '/api/v1/batch',
      body: { operations, max_affected: maxAffected },
      options,
    });
    const { data, meta } = await sent;
    const found = new Map(data.map((result) => [`${result.id}.id`, result.data]));
    const results = Object.entries(steps).map(([name, { id }]) => [name, found.get(id.$ref)]);
    return { data: Object.fromEntries(results) as Results<Steps>, meta };
  }
}

export type { Choice, Range } from './aggregates.ts';
export type { Batch, Step } from './batch.ts';
export { GatewayError } from './error.ts';
export type { Read } from './fields.ts';
export type { AnythingIs, BooleanIs, ChoiceIs, NumberIs, RecordIs, TextIs, TimeIs } from './filters.ts';
export type {
  AggregateOptions,
  Changes,
  ChangesOptions,
  MethodOptions,
  ReadFileOptions,
  Report,
  SearchOptions,
  WriteFileOptions,
} from './model.ts';
export { Model } from './model.ts';
export type { AnyModels, Link, LinksTo, LinkTo, Models, ModelTypes, Ref, Reference } from './schema.ts';
export type { Answer, CallOptions, Content, Difference, GatewayOptions, Meta, WriteOptions } from './transport.ts';
