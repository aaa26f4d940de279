// Facts about the database that compiled reads depend on.

import type { Queryable } from './pool.ts';

const readerStatement = { name: 'reader', text: 'select gateway.reader() as reader' };

/** The role that may read the columns of plans; null if it does not exist. */
export async function readReader(db: Queryable): Promise<string | null> {
  const [row] = await db.query<{ reader: string | null }>(readerStatement, []);
  return row?.reader ?? null;
}

/** The `versions` that a plan's statement returns as long as the plan is valid. */
export const versionsStatement = {
  name: 'read_versions',
  text: 'select gateway.read_versions() as versions',
  isFrequent: true,
};
