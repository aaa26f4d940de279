// Sends whole lists as one answer: for clients that accept NDJSON or CSV, and at /api/v1/<name>/ids.

import type { Format } from '../exports/export.ts';
import { exportOf, idsOf } from '../exports/export.ts';
import { chargeMore } from '../limits/limits.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import type { Collection, Parts } from '../records/collection.ts';
import type { Collections } from '../records/collections.ts';
import { needsTo } from '../records/collections.ts';

/** An export counts as this many reads. */
const cost = 10;

export async function answerExport(
  parts: Parts,
  collection: Collection,
  context: RequestContext,
  format: Format,
): Promise<Answer> {
  await chargeMore(context, cost - 1);
  return exportOf(parts, collection, context, format);
}

export function idsRoute(parts: Parts, collections: Collections): Route {
  return {
    name: 'records.ids',
    method: 'GET',
    path: '/api/v1/:model/ids',
    access: 'authenticated',
    needs: needsTo('read'),
    async handle(context) {
      await chargeMore(context, cost - 1);
      return idsOf(parts, collections.of(context), context);
    },
  };
}
