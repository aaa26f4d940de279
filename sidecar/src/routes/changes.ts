// Changes of a model or a resource: /api/v1/<name>/changes.

import { success } from '../pipeline/answer.ts';
import type { Route } from '../pipeline/context.ts';
import type { Parts } from '../records/collection.ts';
import type { Collections } from '../records/collections.ts';
import { needsTo } from '../records/collections.ts';
import { changesOf } from '../sync/changes.ts';
import { eventsOf, wantsEvents } from '../sync/events.ts';
import type { ChangeFeeds } from '../sync/feed.ts';

export function changesRoute(feeds: ChangeFeeds, parts: Parts, collections: Collections): Route {
  return {
    name: 'records.changes',
    method: 'GET',
    path: '/api/v1/:model/changes',
    access: 'authenticated',
    needs: needsTo('read'),
    async handle(context) {
      const request = { feeds, parts, collection: collections.of(context), context };
      if (wantsEvents(context)) return { status: 200, body: undefined, type: 'text/event-stream', pieces: eventsOf(request) };
      const { upserts, removed, ...meta } = await changesOf(request);
      return success({ upserts, removed }, meta);
    },
  };
}
