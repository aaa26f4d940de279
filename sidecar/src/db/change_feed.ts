// Changes of synced models, as recorded by triggers (`sql/022_changes.sql`).

import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

/** A changed record: its number in the feed, its id, and whether it was deleted. */
type ChangedRecord = readonly [number: number, id: number, deleted: boolean];

export interface FeedPart {
  /** Whether a manager has added the model to the synced models. */
  readonly synced: boolean;
  /** The newest number in the feed, over all models. */
  readonly last: number;
  /** A reader that is behind this number may have missed changes; null if the model is not synced. */
  readonly oldest: number | null;
  /**
   * The life of the feed. It changes when the database is restored or its server is replaced, because the same numbers may then
   * be assigned a second time.
   */
  readonly life: string;
  /** A digest of the rights that decide which records of the model the user sees. */
  readonly rights: string;
  /** Changes with a number above the reader's, oldest first. Each record appears once, with its newest change. */
  readonly changes: readonly ChangedRecord[];
}

const mostAtOnce = 5_000;
const stamp = { name: 'stamp_changes', text: 'select gateway.stamp_changes($1) as taken' };
const numbers = { name: 'change_numbers', text: 'select res_id as id, number from gateway.change_numbers($1, $2)' };
const read = {
  name: 'changes',
  text: 'select synced, last, oldest, rights, changes, gateway.feed_life() as life from gateway.changes($1, $2, $3, $4)',
};

/** Assigns numbers to all committed changes. Each part has its own transaction, so that no lock is held for a long time. */
export async function stampChanges(db: Queryable): Promise<void> {
  for (let taken = mostAtOnce; taken === mostAtOnce; ) {
    const [row] = await db.query<{ taken: number }>(stamp, [mostAtOnce]);
    taken = row?.taken ?? 0;
  }
}

/** The numbers of records' newest changes, by id; nothing for a model that is not synced. */
export async function readNumbers(db: Queryable, model: string, ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const rows = await db.query<{ id: number; number: number }>(numbers, [model, ids]);
  return new Map(rows.map(({ id, number }) => [id, number]));
}

export async function readChanges(db: Queryable, model: string, userId: number, since: number, most: number): Promise<FeedPart> {
  const [part] = await db.query<FeedPart>(read, [model, userId, since, most]);
  if (part === undefined) throw new GatewayError('internal.error');
  return part;
}
