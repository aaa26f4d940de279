// Heartbeats: one row per running sidecar and database, shown in Odoo.

import type { Queryable } from './pool.ts';

export interface Heartbeat {
  /** A UUID that is new at every start. */
  readonly instance: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly address: string;
  readonly version: string;
  readonly schemaVersion: number;
  readonly state: Readonly<Record<string, unknown>>;
}

const update = {
  name: 'sidecar_beat',
  text: `
    update gateway.sidecar
    set seen_at = gateway.utc_now(), state = $2
    where instance = $1
    returning id`,
};

const insert = {
  name: 'sidecar_appear',
  text: `
    insert into gateway.sidecar (instance, name, host, pid, address, version, schema_version, state)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

const forget = {
  name: 'sidecar_forget',
  text: `
    delete from gateway.sidecar
    where instance = $1 or seen_at < gateway.utc_now() - interval '1 day'`,
};

export async function beat(db: Queryable, heartbeat: Heartbeat): Promise<void> {
  const { instance, name, host, pid, address, version, schemaVersion, state } = heartbeat;
  const updated = await db.query(update, [instance, state]);
  if (updated.length > 0) return;
  await db.query(insert, [instance, name, host, pid, address, version, schemaVersion, state]);
}

/** Deletes the row of a sidecar that stops, and rows without a heartbeat for a day. */
export async function forgetSidecar(db: Queryable, instance: string): Promise<void> {
  await db.query(forget, [instance]);
}
