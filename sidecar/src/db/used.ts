// What credentials use: models, fields, methods and choices (031_usage.sql), and the addresses from which they are used
// (036_used_addresses.sql).

import { z } from 'zod';
import type { Queryable } from './pool.ts';

type UsedAs = 'read' | 'write' | 'delete' | 'call' | 'choice';

export interface Used {
  readonly consumer: string;
  readonly model: string;
  readonly action: UsedAs;
  /** A field or a path through relations; a method; `state=sale` for a choice. Empty: the records themselves. */
  readonly name: string;
  requests: number;
}

const recordStatement = { name: 'record_used', text: 'select gateway.record_used($1)' };

export async function recordUsed(db: Queryable, uses: readonly Used[]): Promise<void> {
  await db.query(recordStatement, [JSON.stringify(uses)]);
}

export interface UsedAddress {
  readonly consumer: string;
  readonly address: string;
  requests: number;
}

const recordAddressesStatement = { name: 'record_used_addresses', text: 'select gateway.record_used_addresses($1)' };

export async function recordUsedAddresses(db: Queryable, uses: readonly UsedAddress[]): Promise<void> {
  await db.query(recordAddressesStatement, [JSON.stringify(uses)]);
}

const usedRow = z.object({
  consumer: z.string(),
  credential: z.string(),
  model: z.string(),
  action: z.enum(['read', 'write', 'delete', 'call', 'choice']),
  name: z.string(),
  requests: z.coerce.number(),
  last_day: z.string(),
});
export type UsedRow = z.infer<typeof usedRow>;

const readStatement = { name: 'used_by', text: 'select * from gateway.used_by($1, $2, $3)' };

/**
 * The recorded uses, sorted by consumer, model, action and name. @param consumer null: all consumers @param days the number of days
 * up to today @param most the maximum number of rows
 */
export async function readUsed(db: Queryable, consumer: string | null, days: number, most: number): Promise<UsedRow[]> {
  return usedRow.array().parse(await db.query(readStatement, [consumer, days, most]));
}
