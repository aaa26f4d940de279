// How far a replica is behind the primary.

import type { Queryable } from './pool.ts';

const writtenStatement = { name: 'written', text: 'select pg_current_wal_insert_lsn()::text as lsn' };

/** Where the primary's log stands: what was committed before lies before it. */
export async function readWrittenLsn(db: Queryable): Promise<string> {
  const [row] = await db.query<{ lsn: string }>(writtenStatement, []);
  return row?.lsn ?? '';
}

const versionsStatement = { name: 'primary_read_versions', text: 'select gateway.read_versions() as versions' };

/** As the primary has them now: a right that was taken holds before the replica knows of it. */
export async function readPrimaryVersions(db: Queryable): Promise<string> {
  const [row] = await db.query<{ versions: string }>(versionsStatement, []);
  return row?.versions ?? '';
}

/** Whether a server has replayed the log up to `$1`; a primary has. To be run before a read and not in it: the snapshot of
 *  a statement is older than what its functions say. */
export const replayedStatement = {
  name: 'replayed',
  text: 'select not pg_is_in_recovery() or pg_last_wal_replay_lsn() >= $1::pg_lsn as replayed',
  isFrequent: true,
};

/** Seconds that a replica is behind; 0 when it has replayed all that it got. */
export const lagStatement = {
  name: 'replica_lag',
  text: `
    select case
      when not pg_is_in_recovery() or pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else extract(epoch from now() - pg_last_xact_replay_timestamp())
    end as lag`,
  isFrequent: true,
};
