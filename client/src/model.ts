// The records of a model. Each method is one endpoint of the gateway's guide.

import type { Group, Grouping, Measure, Named } from './aggregates.ts';
import type { Key, Paths, Read, Written } from './fields.ts';
import type { Domain, Filter, Order } from './filters.ts';
import { listRequest, queryOf } from './query.ts';
import type { Models, NameIn } from './schema.ts';
import { segment } from './segment.ts';
import type { Answer, CallOptions, Content, Meta, Transport, WriteOptions } from './transport.ts';

/** A list of field names, with dots for relations. */
export interface Fields<M extends Models, N extends NameIn<M>, F extends readonly string[]> {
  readonly fields?: Paths<M, N, F>;
}

interface Conditions<M extends Models, N extends NameIn<M>, P extends string> {
  /** `{ state: 'sale', 'partner_id.city': { in: ['Gent', 'Lyon'] } }` */
  readonly filter?: Filter<M, N, P>;
  readonly domain?: Domain<M, N>;
}

interface Paging<Terms> {
  readonly order?: Terms | readonly Terms[];
  readonly limit?: number;
  readonly offset?: number;
}

export interface SearchOptions<M extends Models, N extends NameIn<M>, F extends readonly string[], P extends string>
  extends Fields<M, N, F>,
    Conditions<M, N, P>,
    Paging<Order<M, N>>,
    CallOptions {
  /** `meta.next` of the previous page. */
  readonly cursor?: string;
  readonly count?: 'exact' | 'estimated';
  readonly archived?: 'include' | 'only';
}

export interface ChangesOptions<M extends Models, N extends NameIn<M>, F extends readonly string[], P extends string>
  extends Fields<M, N, F>,
    Conditions<M, N, P>,
    CallOptions {
  /**
   * `meta.next` of the last answer that you have saved. Without it, the first answer contains no changes, only a token to start
   * with.
   */
  readonly since?: string;
  readonly limit?: number;
}

export interface Changes<T> {
  upserts: T[];
  removed: { id: number; reason: 'deleted' | 'not_visible' }[];
}

export interface AggregateOptions<
  M extends Models,
  N extends NameIn<M>,
  G extends readonly string[],
  X extends readonly string[],
  P extends string,
> extends Conditions<M, N, P>,
    Paging<string>,
    CallOptions {
  readonly group?: G;
  /** The measures; `['__count']` by default. */
  readonly measures?: X;
  /** Conditions on measures: `[['amount_total:sum', '>', 1000]]`. */
  readonly having?: readonly unknown[];
  readonly archived?: 'include' | 'only';
}

/** The records to write to. */
export interface Found<M extends Models, N extends NameIn<M>, P extends string> extends Conditions<M, N, P> {
  /** If more records are found, nothing is written: `odoo.too_many`. */
  readonly maxAffected: number;
  readonly archived?: 'include' | 'only';
}

export interface MethodOptions extends WriteOptions {
  /** The record on which the method is called; by default, it is called on the model. */
  readonly id?: number;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

export interface ReadFileOptions extends CallOptions {
  /** An image that fits into a square with sides of this many pixels. */
  readonly size?: number;
  /** A part of the file, such as `bytes=0-1023`. */
  readonly range?: string;
}

export interface WriteFileOptions extends WriteOptions {
  readonly filename?: string;
  /** The media type; by default that of a Blob. */
  readonly type?: string;
}

export interface Report {
  /** The name to pass to `print`. */
  name: string;
  label: string;
  formats: ('pdf' | 'html')[];
}

const longestWaitS = 25;

export class Model<M extends Models, N extends NameIn<M>> {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, name: N) {
    this.#transport = transport;
    this.#path = `/api/v1/${segment(name)}`;
  }

  /** Reads one page of the records. */
  search<const F extends readonly string[] = never, P extends string = never>(
    options: SearchOptions<M, N, F, P> = {},
  ): Promise<Answer<Read<M, N, F>[]>> {
    return this.#page(options);
  }

  /** Reads all pages of the records. */
  async *pages<const F extends readonly string[] = never, P extends string = never>(
    options: SearchOptions<M, N, F, P> = {},
  ): AsyncGenerator<Answer<Read<M, N, F>[]>, void, undefined> {
    const { offset, order, ...rest } = options;
    let place: object = { offset, order };
    for (;;) {
      const page = await this.#page<Read<M, N, F>>({ ...rest, ...place });
      yield page;
      const { limit = 0, offset: from = 0, next } = page.meta;
      if (page.data.length < limit || limit === 0) return;
      place = next === undefined ? { offset: from + limit, order } : { cursor: next };
    }
  }

  /** Reads one record. Throws `odoo.missing`. */
  get<const F extends readonly string[] = never>(
    id: number,
    options: Fields<M, N, F> & CallOptions = {},
  ): Promise<Answer<Read<M, N, F>>> {
    const { fields } = options;
    return this.#transport.send({
      method: 'GET',
      path: `${this.#path}/${segment(id)}${queryOf({ fields })}`,
      options,
      isRead: true,
    });
  }

  create<const F extends readonly string[] = never>(
    values: M[N]['create'],
    options: Fields<M, N, F> & WriteOptions = {},
  ): Promise<Answer<Written<M, N, F>>> {
    return this.#write('POST', '', options, values);
  }

  /** Creates all of the records, or none of them if one fails. */
  createMany<const F extends readonly string[] = never>(
    values: readonly M[N]['create'][],
    options: Fields<M, N, F> & WriteOptions = {},
  ): Promise<Answer<Written<M, N, F>[]>> {
    return this.#write('POST', '', options, values);
  }

  update<const F extends readonly string[] = never>(
    id: number,
    values: M[N]['update'],
    options: Fields<M, N, F> & WriteOptions = {},
  ): Promise<Answer<Written<M, N, F>>> {
    return this.#write('PATCH', `/${segment(id)}`, options, values);
  }

  remove(id: number, options: WriteOptions = {}): Promise<Answer<{ id: number }>> {
    return this.#write('DELETE', `/${segment(id)}`, options);
  }

  /** Changes the record with this key, or creates it. `meta.created` says which of the two happened. */
  upsert<const F extends readonly string[] = never>(
    key: Key<M, N>,
    value: string | number,
    values: M[N]['update'],
    options: Fields<M, N, F> & WriteOptions = {},
  ): Promise<Answer<Written<M, N, F>>> {
    return this.#write('PUT', `/by/${segment(key)}/${segment(value)}`, options, values);
  }

  /** Like `upsert`, for a list in which each record contains its key. `meta.created` has a value for each. */
  upsertMany<K extends Key<M, N>, const F extends readonly string[] = never>(
    key: K,
    records: readonly (M[N]['update'] & { readonly [P in K]: string | number })[],
    options: Fields<M, N, F> & WriteOptions = {},
  ): Promise<Answer<Written<M, N, F>[]>> {
    return this.#write('PUT', `/by/${segment(key)}`, options, records);
  }

  /** Changes all matching records. */
  updateFound<P extends string = never>(
    found: Found<M, N, P>,
    values: M[N]['update'],
    options: WriteOptions = {},
  ): Promise<Answer<{ id: number }[]>> {
    return this.#write('PATCH', foundQuery(found), options, values);
  }

  /** Deletes all matching records. */
  removeFound<P extends string = never>(found: Found<M, N, P>, options: WriteOptions = {}): Promise<Answer<{ id: number }[]>> {
    return this.#write('DELETE', foundQuery(found), options);
  }

  /** Calls a public method. Only Odoo knows its arguments and its result. */
  call<T = unknown>(method: string, { id, args, kwargs, ...options }: MethodOptions = {}): Promise<Answer<T>> {
    return this.#write('POST', `${id === undefined ? '' : `/${segment(id)}`}/${segment(method)}`, options, { args, kwargs });
  }

  /**
   * The file in a field, as a response that can be read while it arrives: `await (await partners.readFile(3,
   * 'image_1920')).blob()`, or its stream `body`.
   */
  readFile(id: number, field: Named<M, N, 'binary'>, options: ReadFileOptions = {}): Promise<Response> {
    const { size, range, signal } = options;
    return this.#receive(`/${segment(id)}/${segment(field)}/content${queryOf({ size })}`, signal, range);
  }

  /** Replaces the file in a field. */
  writeFile(
    id: number,
    field: Named<M, N, 'binary'>,
    content: Content,
    options: WriteFileOptions = {},
  ): Promise<Answer<{ id: number }>> {
    return this.#upload('PUT', `/${segment(id)}/${segment(field)}/content`, content, options);
  }

  /** Attaches a file to a record. The answer has the id of the attachment. */
  attach(id: number, content: Content, options: WriteFileOptions = {}): Promise<Answer<{ id: number }>> {
    return this.#upload('POST', `/${segment(id)}/attachments`, content, options);
  }

  /** The documents that you may print of these records. */
  reports({ signal }: CallOptions = {}): Promise<Answer<Report[]>> {
    return this.#transport.send({ method: 'GET', path: `${this.#path}/reports`, options: { signal }, isRead: true });
  }

  /** A printed record: by default, a PDF. */
  print(id: number, report: string, options: CallOptions & { readonly format?: 'pdf' | 'html' } = {}): Promise<Response> {
    const { format, signal } = options;
    return this.#receive(`/${segment(id)}/report/${segment(report)}${queryOf({ format })}`, signal);
  }

  /** Counts and sums by groups. */
  aggregate<
    const G extends readonly Grouping<M, N>[] = [],
    const X extends readonly Measure<M, N>[] = ['__count'],
    P extends string = never,
  >(options: AggregateOptions<M, N, G, X, P> = {}): Promise<Answer<Group<M, N, G, X>[]>> {
    const { signal, ...parameters } = options;
    const path = `${this.#path}/aggregate${queryOf(parameters)}`;
    return this.#transport.send({ method: 'GET', path, options: { signal }, isRead: true });
  }

  /**
   * Changes of the records, as they happen, until the signal aborts. Store `meta.next` once your copy is saved. Throws
   * `sync.reset` if you must start again.
   */
  async *changes<const F extends readonly string[] = never, P extends string = never>(
    options: ChangesOptions<M, N, F, P> = {},
  ): AsyncGenerator<{ data: Changes<Read<M, N, F>>; meta: Meta & { next: string } }, never, undefined> {
    const { signal, since: first = 'new', ...parameters } = options;
    for (let since = first; ; ) {
      const path = `${this.#path}/changes${queryOf({ ...parameters, since, wait: longestWaitS })}`;
      const answer = await this.#transport.send<Changes<Read<M, N, F>>>({
        method: 'GET',
        path,
        options: { signal },
        isRead: true,
      });
      const { data, meta } = answer;
      const isNew = since === 'new';
      since = meta.next as string;
      if (isNew || data.upserts.length > 0 || data.removed.length > 0) yield { data, meta: { ...meta, next: since } };
    }
  }

  #page<T>({ signal, ...parameters }: CallOptions & object): Promise<Answer<T[]>> {
    return this.#transport.send({ ...listRequest(this.#path, parameters), options: { signal }, isRead: true });
  }

  #receive(path: string, signal: AbortSignal | undefined, range?: string): Promise<Response> {
    const headers = { Accept: '*/*', Range: range };
    return this.#transport.receive({ method: 'GET', path: this.#path + path, headers, options: { signal }, isRead: true });
  }

  #upload(
    method: string,
    path: string,
    content: Content,
    { filename, type, ...options }: WriteFileOptions,
  ): Promise<Answer<{ id: number }>> {
    const known = content instanceof Blob ? content.type : '';
    const headers = { 'Content-Type': type ?? (known === '' ? 'application/octet-stream' : known) };
    return this.#transport.send({ method, path: this.#path + path + queryOf({ name: filename }), content, headers, options });
  }

  #write<T>(
    method: string,
    path: string,
    { fields, ...options }: { fields?: unknown } & WriteOptions,
    body?: unknown,
  ): Promise<Answer<T>> {
    return this.#transport.send({ method, path: this.#path + path + queryOf({ fields }), body, options });
  }
}

function foundQuery({ maxAffected, ...conditions }: { readonly maxAffected: number }): string {
  return queryOf({ ...conditions, max_affected: maxAffected });
}
