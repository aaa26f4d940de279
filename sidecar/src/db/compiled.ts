// The parts of the database that compiled reads depend on.

import type { Queryable } from './pool.ts';

const readerStatement = { name: 'reader', text: 'select gateway.reader() as reader' };

/** The role that may read the columns of plans; null where nobody has made it. */
export async function readReader(db: Queryable): Promise<string | null> {
  const [row] = await db.query<{ reader: string | null }>(readerStatement, []);
  return row?.reader ?? null;
}

/** What a plan's text gives as `versions` while the plan holds. */
export const versionsStatement = {
  name: 'read_versions',
  text: 'select gateway.read_versions() as versions',
  isFrequent: true,
};
