import type { Orm } from '@web/core/utils/hooks';

/** A sidecar's heartbeat row, as the model `gateway.sidecar` shows it. Times are in Odoo's format, in UTC. */
export interface Sidecar {
  id: number;
  name: string;
  version: string;
  schema_version: number;
  started_at: string;
  seen_at: string;
  /** `stale`: it has missed its heartbeats, because it crashed or has lost Postgres. */
  state: 'alive' | 'stale';
  uptime_s: number;
  address: string;
  pid: number;
  host: string;
}

const fields = [
  'name',
  'version',
  'schema_version',
  'started_at',
  'seen_at',
  'state',
  'uptime_s',
  'address',
  'pid',
  'host',
] satisfies (keyof Sidecar)[];

/** All sidecars of this database, those alive first. */
export async function readSidecars(orm: Orm): Promise<Sidecar[]> {
  const sidecars = await orm.searchRead<Sidecar>('gateway.sidecar', [], fields);
  return sidecars.sort((a, b) => a.state.localeCompare(b.state) || a.name.localeCompare(b.name) || a.id - b.id);
}
