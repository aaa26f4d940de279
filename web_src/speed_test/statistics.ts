// Statistics of several runs.

/** The percentile `share`, in milliseconds, by the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

/** The parts of a run that follow each other, in milliseconds: they add up to its latency. */
export interface Phases {
  network: number;
  gateway: number;
  auth: number;
  throttle: number;
  queue: number;
  odoo: number;
  orm: number;
  sql: number;
  shape: number;
}

export const phaseNames = ['network', 'gateway', 'auth', 'throttle', 'queue', 'odoo', 'orm', 'sql', 'shape'] as const;

/** Reads `Server-Timing: odoo;dur=4.10, total;dur=5.62` (W3C Server Timing): milliseconds by name. */
export function parseServerTiming(header: string | null): Record<string, number> {
  const found: Record<string, number> = {};
  for (const part of (header ?? '').split(',')) {
    const [, name, duration] = /^\s*([\w-]+)\s*;\s*dur=([\d.]+)/.exec(part) ?? [];
    if (name !== undefined && Number.isFinite(Number(duration))) found[name] = Number(duration);
  }
  return found;
}

/** The time of one call by step. Time that the gateway does not report counts as network. */
export function phasesOf(ms: number, timing: Record<string, number>): Phases {
  const { total = 0, auth = 0, throttle = 0, queue = 0, odoo = 0, orm = 0, sql = 0, shape = 0 } = timing;
  return {
    network: Math.max(0, ms - total),
    gateway: Math.max(0, total - auth - throttle - queue - odoo - sql - shape),
    auth,
    throttle,
    queue,
    odoo: Math.max(0, odoo - orm),
    orm,
    sql,
    shape,
  };
}

/** The mean of each part. This uses means, because means add up and medians do not. */
export function meanPhases(all: readonly Phases[]): Phases {
  const mean = (name: keyof Phases) => all.reduce((sum, phases) => sum + phases[name], 0) / Math.max(1, all.length);
  return Object.fromEntries(phaseNames.map((name) => [name, mean(name)])) as Record<keyof Phases, number>;
}

/** Reads `X-Gateway-Read`: `compiled`, or `odoo:` and the reason (docs/guide.md). Returns null if the header is missing. */
export function parseRead(header: string | null): { way: 'compiled' | 'odoo'; why: string } | null {
  if (header === null) return null;
  const [way = '', ...why] = header.split(':');
  return { way: way.startsWith('compiled') ? 'compiled' : 'odoo', why: why.join(':').trim() };
}

/** How many answers a second a caller gets if it waits for each answer. */
export function perSecond(ms: number): number {
  return ms > 0 ? 1_000 / ms : 0;
}
