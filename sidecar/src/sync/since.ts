// A reader's position in the change feed, as a token that it sends back. It is sealed like a cursor, and valid only for the same
// user, database, model, fields and domain.

import type { FeedPart } from '../db/change_feed.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Binding } from '../records/cursor.ts';
import { readCursor, writeCursor } from '../records/cursor.ts';

/** This takes the place of the order in a cursor. No list has such an order. */
const mark = 'changes';

/**
 * A reader's position. The reader has all changes up to the number, and received them with these rights, in this life of the feed.
 */
export type Position = Pick<FeedPart, 'rights' | 'life'> & { readonly number: number };

/** The position in a token. Throws `sync.token`, or `sync.reset` if the reader has to start over. */
export async function positionOf(context: RequestContext, binding: Binding, text: string, feed: FeedPart): Promise<Position> {
  const place = await readCursor(context, binding, text).catch((error: unknown) => {
    if (error instanceof GatewayError && error.reason === 'query.cursor') throw new GatewayError('sync.token');
    throw error;
  });
  const [number, rights, life = feed.life] = place?.after ?? []; // tokens of version 0.2 have no life
  if (place?.order !== mark || typeof number !== 'string') throw new GatewayError('sync.token');
  const position = { number: Number(number), rights: String(rights), life: String(life) };
  requireCurrent(position, feed);
  return position;
}

/** Throws `sync.reset` if a reader has to start over. */
export function requireCurrent({ number, rights, life }: Position, feed: FeedPart): void {
  if (life !== feed.life || number > feed.last) throw reset('restored', 'The database was restored, or its server was replaced');
  if (rights !== feed.rights) throw reset('rights', "The rights of the token's user on this model have changed");
  if (number < (feed.oldest ?? 0)) throw reset('expired', 'Changes since then are no longer kept');
}

export async function tokenAt(context: RequestContext, binding: Binding, { number, rights, life }: Position): Promise<string> {
  const token = await writeCursor(context, binding, { order: mark, after: [String(number), rights, life] });
  if (token === undefined) throw new GatewayError('internal.error');
  return token;
}

function reset(why: 'restored' | 'rights' | 'expired', sentence: string): GatewayError {
  return new GatewayError('sync.reset', {
    message: `${sentence}. Start with since=new, then read the whole list again.`,
    details: { why },
  });
}
