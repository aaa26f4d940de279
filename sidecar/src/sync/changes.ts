// Changes of a collection since a token: records as the caller can read them now, and ids of records that are gone or hidden.

import { readChanges } from '../db/change_feed.ts';
import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { wholeNumber } from '../pipeline/query.ts';
import type { Collection, Parts, Row, Search } from '../records/collection.ts';
import { readPage } from '../records/collection.ts';
import type { ListQuery } from '../records/list_query.ts';
import { readListQuery } from '../records/list_query.ts';
import type { ChangeFeeds } from './feed.ts';
import { numberOf, tokenAt } from './since.ts';

const parameters = ['since', 'fields', 'domain', 'limit', 'wait'] as const;
const longestWaitS = 25;
/** A notification may get lost, so a waiting request also looks at this interval. */
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
  /** Whether there are further changes already. */
  readonly more: boolean;
}

/** Throws `sync.off`, `sync.token`, `sync.reset`, and the errors of a list. */
export async function changesOf(
  feeds: ChangeFeeds,
  parts: Parts,
  collection: Collection,
  context: RequestContext,
): Promise<Changes> {
  const { database, asked } = context;
  const { query, since, waitMs } = parseChangesQuery(asked.url, database.settings);
  const search = await collection.search(context, query);
  const binding = ['changes', context.principal.grant, search.binding, search.domain, search.fields ?? null];
  const feed = feeds.of(database);
  const read = (number: number, most: number) => readChanges(database, search.model, context.principal.userId, number, most);

  await feed.stamp();
  const start = await read(0, 0);
  if (!start.synced) throw off(search.model);
  if (since === 'new') {
    return { upserts: [], removed: [], next: await tokenAt(context, binding, start.last, start.rights), more: false };
  }
  const number = await numberOf(context, binding, since, start);

  const startedAt = performance.now();
  let part = await read(number, query.limit);
  while (part.changes.length === 0) {
    const leftMs = waitMs - (performance.now() - startedAt);
    if (leftMs <= 0 || feed.isStopped || context.left.aborted) break;
    await feed.news(Math.min(leftMs, lookEveryMs), context.left);
    await feed.stamp();
    part = await read(number, query.limit);
  }
  context.idleMs += performance.now() - startedAt;
  if (part.rights !== start.rights || !part.synced) await numberOf(context, binding, since, part); // says what changed

  const more = part.changes.length === query.limit;
  // If the part is not full, everything numbered up to `last` has been seen.
  const reached = more ? (part.changes.at(-1)?.[0] ?? number) : part.last;
  const next = await tokenAt(context, binding, reached, part.rights);
  const { upserts, removed } = await values(parts, context, query, search, part.changes);
  return { upserts, removed, next, more };
}

async function values(
  parts: Parts,
  context: RequestContext,
  query: ListQuery,
  search: Search,
  changes: Awaited<ReturnType<typeof readChanges>>['changes'],
): Promise<Pick<Changes, 'upserts' | 'removed'>> {
  if (changes.length === 0) return { upserts: [], removed: [] };
  const domain = [['id', 'in', changes.map(([, id]) => id)], ...search.domain];
  const page = await readPage(parts, context, { ...query, limit: changes.length }, { ...search, domain, order: 'id' });
  const seen = new Set(page.ids);
  const removed = changes
    .filter(([, id]) => !seen.has(id))
    .map(([, id, deleted]): Removed => ({ id, reason: deleted ? 'deleted' : 'not_visible' }));
  return { upserts: page.records, removed };
}

function parseChangesQuery(url: string, settings: Settings): { query: ListQuery; since: string; waitMs: number } {
  const { query, given } = readListQuery(url, settings, parameters);
  if (given.since === undefined || given.since === '') {
    const message = 'since is missing. Begin with since=new, then give the meta.next of the last answer.';
    throw new GatewayError('sync.token', { message });
  }
  const seconds = given.wait === undefined ? 0 : wholeNumber(given.wait);
  if (seconds === undefined || seconds > longestWaitS) {
    const message = `wait must be a whole number of seconds from 0 to ${longestWaitS}, not "${given.wait}".`;
    throw new GatewayError('query.wait', { message, details: { wait: given.wait } });
  }
  return { query, since: given.since, waitMs: seconds * 1_000 };
}

function off(model: string): GatewayError {
  return new GatewayError('sync.off', {
    message: `${model} is not synced. A gateway manager can add it under Webhooks / Synced Models.`,
    details: { model },
  });
}
