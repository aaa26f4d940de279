// A reader's position in the change feed, as a token that it sends back. It is sealed like a cursor, and valid only for the same
// user, database, model, fields and domain.

import type { FeedPart } from '../db/change_feed.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Binding } from '../records/cursor.ts';
import { readCursor, writeCursor } from '../records/cursor.ts';

/** Stands in for a cursor's order, because no list has this order. */
const mark = 'changes';

/** The number of the reader's last change. Throws `sync.token`, or `sync.reset` if it has to start over. */
export async function numberOf(context: RequestContext, binding: Binding, text: string, feed: FeedPart): Promise<number> {
  const place = await readCursor(context, binding, text).catch((error: unknown) => {
    if (error instanceof GatewayError && error.reason === 'query.cursor') throw new GatewayError('sync.token');
    throw error;
  });
  const [number, rights] = place?.after ?? [];
  if (place?.order !== mark || typeof number !== 'string') throw new GatewayError('sync.token');
  requireCurrent(Number(number), rights, feed);
  return Number(number);
}

/** Throws `sync.reset` if a reader at this number has to start over. */
export function requireCurrent(number: number, rights: unknown, feed: FeedPart): void {
  if (rights !== feed.rights) throw reset('rights', 'The rights of its user on this model have changed');
  if (number < (feed.oldest ?? 0)) throw reset('expired', 'Changes since then are no longer kept');
}

/** The token for a reader that has all changes up to a number. */
export async function tokenAt(context: RequestContext, binding: Binding, number: number, rights: string): Promise<string> {
  const token = await writeCursor(context, binding, { order: mark, after: [String(number), rights] });
  if (token === undefined) throw new GatewayError('internal.error');
  return token;
}

function reset(why: 'rights' | 'expired', sentence: string): GatewayError {
  return new GatewayError('sync.reset', {
    message: `${sentence}. Start with since=new, then read the whole list again.`,
    details: { why },
  });
}
