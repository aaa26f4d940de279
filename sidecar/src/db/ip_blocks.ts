// Blocked networks, and the violations that lead to them.

import type { Queryable } from './pool.ts';

export interface IpBlockRow {
  readonly id: number;
  /** The blocked network, as CIDR. */
  readonly network: string;
  /** Null: the block lasts until a manager ends it. */
  readonly secondsLeft: number | null;
  /** Whether the block is automatic, not a manager's. */
  readonly isAutomatic: boolean;
}

const blocks = {
  name: 'ip_blocks',
  text: `
    select id, network, seconds_left as "secondsLeft", is_automatic as "isAutomatic"
    from gateway.ip_blocks($1::bigint[])`,
};

/** Active blocks: all of them if `ids` is null, otherwise those with these ids. */
export function readIpBlocks(db: Queryable, ids: readonly number[] | null): Promise<IpBlockRow[]> {
  return db.query<IpBlockRow>(blocks, [ids]);
}

const violate = {
  name: 'ip_violate',
  text: `
    select gateway.violate(array_agg(v.network order by v.network), array_agg(v.hits order by v.network))
    from unnest($1::cidr[], $2::integer[]) as v (network, hits)`,
};

/** Adds violations to the counts of networks (CIDR). Networks that reach the limit in the settings are blocked. */
export async function countViolations(db: Queryable, counts: ReadonlyMap<string, number>): Promise<void> {
  await db.query(violate, [[...counts.keys()], [...counts.values()]]);
}
