// The query string, checked: a parameter that is not known is a mistake that should not go unnoticed.

import { parse } from 'node:querystring';
import { GatewayError } from '../errors.ts';

/**
 * Throws `query.unknown` or `query.repeated`.
 * @param takes parameters whose names are not fixed; answers whether it knows this one
 */
export function readQuery<Name extends string>(
  url: string,
  known: readonly Name[],
  takes: (name: string, value: string) => boolean = () => false,
): Partial<Record<Name, string>> {
  const mark = url.indexOf('?');
  if (mark === -1) return {};
  const query: Partial<Record<Name, string>> = {};
  for (const [given, value] of Object.entries(parse(url.slice(mark + 1)))) {
    const name = known.find((candidate) => candidate === given);
    if (name === undefined && typeof value === 'string' && takes(given, value)) continue;
    if (name === undefined) {
      throw new GatewayError('query.unknown', {
        message: `There is no query parameter "${given}" here. Known: ${known.join(', ')}.`,
        details: { parameter: given, known },
      });
    }
    if (typeof value !== 'string') {
      throw new GatewayError('query.repeated', { message: `${name} is given more than once.`, details: { parameter: name } });
    }
    query[name] = value;
  }
  return query;
}

/** A whole number in decimal digits, or undefined. */
export function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
