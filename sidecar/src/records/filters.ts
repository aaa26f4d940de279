// `filter[field][op]=value` → conditions of a domain. The field may be a path through relations, `partner_id.country_id.code`;
// the default operator is `eq`. How a value is parsed depends on the type of its field. Values of a list are separated by commas,
// and quoted (`"Doe, John"`) if they contain one; a list may also be split: `filter[id][in]=1&filter[id][in]=2`,
// `filter[id][in][]=1`, `filter[id][in][0]=1`.

import { GatewayError } from '../errors.ts';
import type { FieldType } from '../executor/operations.ts';
import { problemOfNumber } from '../numbers.ts';
import { parseDate, parseDateTime } from './values.ts';

export interface Filter {
  readonly path: readonly string[];
  readonly operator: Operator;
  /** Contains one value, unless the operator accepts a list. */
  readonly values: readonly string[];
  /** The parameter as the client wrote it, for messages. */
  readonly parameter: string;
}

const operators = {
  eq: '=',
  ne: '!=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  in: 'in',
  nin: 'not in',
  like: 'like',
  nlike: 'not like',
  ilike: 'ilike',
  nilike: 'not ilike',
  starts: '=ilike',
  pattern: '=like',
  ipattern: '=ilike',
  null: '=',
  child_of: 'child_of',
  parent_of: 'parent_of',
} as const;
type Operator = keyof typeof operators;

const parameterFormat = /^filter\[([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,8})\](?:\[([a-z_]+)\])?(\[\d{0,4}\])?$/;
const mostValues = 1_000;
const decimalFormat = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,9})?$/i;

/**
 * Parses a filter. Returns undefined for a parameter that is not a filter, and throws `query.filter` for a malformed filter.
 */
export function parseFilter(parameter: string, text: string): Filter | undefined {
  if (!parameter.startsWith('filter')) return undefined;
  const [, path, operator = 'eq', part] = parameterFormat.exec(parameter) ?? [];
  if (path === undefined) throw malformed(parameter, 'is not of the form filter[field][operator]');
  if (!isOperator(operator)) {
    throw malformed(parameter, `has no operator "${operator}"; there are ${Object.keys(operators).join(', ')}`);
  }
  if (text.includes('\0')) throw malformed(parameter, 'holds a null character');
  if (part !== undefined && !isList(operator)) {
    throw malformed(parameter, `takes one value; for several, write filter[${path}][in]`);
  }
  return { path: path.split('.'), operator, values: isList(operator) ? split(text, parameter) : [text], parameter };
}

/**
 * The filters, after lists that were split over several parameters have been joined. Throws `query.repeated` for other filters
 * that are given twice.
 */
export function joined(filters: readonly Filter[]): Filter[] {
  const byMeaning = Map.groupBy(filters, ({ path, operator }) => `${path.join('.')} ${operator}`);
  return [...byMeaning.values()].map(([first, ...others]) => {
    const { path, operator, parameter } = first as Filter;
    if (others.length > 0 && !isList(operator)) {
      const message = `${parameter} is given more than once. For one of several values, write filter[${path.join('.')}][in]=1,2.`;
      throw new GatewayError('query.repeated', { message, details: { parameter } });
    }
    return { path, operator, parameter, values: [first as Filter, ...others].flatMap(({ values }) => values) };
  });
}

/** @param type the type of the last field of the path; undefined if it does not exist, which Odoo will report */
export function conditionOf({ path, operator, values, parameter }: Filter, type: FieldType | undefined): unknown[] {
  const field = path.join('.');
  const [text = ''] = values;
  switch (operator) {
    case 'null':
      if (text !== 'true' && text !== 'false') throw malformed(parameter, 'must be true or false');
      return [field, text === 'true' ? '=' : '!=', false];
    case 'in':
    case 'nin':
      if (values.length > mostValues) throw malformed(parameter, `has more than ${mostValues} values`);
      return [field, operators[operator], values.map((value) => parseText(value, type, parameter))];
    case 'like':
    case 'ilike':
    case 'nlike':
    case 'nilike':
      return [field, operators[operator], literal(text)];
    case 'starts':
      return [field, operators[operator], `${literal(text)}%`];
    case 'pattern':
    case 'ipattern':
      return [field, operators[operator], text];
    default:
      return [field, operators[operator], parseText(text, type, parameter)];
  }
}

/** Escapes text for use in a Postgres pattern. */
function literal(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

function isList(operator: Operator): boolean {
  return operator === 'in' || operator === 'nin';
}

/** Comma-separated values. A quoted value may contain commas and blanks, and `""` for a quotation mark. */
function split(text: string, parameter: string): string[] {
  const values: string[] = [];
  if (text === '') return values;
  const value = /\s*(?:"((?:[^"]|"")*)"\s*|([^",\s][^,]*|))(,|$)/y;
  for (;;) {
    const [, quoted, plain = '', end] = value.exec(text) ?? [];
    if (end === undefined) {
      throw malformed(parameter, 'has a quote in the wrong place; a value in quotes is "Doe, John", with "" for a quote in it');
    }
    values.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    if (end === '') return values;
  }
}

/** `T10:00:00+02:00` in a query string in which `+` was not encoded, so that it was decoded as a space. */
const decodedPlus = /([T ]\d{2}:\d{2}(?::[\d.]+)?) (\d{2}:?\d{2})$/i;

function parseText(text: string, type: FieldType | undefined, parameter: string): unknown {
  switch (type?.type) {
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw malformed(parameter, 'must be true or false');
      return text === 'true';
    case 'integer':
    case 'many2one_reference':
      return wholeNumber(text, parameter);
    case 'float':
    case 'monetary':
      return decimal(text, parameter);
    case 'many2one':
    case 'one2many':
    case 'many2many':
      // A number is the id of a related record. Anything else is compared with the record's name.
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case 'date':
      return parseDate(text, parameter);
    case 'datetime':
      return /^\d{4}-\d{2}-\d{2}$/.test(text)
        ? parseDate(text, parameter)
        : parseDateTime(text.replace(decodedPlus, '$1+$2'), parameter);
    default:
      return text;
  }
}

function wholeNumber(text: string, parameter: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw malformed(parameter, 'must be a whole number');
  return Number(text);
}

function decimal(text: string, parameter: string): number {
  if (!decimalFormat.test(text.trim())) throw malformed(parameter, 'must be a number');
  const problem = problemOfNumber(text.trim());
  if (problem !== undefined) throw malformed(parameter, problem);
  return Number(text);
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(operators, text);
}

function malformed(parameter: string, what: string): GatewayError {
  return new GatewayError('query.filter', { message: `${parameter} ${what}.`, details: { parameter } });
}
