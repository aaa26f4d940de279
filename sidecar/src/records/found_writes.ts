// Writes to all records that a domain finds: PATCH and DELETE /api/v1/<model>?domain=…&max_affected=…

import { GatewayError } from '../errors.ts';
import type { Domain } from '../executor/operations.ts';
import { asWritten } from '../executor/operations.ts';
import { requestedModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { wholeNumber } from '../pipeline/query.ts';
import type { Outcome, Parts } from './collection.ts';
import { readListQuery } from './list_query.ts';
import { conditionOn } from './model_collection.ts';
import { asObject } from './record_shapes.ts';

const mostAffected = 10_000;

export async function updateFound({ odoo, shapes }: Parts, context: RequestContext): Promise<Outcome> {
  const asked = await askedOf(shapes, context);
  const [values = {}] = await shapes.parse(context, asked.model, [asObject(context.body)]);
  const [result] = await odoo.execute(context, [{ op: 'write_found', ...asked, values }]);
  return affected(result);
}

export async function removeFound({ odoo, shapes }: Parts, context: RequestContext): Promise<Outcome> {
  const [result] = await odoo.execute(context, [{ op: 'unlink_found', ...(await askedOf(shapes, context)) }]);
  return affected(result);
}

/** Reads the request. Throws `query.max_affected`, and what a list throws. */
async function askedOf(
  shapes: Parts['shapes'],
  context: RequestContext,
): Promise<{ model: string; domain: Domain; max_affected: number }> {
  const model = requestedModel(context);
  const known = ['domain', 'archived', 'max_affected'] as const;
  const { query, given } = readListQuery(context.asked.url, context.database.settings, known);
  const max_affected = checkMaxAffected(wholeNumber(given.max_affected ?? ''));
  if (given.domain === undefined && query.filters.length === 0) {
    const message = 'Say which records: send a domain or a filter. domain=[] stands for all of them.';
    throw new GatewayError('query.max_affected', { message });
  }
  const domain = await shapes.domain(context, model, query.filters, [...query.domain, ...conditionOn(query.archived)]);
  return { model, domain, max_affected };
}

/** The cost of the request for the limits: one operation for each hundred records that it may affect. */
export function hundredsAffected({ asked }: RequestContext): number {
  const most = Number(new URLSearchParams(asked.url.split('?')[1]).get('max_affected'));
  return Number.isSafeInteger(most) && most > 0 ? Math.ceil(Math.min(most, mostAffected) / 100) : 1;
}

/** Checks the limit in a request. Throws `query.max_affected`. */
export function checkMaxAffected(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= mostAffected) return value as number;
  const message = `max_affected must say how many records may be affected at most: a whole number from 1 to ${mostAffected}.`;
  throw new GatewayError('query.max_affected', { message, details: { max: mostAffected } });
}

function affected(result: unknown): Outcome {
  const { ids, ignored } = asWritten(result);
  return { data: ids.map((id) => ({ id })), meta: { count: ids.length, ignored } };
}
