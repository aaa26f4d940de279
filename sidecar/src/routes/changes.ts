// Changes of a model or a resource: /api/v1/<name>/changes.

import { success } from '../pipeline/answer.ts';
import type { Route } from '../pipeline/context.ts';
import type { Parts } from '../records/collection.ts';
import type { Collections } from '../records/collections.ts';
import { needsTo } from '../records/collections.ts';
import { changesOf } from '../sync/changes.ts';
import type { ChangeFeeds } from '../sync/feed.ts';

export function changesRoute(feeds: ChangeFeeds, parts: Parts, collections: Collections): Route {
  return {
    name: 'records.changes',
    method: 'GET',
    path: '/api/v1/:model/changes',
    access: 'authenticated',
    needs: needsTo('read'),
    async handle(context) {
      const { upserts, removed, next, more } = await changesOf(feeds, parts, collections.of(context), context);
      return success({ upserts, removed }, { next, more });
    },
  };
}
