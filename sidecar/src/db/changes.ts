import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

/** A changed row; without an id, or with an unknown entity, it stands for several rows. */
export interface Change {
  readonly id: number;
  readonly entity: string;
  readonly entity_id: number | null;
}

/** The positions of Odoo's cache signals. */
export type Signals = Readonly<Record<string, number>>;

export interface Poll {
  /** The argument for the next poll. */
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

/** The argument for the first poll. No transaction id is ever this high, so the poll returns the horizon and no changes. */
const never = '18446744073709551615';

export async function pollChanges(db: Queryable, since: string = never): Promise<Poll> {
  const [poll] = await db.query<Poll>(statement, [since]);
  if (poll === undefined) throw new GatewayError('internal.error');
  return poll;
}
