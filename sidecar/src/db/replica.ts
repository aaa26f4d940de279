// Determines how far a replica is behind the primary.

import type { Queryable } from './pool.ts';

const writtenStatement = { name: 'written', text: 'select pg_current_wal_insert_lsn()::text as lsn' };

/** The primary's position in the WAL: everything committed so far is before it. */
export async function readWrittenLsn(db: Queryable): Promise<string> {
  const [row] = await db.query<{ lsn: string }>(writtenStatement, []);
  return row?.lsn ?? '';
}

const versionsStatement = { name: 'primary_read_versions', text: 'select gateway.read_versions() as versions' };

/** The primary's current versions, so that a revoked right takes effect before the replica has the change. */
export async function readPrimaryVersions(db: Queryable): Promise<string> {
  const [row] = await db.query<{ versions: string }>(versionsStatement, []);
  return row?.versions ?? '';
}

/**
 * Whether a server has replayed the WAL up to `$1`; a primary always has. Run this before a read, not as a part of it: a
 * statement's snapshot is older than the results of its functions.
 */
export const replayedStatement = {
  name: 'replayed',
  text: 'select not pg_is_in_recovery() or pg_last_wal_replay_lsn() >= $1::pg_lsn as replayed',
  isFrequent: true,
};

/** How many seconds a replica is behind; 0 if it has replayed everything that it has received. */
export const lagStatement = {
  name: 'replica_lag',
  text: `
    select case
      when not pg_is_in_recovery() or pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else extract(epoch from now() - pg_last_xact_replay_timestamp())
    end as lag`,
  isFrequent: true,
};
