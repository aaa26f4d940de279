// Changes of a collection since a token: records as the caller can read them now, and ids of deleted or hidden records.

import type { FeedPart } from '../db/change_feed.ts';
import { readChanges } from '../db/change_feed.ts';
import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { wholeNumber } from '../pipeline/query.ts';
import type { Collection, Parts, Row, Search } from '../records/collection.ts';
import { readPage } from '../records/collection.ts';
import type { Binding } from '../records/cursor.ts';
import type { ListQuery } from '../records/list_query.ts';
import { readListQuery } from '../records/list_query.ts';
import type { ChangeFeeds, Feed } from './feed.ts';
import type { Position } from './since.ts';
import { positionOf, requireCurrent, tokenAt } from './since.ts';

const parameters = ['since', 'fields', 'domain', 'limit', 'wait'] as const;
const longestWaitS = 25;
/** How often a waiting request checks by itself, because a notification may get lost. */
const lookEveryMs = 5_000;

interface Removed {
  readonly id: number;
  /** `not_visible`: hidden from the caller, or outside the domain. */
  readonly reason: 'deleted' | 'not_visible';
}

export interface Changes {
  readonly upserts: readonly Row[];
  readonly removed: readonly Removed[];
  /** The `since` of the next request. */
  readonly next: string;
  /** The number of the newest change that the reader now has. Events of webhooks carry the same numbers. */
  readonly sequence: number;
  /** Whether further changes are already available. */
  readonly more: boolean;
}

/** A request for changes, with the parts that its answer needs. */
export interface ChangesRequest {
  readonly feeds: ChangeFeeds;
  readonly parts: Parts;
  readonly collection: Collection;
  readonly context: RequestContext;
}

/** Begins to read changes. Throws `sync.off`, `sync.token`, `sync.reset`, and the errors of a list. */
export async function changesOf(request: ChangesRequest): Promise<Changes> {
  const { asked, database } = request.context;
  const { query, since, waitMs } = parseChangesQuery(asked.url, database.settings);
  const reader = await ChangesReader.begin(request, query, since);
  return reader.isNew ? reader.nothing() : reader.next(waitMs);
}

/** Reads the changes of a list after a token, part by part. */
export class ChangesReader {
  readonly #request: ChangesRequest;
  readonly #query: ListQuery;
  readonly #search: Search;
  readonly #binding: Binding;
  readonly #feed: Feed;
  /** Whether the reader began with `new` instead of a token. */
  readonly isNew: boolean;
  #position: Position;

  private constructor(
    request: ChangesRequest,
    query: ListQuery,
    search: Search,
    from: { binding: Binding; feed: Feed; isNew: boolean; position: Position },
  ) {
    this.#request = request;
    this.#query = query;
    this.#search = search;
    this.#binding = from.binding;
    this.#feed = from.feed;
    this.isNew = from.isNew;
    this.#position = from.position;
  }

  static async begin(request: ChangesRequest, query: ListQuery, since: string): Promise<ChangesReader> {
    const { context, collection, feeds } = request;
    const { database, principal } = context;
    const search = await collection.search(context, query);
    const binding = ['changes', principal.grant, search.binding, search.domain, search.fields ?? null];
    const feed = feeds.of(database);
    await feed.stamp();
    const start = await readChanges(database, search.model, principal.userId, 0, 0);
    if (!start.synced) throw off(search.model);
    const isNew = since === 'new';
    const begun = { number: start.last, rights: start.rights, life: start.life };
    const position = isNew ? begun : await positionOf(context, binding, since, start);
    if (isNew) request.parts.odoo.refresh(context);
    return new ChangesReader(request, query, search, { binding, feed, isNew, position });
  }

  get isStopped(): boolean {
    return this.#feed.isStopped || this.#request.context.left.aborted;
  }

  async nothing(): Promise<Changes> {
    const next = await tokenAt(this.#request.context, this.#binding, this.#position);
    return { upserts: [], removed: [], next, sequence: this.#position.number, more: false };
  }

  /** Waits for the changes since the last part. Throws `sync.reset`, and the errors of a list. */
  async next(waitMs: number): Promise<Changes> {
    const { parts, context } = this.#request;
    const { limit } = this.#query;
    const part = await this.#wait(waitMs);
    if (!part.synced) throw off(this.#search.model);
    requireCurrent(this.#position, part);
    const more = part.changes.length === limit;
    // If the part is not full, everything numbered up to `last` has been seen.
    const number = more ? (part.changes.at(-1)?.[0] ?? this.#position.number) : part.last;
    this.#position = { ...this.#position, number };
    const next = await tokenAt(context, this.#binding, this.#position);
    const { upserts, removed } = await values(parts, context, this.#query, this.#search, part.changes);
    return { upserts, removed, next, sequence: number, more };
  }

  async #wait(waitMs: number): Promise<FeedPart> {
    const { context } = this.#request;
    const read = () => {
      const { userId } = context.principal;
      return readChanges(context.database, this.#search.model, userId, this.#position.number, this.#query.limit);
    };
    const startedAt = performance.now();
    let part = await read();
    while (part.changes.length === 0) {
      const leftMs = waitMs - (performance.now() - startedAt);
      if (leftMs <= 0 || this.isStopped) break;
      await this.#feed.news(Math.min(leftMs, lookEveryMs), context.left);
      await this.#feed.stamp();
      part = await read();
    }
    context.idleMs += performance.now() - startedAt;
    if (part.changes.length > 0) await context.authenticateAgain();
    return part;
  }
}

async function values(
  parts: Parts,
  context: RequestContext,
  query: ListQuery,
  search: Search,
  changes: Awaited<ReturnType<typeof readChanges>>['changes'],
): Promise<Pick<Changes, 'upserts' | 'removed'>> {
  if (changes.length === 0) return { upserts: [], removed: [] };
  parts.odoo.refresh(context);
  const domain = [['id', 'in', changes.map(([, id]) => id)], ...search.domain];
  const page = await readPage(parts, context, { ...query, limit: changes.length }, { ...search, domain, order: 'id' });
  const seen = new Set(page.ids);
  const removed = changes
    .filter(([, id]) => !seen.has(id))
    .map(([, id, deleted]): Removed => ({ id, reason: deleted ? 'deleted' : 'not_visible' }));
  return { upserts: page.records, removed };
}

/** The parameters of a request for changes. Its token may also come from elsewhere, such as the header of an event stream. */
export function parseChangesQuery(
  url: string,
  settings: Settings,
  resumed?: string,
): { query: ListQuery; since: string; waitMs: number } {
  const { query, given } = readListQuery(url, settings, parameters);
  const since = resumed ?? given.since ?? '';
  if (since === '') {
    const message = 'since is missing. Start with since=new, then send the meta.next of the last answer.';
    throw new GatewayError('sync.token', { message });
  }
  const seconds = given.wait === undefined ? 0 : wholeNumber(given.wait);
  if (seconds === undefined || seconds > longestWaitS) {
    const message = `wait must be a whole number of seconds from 0 to ${longestWaitS}, not "${given.wait}".`;
    throw new GatewayError('query.wait', { message, details: { wait: given.wait } });
  }
  return { query, since, waitMs: seconds * 1_000 };
}

function off(model: string): GatewayError {
  return new GatewayError('sync.off', {
    message: `${model} is not synced. A gateway manager can add it under Webhooks / Synced Models.`,
    details: { model },
  });
}
