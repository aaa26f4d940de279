// Models that cannot be reached over the API, whatever the user's rights. This is checked at the route, and again by the executor
// for everything that an operation touches.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';

/** @param patterns model names; `*` at the end matches any suffix */
export function isExposed(model: string, patterns: readonly string[]): boolean {
  return !patterns.some((pattern) => (pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern));
}

/** Throws `odoo.exposure` if the model cannot be reached. */
export function requireExposed(database: Database, model: string): void {
  if (isExposed(model, database.neverExposed)) return;
  throw new GatewayError('odoo.exposure', { message: `The model ${model} cannot be reached over the API.`, details: { model } });
}
