// Live figures: tickets of browsers, and messages between sidecars, both through Postgres.

import { z } from 'zod';
import type { Queryable } from './pool.ts';

/** The figures that the user may watch: managers see all figures, other users only their own. */
export interface Viewer {
  readonly user_id: number;
  readonly manager: boolean;
}

const viewerShape = z.object({ user_id: z.int(), manager: z.boolean() }).nullable().catch(null);

const takeStatement = { name: 'live_ticket_take', text: 'select gateway.live_ticket_take($1, $2) as viewer' };

/** Uses up the ticket with this SHA-256. Returns null if the ticket is not valid for a page of this origin. */
export async function takeTicket(db: Queryable, hash: Buffer, origin: string): Promise<Viewer | null> {
  const [row] = await db.query<{ viewer: unknown }>(takeStatement, [hash, origin]);
  return viewerShape.parse(row?.viewer ?? null);
}

const viewerStatement = { name: 'live_viewer', text: 'select gateway.live_viewer($1) as viewer' };

/** The figures that the user may currently watch; null if the user may no longer watch any. */
export async function readViewer(db: Queryable, userId: number): Promise<Viewer | null> {
  const [row] = await db.query<{ viewer: unknown }>(viewerStatement, [userId]);
  return viewerShape.parse(row?.viewer ?? null);
}

export const liveChannel = 'gateway_live';

const publishStatement = { name: 'live_publish', text: `select pg_notify('${liveChannel}', $1)` };

/** Sends a message to all sidecars of this database, including this one. At most 7,999 bytes. */
export async function publish(db: Queryable, payload: string): Promise<void> {
  await db.query(publishStatement, [payload]);
}
