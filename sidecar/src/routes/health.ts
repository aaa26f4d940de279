// Health checks for load balancers and administrators: whether the process is alive, and whether it can serve requests.

import type { Database, DatabaseState } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Answer, Route } from '../pipeline/context.ts';

type Part = 'up' | 'away';

interface DatabaseHealth {
  readonly postgres: Part;
  /** `missing`: the addon is not installed, or the sidecar's role has no rights. */
  readonly addon: 'installed' | 'missing' | 'unknown';
  /** `refused`: Odoo runs but does not accept this sidecar's channel. */
  readonly odoo: Part | 'refused' | 'unknown';
}

export interface HealthOptions {
  readonly databases: readonly Database[];
  /** A function that rejects if Odoo does not answer on the channel. */
  readonly probe: (database: Database) => Promise<void>;
  readonly isStopping: () => boolean;
}

/** However many checks arrive, Odoo is probed at most once in this time. */
const keptMs = 1_000;

export function healthRoutes(options: HealthOptions): Route[] {
  let kept: { readonly at: number; readonly health: Promise<Answer> } | undefined;

  function ready(): Promise<Answer> {
    const now = performance.now();
    if (kept === undefined || now - kept.at > keptMs) kept = { at: now, health: inspect(options) };
    return kept.health;
  }

  return [
    {
      name: 'healthz',
      method: 'GET',
      path: '/healthz',
      access: 'internal',
      handle: () => ({ status: 200, body: { status: 'alive' } }),
    },
    {
      name: 'readyz',
      method: 'GET',
      path: '/readyz',
      access: 'internal',
      handle: () => (options.isStopping() ? { status: 503, body: { status: 'stopping' } } : ready()),
    },
  ];
}

/** Answers 200 while at least one database can be served: a load balancer that saw an error would cut off all databases. */
async function inspect({ databases, probe }: HealthOptions): Promise<Answer> {
  const entries = await Promise.all(
    databases.map(async (database) => [database.name, await inspectOne(database, probe)] as const),
  );
  const usable = entries.filter(([, health]) => health.odoo === 'up').length;
  const status = usable === entries.length ? 'ready' : usable > 0 ? 'degraded' : 'away';
  return { status: usable > 0 ? 200 : 503, body: { status, databases: Object.fromEntries(entries) } };
}

async function inspectOne(database: Database, probe: HealthOptions['probe']): Promise<DatabaseHealth> {
  const ofState: Record<DatabaseState, DatabaseHealth> = {
    starting: { postgres: 'away', addon: 'unknown', odoo: 'unknown' },
    away: { postgres: 'away', addon: 'unknown', odoo: 'unknown' },
    not_prepared: { postgres: 'up', addon: 'missing', odoo: 'unknown' },
    ready: { postgres: 'up', addon: 'installed', odoo: 'up' },
  };
  const health = ofState[database.state];
  if (database.state !== 'ready') return health;
  try {
    await probe(database);
    return health;
  } catch (error) {
    const refused = error instanceof GatewayError && error.reason === 'odoo.channel';
    return { ...health, odoo: refused ? 'refused' : 'away' };
  }
}
