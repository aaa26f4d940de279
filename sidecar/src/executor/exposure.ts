// Models that cannot be reached over the API, whatever the user's rights. Checked at the route, and again by the executor on
// everything that an operation touches.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';

/** @param patterns names of models; `*` at the end matches any rest */
export function isExposed(model: string, patterns: readonly string[]): boolean {
  return !patterns.some((pattern) => (pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern));
}

/** Throws `odoo.exposure`. */
export function requireExposed(database: Database, model: string): void {
  if (isExposed(model, database.neverExposed)) return;
  throw new GatewayError('odoo.exposure', { message: `The model ${model} is not reachable over the API.`, details: { model } });
}
