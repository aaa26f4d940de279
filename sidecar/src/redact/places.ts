// Finds secrets in parsed JSON that are not under a secret name, by their position: after a secret field in a domain, among the
// arguments of a method that takes passwords, in a column of a table, beside their name in a list. In doubt, a value is hidden.

import { isSecretMethod, isSecretName } from './names.ts';
import { isIdentifier, isOperator } from './texts.ts';

/**
 * `secret`: the whole value. Otherwise, the positions of the secret columns in the value, which is a row, a list of rows, or
 * arguments that contain such a list.
 */
export type Place = 'secret' | { readonly columns: ReadonlySet<number>; readonly of: 'row' | 'rows' | 'arguments' };

type Item = (index: number, item: unknown) => Place | undefined;

const nothing = () => undefined;
/**
 * Longer lists are records and rows. Only lists up to this length can be arguments, and are searched for headers and methods.
 */
const mostArguments = 32;
/** The most columns. More positions are never collected (redact/budget.ts). */
const mostColumns = 32_768;

/** Whether the value under this name is a domain. Then a list of three is a condition, whatever its second item is. */
export function isDomainName(name: string): boolean {
  return /domain$/i.test(name);
}

/** The secret positions in a list; undefined if positions have no meaning there. */
export function placesInList(list: readonly unknown[], inDomain = false): Item {
  const operand = operandIn(list, inDomain);
  if (operand !== undefined) return (index) => (index >= operand ? 'secret' : undefined);
  if (list.length === 3 && isOperator(list[1])) return nothing;
  if (isPair(list)) return (index) => (index === 1 ? 'secret' : undefined);
  const table = tableColumns(list);
  if (table !== undefined) return (index) => (index > 0 ? { columns: table, of: 'row' } : undefined);
  if (list.length > mostArguments) return nothing;
  const header = list.findIndex((item) => columnsOf(item) !== undefined);
  const columns = columnsOf(list[header]);
  const method = list.findIndex(isSecretMethod);
  const isRpc = isExecuteKw(list);
  const isDefault = isFieldOfModel(list);
  return (index, item) => {
    if (isRpc && index === 2) return 'secret';
    if (isDefault && index >= 2) return 'secret';
    if (method !== -1 && index > method && typeof item === 'object') return 'secret';
    if (isMalformedOrder(item)) return 'secret';
    return columns !== undefined && index !== header && hasRows(item) ? { columns, of: 'rows' } : undefined;
  };
}

const aboutMethod = new Set(['model', 'method', 'op', 'id', 'ids', 'jsonrpc', 'service', 'name']);
const nameKeys = ['name', 'field', 'key', 'field_name', 'fieldName', 'fname', 'header', 'param', 'parameter', 'column'];
const valueKeys = new Set(['value', 'values', 'val', 'content', 'default', 'new_value', 'old_value', 'text', 'data']);
const argumentKeys = new Set(['args', 'kwargs', 'params']);

/** The same for the properties of an object. Properties with secret names are recognized elsewhere. */
export function placesInObject(object: Readonly<Record<string, unknown>>): (name: string, item: unknown) => Place | undefined {
  // The object may be a list that was converted. Its numeric keys then come first, in order.
  const asList = '0' in object ? placesInList(Object.values(object)) : nothing;
  const isCall = isCallOfSecret(object);
  const given = argumentsOf(object);
  const isNamed = nameKeys.some((key) => isNameOfSecret(object[key]));
  const isNamedByPosition = Array.isArray(object['args']) && object['args'].slice(0, mostArguments).some(isNameOfSecret);
  const columns = [...Object.values(object), ...given].map(columnsOf).find((found) => found !== undefined);
  return (name, item) => {
    if (isCall && !aboutMethod.has(name)) return 'secret';
    if (/^\d{1,3}$/.test(name)) return asList(Number(name), item);
    if (isNamed && valueKeys.has(name)) return 'secret';
    if (isNamedByPosition && name === 'kwargs') return 'secret';
    if (isOrderName(name) && isMalformedOrder(item)) return 'secret';
    if (columns === undefined) return undefined;
    if (argumentKeys.has(name)) return { columns, of: 'arguments' };
    return hasRows(item) ? { columns, of: 'rows' } : undefined;
  };
}

/** Reading methods neither take nor return secrets by position, even on models about secrets. */
const readMethods = /^(?:web_)?(?:search|read|search_read|search_count|read_group|name_search|fields_get|unlink|exists)$/;

/** Whether a method takes or returns secrets by position, judging by its own name or its model's. */
export function isSecretCall(model: unknown, method: unknown): boolean {
  const names = typeof method === 'object' && method !== null ? Object.values(method) : [method];
  if (names.some(isSecretMethod)) return true;
  return typeof method === 'string' && typeof model === 'string' && isNameOfSecret(model) && !readMethods.test(method);
}

/** The same for an object that is a call: `{"model": "res.users", "method": "change_password", "args": […]}`. */
export function isCallOfSecret(object: Readonly<Record<string, unknown>>): boolean {
  if ('method' in object && isSecretCall(object['model'], object['method'])) return true;
  return ('args' in object || 'kwargs' in object) && isSecretMethod(object['name']);
}

/** Arguments by position and by name are treated as one list: `load` may have its columns in one and its rows in the other. */
function argumentsOf({ args, kwargs, params }: Readonly<Record<string, unknown>>): unknown[] {
  return [args, kwargs, params].flatMap((given) => {
    if (Array.isArray(given)) return given.slice(0, mostArguments);
    return typeof given === 'object' && given !== null ? Object.values(given).slice(0, mostArguments) : [];
  });
}

/** The indexes of secret names in a list of names, such as the first argument of `load`; undefined if there are none. */
export function columnsOf(item: unknown): ReadonlySet<number> | undefined {
  if (!Array.isArray(item) || item.length === 0 || item.length > mostColumns) return undefined;
  if (operandIn(item, false) !== undefined || isPair(item)) return undefined;
  const columns = new Set<number>();
  for (const [index, name] of item.entries()) {
    if (typeof name !== 'string') return undefined;
    if (isNameOfSecret(name)) columns.add(index);
  }
  return columns.size === 0 ? undefined : columns;
}

/**
 * The index at which the values of a condition on a secret field begin. With an unknown operator, the list is not a condition.
 */
function operandIn(list: readonly unknown[], inDomain: boolean): number | undefined {
  if (list.length < 2 || list.length > 5 || !isNameOfSecret(list[0])) return undefined;
  if (inDomain) return list.length === 2 ? 1 : 2;
  if (list.length === 2) return undefined;
  const [, by, value] = list;
  if (typeof by !== 'string') return 1;
  return isOperator(by.trim()) || (list.length === 3 && !isIdentifier(value)) ? 2 : undefined;
}

/** Whether a list is a name with its value, as in a list of headers. Two names do not count. */
function isPair(list: readonly unknown[]): boolean {
  return list.length === 2 && isNameOfSecret(list[0]) && typeof list[1] === 'string' && !isIdentifier(list[1]);
}

/** `["res.users", "password", value]`, the arguments of `ir.default.set`. */
function isFieldOfModel([model, field]: readonly unknown[]): boolean {
  return typeof model === 'string' && /^[a-z]\w*(?:\.\w+)+$/.test(model) && !isSecretName(model) && isNameOfSecret(field);
}

/** The secret columns of a table: rows that follow a row of names. */
function tableColumns(list: readonly unknown[]): ReadonlySet<number> | undefined {
  const [first, ...rows] = list.slice(0, mostArguments);
  if (!Array.isArray(first)) return undefined;
  const isTable = rows.some((row) => Array.isArray(row) && row.length === first.length && !hasRows(row));
  return isTable ? columnsOf(first) : undefined;
}

/** `[database, user's id, password, model, method, …]`, the arguments of Odoo's RPC. */
function isExecuteKw([database, uid, password, model, method]: readonly unknown[]): boolean {
  const names = [database, password, model, method].every((item) => typeof item === 'string');
  return names && typeof uid === 'number' && isIdentifier(model);
}

export function hasRows(item: unknown): item is readonly unknown[] {
  return Array.isArray(item) && item.some((row) => Array.isArray(row));
}

function isOrderName(name: string): boolean {
  return /^(?:order|sort)(?:_?by)?$/i.test(name);
}

const orderWords = /^(?:asc|desc|nulls|first|last)$/i;

/** `password x`: a string that follows a secret field's name in an order and is not a keyword of orders. */
export function secretWordsOfOrder(text: unknown): string[] {
  if (typeof text !== 'string' || text.length > 1_000) return [];
  const parts = text.split(',').map((part) => part.trim().split(/\s+/));
  if (!parts.every(([field = '', ...words]) => /^[a-z_][\w./:]*$/.test(field) && words.length <= 3)) return [];
  if (!parts.some(([field = '']) => isSecretName(field))) return [];
  return parts.flatMap(([, ...words]) => words.filter((word) => !orderWords.test(word)));
}

function isMalformedOrder(text: unknown): boolean {
  return secretWordsOfOrder(text).length > 0;
}

function isNameOfSecret(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 200 && /^[\w.\-/[\]: ]+$/.test(name) && isSecretName(name);
}
