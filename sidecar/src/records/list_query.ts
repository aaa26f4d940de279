// The query of a list: conditions, fields and page.

import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Domain, FieldTree } from '../executor/operations.ts';
import { readQuery, wholeNumber } from '../pipeline/query.ts';
import { parseDomain } from './domain.ts';
import { parseFields } from './fields.ts';
import type { Filter } from './filters.ts';
import { joined, parseFilter } from './filters.ts';

const orderTerm = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$/i;
const mostFilters = 100;
const parameters = ['domain', 'fields', 'limit', 'offset', 'cursor', 'order', 'count', 'archived'] as const;
type Parameter = (typeof parameters)[number];
const listed: ReadonlySet<string> = new Set(['fields', 'order', 'group', 'measures']);

type Limits = Pick<Settings, 'limit.default' | 'limit.max'>;

export interface ListQuery {
  readonly domain: Domain;
  readonly filters: readonly Filter[];
  readonly fields: FieldTree | undefined;
  readonly limit: number;
  readonly offset: number;
  /** The parameter, not parsed yet. */
  readonly cursor: string | undefined;
  readonly order: string | undefined;
  readonly count: 'exact' | 'estimated' | undefined;
  /** Whether to include archived records, or to return only those; undefined: no archived records, as in Odoo's lists. */
  readonly archived: 'include' | 'only' | undefined;
}

/** Parses the query of a list. Throws the `query.…` reason of the first parameter that is wrong. */
export function parseListQuery(url: string, settings: Limits): ListQuery {
  return readListQuery(url, settings, parameters).query;
}

/**
 * Like `parseListQuery`, for routes that accept only some of a list's parameters, or additional ones, which are returned
 * unchanged in `given`. Filters are always accepted.
 * @param term the pattern of one term of the order
 */
export function readListQuery<More extends string>(
  url: string,
  settings: Limits,
  known: readonly (Parameter | More)[],
  term = orderTerm,
): { query: ListQuery; given: Partial<Record<Parameter | More, string>> } {
  const filters: Filter[] = [];
  const query: Partial<Record<Parameter | More, string>> = readQuery(url, known, {
    lists: known.filter((name) => listed.has(name)),
    others(name, text) {
      const filter = parseFilter(name, text);
      if (filter !== undefined) filters.push(filter);
      return filter !== undefined;
    },
  });
  if (filters.length > mostFilters) {
    throw new GatewayError('query.filter', {
      message: `There are ${filters.length} filters; at most ${mostFilters} are possible.`,
    });
  }
  if (query.cursor === '') {
    const message = 'cursor is empty. Leave it out for the first page; meta.next of an answer is the cursor of the next one.';
    throw new GatewayError('query.cursor', { message });
  }
  if (query.cursor !== undefined && (query.offset !== undefined || query.order !== undefined)) {
    const message = 'A cursor already contains its order and its position. Send it without order and offset.';
    throw new GatewayError('query.cursor', { message });
  }
  const list = {
    domain: query.domain === undefined ? [] : parseDomain(query.domain),
    filters: joined(filters),
    fields: query.fields === undefined ? undefined : parseFields(query.fields),
    limit: parseLimit(query.limit, settings),
    offset: parseOffset(query.offset),
    cursor: query.cursor,
    order: query.order === undefined ? undefined : parseOrder(query.order, term),
    count: parseCount(query.count),
    archived: parseArchived(query.archived),
  };
  return { query: list, given: query };
}

/**
 * The path of the next page, if there may be one: with a cursor if the order supports cursors, otherwise with an offset.
 * `URLSearchParams` encodes ",", ";" and the "=" inside a value, at which some parsers of `Link` headers cut a URL.
 * @param next the cursor of the page's last record
 */
export function pageAfter(
  url: string,
  { limit, offset }: ListQuery,
  found: number,
  next: string | undefined,
): string | undefined {
  if (found < limit) return undefined;
  const mark = url.indexOf('?');
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  if (next === undefined) {
    query.set('offset', String(offset + limit));
  } else {
    for (const name of [...query.keys()]) if (/^(?:offset|order(?:\[\d*\])?)$/.test(name)) query.delete(name);
    query.set('cursor', next);
  }
  return `${mark === -1 ? url : url.slice(0, mark)}?${query.toString()}`;
}

function parseLimit(text: string | undefined, settings: Limits): number {
  const most = settings['limit.max'];
  if (text === undefined) return Math.min(settings['limit.default'], most);
  const limit = wholeNumber(text);
  if (limit === undefined || limit < 1 || limit > most) {
    const message = `limit must be a whole number from 1 to ${most}, not "${text}".`;
    throw new GatewayError('query.limit', { message, details: { limit: text, max: most } });
  }
  return limit;
}

function parseOffset(text: string | undefined): number {
  const offset = text === undefined ? 0 : wholeNumber(text);
  if (offset === undefined) {
    const message = `offset must be a whole number of at least 0, not "${text}".`;
    throw new GatewayError('query.offset', { message, details: { offset: text } });
  }
  return offset;
}

function parseOrder(text: string, format: RegExp): string {
  for (const term of text.split(',')) {
    if (!format.test(term.trim())) {
      const message = `order: "${term.trim()}" is not a field with asc or desc, like "name desc".`;
      throw new GatewayError('query.order', { message, details: { order: text } });
    }
  }
  return text;
}

function parseCount(text: string | undefined): 'exact' | 'estimated' | undefined {
  if (text === undefined || text === 'none') return undefined;
  if (text === 'exact' || text === 'estimated') return text;
  const message = `count must be none, exact or estimated, not "${text}".`;
  throw new GatewayError('query.count', { message, details: { count: text } });
}

function parseArchived(text: string | undefined): 'include' | 'only' | undefined {
  if (text === undefined || text === 'exclude') return undefined;
  if (text === 'include' || text === 'only') return text;
  const message = `archived must be exclude, include or only, not "${text}".`;
  throw new GatewayError('query.archived', { message, details: { archived: text } });
}
