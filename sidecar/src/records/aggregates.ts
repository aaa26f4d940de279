// Counts and sums of a model's records by groups: /api/v1/<model>/aggregate.

import { GatewayError } from '../errors.ts';
import type { Domain } from '../executor/operations.ts';
import { asAggregates } from '../executor/operations.ts';
import { requestedModel } from '../executor/target.ts';
import { parseJson } from '../json.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Outcome, Parts } from './collection.ts';
import { pageAfter, readListQuery } from './list_query.ts';
import { conditionOn } from './model_collection.ts';

const known = ['group', 'measures', 'having', 'order', 'limit', 'offset', 'domain', 'archived'] as const;
/** A grouping or a measure: `state desc`, `date_order:month`, `amount_total:sum desc`. */
const orderTerm = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[a-z_]{1,30})?(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$/i;

/**
 * A page of groups. Each group has a property for every requested grouping and measure, or `__count` if no measure was
 * requested. Throws the `query.…` reasons, and those of the executor.
 */
export async function aggregatesOf({ odoo, shapes }: Parts, context: RequestContext): Promise<Outcome> {
  const model = requestedModel(context);
  const { url } = context.asked;
  const { query, given } = readListQuery(url, context.database.settings, known, orderTerm);
  const { filters, archived, limit, offset, order } = query;
  const domain = await shapes.domain(context, model, filters, [...query.domain, ...conditionOn(archived)]);
  const [result] = await odoo.read(context, [
    {
      op: 'aggregate',
      model,
      domain,
      group: names(given.group),
      measures: given.measures === undefined ? ['__count'] : names(given.measures),
      having: given.having === undefined ? [] : parseHaving(given.having),
      order,
      limit: limit + 1, // whether there are more
      offset,
    },
  ]);
  const { groups, timezone } = asAggregates(result);
  const page = groups.slice(0, limit);
  const next = groups.length > limit ? pageAfter(url, query, limit, undefined) : undefined;
  return { data: page, meta: { limit, offset, timezone }, next };
}

function names(text = ''): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const joints = new Set<unknown>(['&', '|', '!']);
const comparisons = new Set<unknown>(['=', '!=', '<', '<=', '>', '>=', 'in', 'not in']);
const mostTerms = 30;

/** `[["amount_total:sum", ">", 1000]]`: a domain about measures. Odoo checks whether the measures exist. */
function parseHaving(text: string): Domain {
  const wrong = (what: string) => new GatewayError('query.domain', { message: `${what}.`, details: { at: 'having' } });
  const value: unknown = parsed(text, wrong);
  if (!Array.isArray(value) || value.length > mostTerms) {
    throw wrong(`having must be a list of at most ${mostTerms} conditions, like [["amount_total:sum", ">", 1000]]`);
  }
  for (const [i, term] of value.entries()) {
    if (joints.has(term)) continue;
    const [measure, comparison, operand] = (Array.isArray(term) && term.length === 3 ? term : []) as unknown[];
    const operands = Array.isArray(operand) ? operand : [operand];
    const isFit = operands.length <= mostTerms && operands.every((item) => typeof item === 'number' || typeof item === 'boolean');
    if (typeof measure !== 'string' || !comparisons.has(comparison) || !isFit) {
      throw wrong(`having[${i}] must be a measure, one of ${[...comparisons].join(' ')}, and a number`);
    }
  }
  return value;
}

function parsed(text: string, wrong: (what: string) => GatewayError): unknown {
  try {
    return parseJson(text, 'having', (at, problem) => wrong(`having${at} ${problem}`));
  } catch (error) {
    throw error instanceof GatewayError ? error : wrong('having is not JSON');
  }
}
