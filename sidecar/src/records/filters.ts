// `filter[field][op]=value` → conditions of a domain. The field may be a path over relations, `partner_id.country_id.code`;
// without an operator it is `eq`. What the text of a value means depends on the type of its field.

import { GatewayError } from '../errors.ts';
import type { FieldType } from '../executor/operations.ts';
import { parseDate, parseDateTime } from './values.ts';

export interface Filter {
  readonly path: readonly string[];
  readonly operator: Operator;
  readonly text: string;
  /** As the client wrote it, for messages. */
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
  null: '=',
  child_of: 'child_of',
  parent_of: 'parent_of',
} as const;
type Operator = keyof typeof operators;

const parameterFormat = /^filter\[([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,8})\](?:\[([a-z_]+)\])?$/;
const mostValues = 1_000;

/** Undefined for a parameter that is no filter; throws `query.filter` for one that is malformed. */
export function parseFilter(parameter: string, text: string): Filter | undefined {
  if (!parameter.startsWith('filter')) return undefined;
  const [, path, operator = 'eq'] = parameterFormat.exec(parameter) ?? [];
  if (path === undefined) throw malformed(parameter, 'is not of the form filter[field][operator]');
  if (!isOperator(operator)) {
    throw malformed(parameter, `has no operator "${operator}"; there are ${Object.keys(operators).join(', ')}`);
  }
  if (text.includes('\0')) throw malformed(parameter, 'holds a null character');
  return { path: path.split('.'), operator, text, parameter };
}

/** @param type of the last field of the path; undefined when it does not exist, which Odoo will say */
export function conditionOf({ path, operator, text, parameter }: Filter, type: FieldType | undefined): unknown[] {
  const field = path.join('.');
  if (operator === 'null') {
    if (text !== 'true' && text !== 'false') throw malformed(parameter, 'must be true or false');
    return [field, text === 'true' ? '=' : '!=', false];
  }
  if (operator === 'starts') return [field, '=ilike', `${text.replaceAll(/[\\%_]/g, '\\$&')}%`];
  if (operator === 'in' || operator === 'nin') {
    const values = text === '' ? [] : text.split(',');
    if (values.length > mostValues) throw malformed(parameter, `has more than ${mostValues} values`);
    return [field, operators[operator], values.map((value) => parseText(value.trim(), type, parameter))];
  }
  const isText = operator.endsWith('like');
  return [field, operators[operator], isText ? text : parseText(text, type, parameter)];
}

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
      // A relation is compared by id; by anything else, by its name.
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case 'date':
      return parseDate(text, parameter);
    case 'datetime':
      return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseDate(text, parameter) : parseDateTime(text, parameter);
    default:
      return text;
  }
}

function wholeNumber(text: string, parameter: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw malformed(parameter, 'must be a whole number');
  return Number(text);
}

function decimal(text: string, parameter: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw malformed(parameter, 'must be a number');
  return value;
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(operators, text);
}

function malformed(parameter: string, what: string): GatewayError {
  return new GatewayError('query.filter', { message: `${parameter} ${what}.`, details: { parameter } });
}
