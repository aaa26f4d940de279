import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

/** One changed row; without an id, or with an unknown entity, more than one. */
export interface Change {
  readonly id: number;
  readonly entity: string;
  readonly entity_id: number | null;
}

/** Where Odoo's caches stand, by signal. */
export type Signals = Readonly<Record<string, number>>;

export interface Poll {
  /** What the next poll is given. */
  readonly horizon: string;
  readonly changes: readonly Change[];
  readonly signals: Signals;
}

const statement = {
  name: 'poll',
  text: `
    select horizon::text, changes, signals
    from gateway.poll($1::text::xid8)`,
  timeoutMs: 2_000,
};

/** No transaction reaches this number: the first poll brings the horizon and no change. */
const never = '18446744073709551615';

export async function pollChanges(db: Queryable, since: string = never): Promise<Poll> {
  const [poll] = await db.query<Poll>(statement, [since]);
  if (poll === undefined) throw new GatewayError('internal.error');
  return poll;
}
