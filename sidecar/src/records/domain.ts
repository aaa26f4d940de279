// Odoo's search domains: a list of conditions `[field, operator, value]` with `&`, `|`, `!` in front of their operands. Only the
// syntax is checked here, so that the message can say where the mistake is, without using a worker of Odoo. Odoo checks whether
// fields exist and may be searched.

import { GatewayError } from '../errors.ts';
import type { Domain } from '../executor/operations.ts';
import { parseJson } from '../json.ts';

/** STANDARD_CONDITION_OPERATORS and their synonyms in odoo/orm/domains.py, without `any!`, which skips record rules. */
const operators = new Set([
  '=',
  '!=',
  '<>',
  '==',
  '=?',
  '<',
  '>',
  '<=',
  '>=',
  'in',
  'not in',
  'like',
  'not like',
  'ilike',
  'not ilike',
  '=like',
  'not =like',
  '=ilike',
  'not =ilike',
  'any',
  'not any',
  'child_of',
  'parent_of',
]);
const joints = new Map([
  ['&', 2],
  ['|', 2],
  ['!', 1],
]);
const path = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const mostTerms = 500;
const deepest = 20;
/**
 * The executor would refuse this anyway (executor/budget.py); refusing it here saves a worker. The executor knows the models,
 * counts more precisely, and allows fewer relations.
 */
const mostSteps = 100;
const longestPath = 9;

/** Parses JSON as a well-formed domain. Throws `query.domain`. `null` is Odoo's `false`: an empty value. */
export function parseDomain(text: string): Domain {
  let value: unknown;
  try {
    value = parseJson(text, 'domain', (at, problem) => malformed(`domain${at}`, problem));
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('query.domain', {
      message: 'domain is not JSON: a list like [["name", "ilike", "azure"]].',
      cause: error,
    });
  }
  return checkDomain(value, 'domain');
}

/** @param at the position of the domain, for the message */
export function checkDomain(value: unknown, at: string, depth = 0): Domain {
  if (!Array.isArray(value)) throw malformed(at, 'must be a list like [["name", "ilike", "azure"]]');
  if (value.length > mostTerms) throw malformed(at, `has more than ${mostTerms} terms`);
  if (depth > deepest) throw malformed(at, `is nested more than ${deepest} deep`);
  // How many operands are still missing for the operators so far. Terms without an operator are joined by `&`.
  let lacking = 0;
  const domain = value.map((term: unknown, i) => {
    const here = `${at}[${i}]`;
    if (lacking === 0) lacking = 1;
    if (typeof term === 'string') {
      const takes = joints.get(term);
      if (takes === undefined) throw malformed(here, `must be a condition, "&", "|" or "!", not ${quote(term)}`);
      lacking += takes - 1;
      return term;
    }
    lacking -= 1;
    return checkCondition(term, here, depth);
  });
  if (lacking > 0)
    throw malformed(
      at,
      `ends although a "&", "|" or "!" in it is missing ${lacking === 1 ? 'a condition' : `${lacking} conditions`}`,
    );
  if (depth === 0) checkPaths(domain, at);
  return domain;
}

function checkPaths(domain: Domain, at: string): void {
  const paths = [...pathsOf(domain)];
  const longest = paths.find((steps) => steps > longestPath);
  if (longest !== undefined) throw tooComplex(`${at} has a path through ${longest - 1} relations`, longestPath - 1);
  const steps = paths.reduce((sum, names) => sum + names - 1, 0);
  if (steps > mostSteps) throw tooComplex(`${at} follows ${steps} relations`, mostSteps);
}

/** The number of names in each path. */
function* pathsOf(domain: Domain): Generator<number> {
  for (const term of domain) {
    if (!Array.isArray(term)) continue;
    const [field, operator, value] = term as [unknown, unknown, unknown];
    if (typeof field === 'string') yield field.split('.').length;
    if (operator === 'any' || operator === 'not any') yield* pathsOf(value as Domain);
  }
}

function tooComplex(what: string, max: number): GatewayError {
  const message = `${what}; at most ${max} are possible. Use fewer or shorter paths.`;
  return new GatewayError('request.too_complex', { message, details: { max } });
}

function checkCondition(term: unknown, at: string, depth: number): unknown {
  if (!Array.isArray(term) || term.length !== 3) throw malformed(at, 'must be a condition: a list of field, operator and value');
  const [field, operator, value] = term as [unknown, unknown, unknown];
  // Odoo's constants for "all" and "none".
  if ((field === 1 || field === 0) && operator === '=' && value === 1) return term;
  if (typeof field !== 'string' || !path.test(field)) throw malformed(`${at}[0]`, `must be a field, not ${quote(field)}`);
  if (typeof operator !== 'string' || !operators.has(operator))
    throw malformed(`${at}[1]`, `is not an operator: ${quote(operator)}`);
  const here = `${at}[2]`;
  if (operator === 'any' || operator === 'not any') return [field, operator, checkDomain(value, here, depth + 1)];
  return [field, operator, Array.isArray(value) ? value.map((item) => checkValue(item, here)) : checkValue(value, here)];
}

function checkValue(value: unknown, at: string): unknown {
  if (value === null) return false;
  if (typeof value === 'object') throw malformed(at, 'must be a value or a list of values');
  if (typeof value === 'string' && value.includes('\0')) throw malformed(at, 'contains a null character');
  return value;
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function malformed(at: string, what: string): GatewayError {
  return new GatewayError('query.domain', { message: `${at} ${what}.`, details: { at } });
}
