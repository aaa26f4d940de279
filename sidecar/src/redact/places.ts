// Where in parsed JSON a secret stands by its position, under no name of its own: behind a secret field in a domain, among
// the arguments of a method that takes passwords, in the column of a table, beside the name that says what it is.

import { isSecretMethod, isSecretName } from './names.ts';
import { isIdentifier, isOperator } from './texts.ts';

/** `secret`: all that stands there. Else the secret columns of what stands there, a row or a list of rows. */
export type Place = 'secret' | { readonly columns: ReadonlySet<number>; readonly isRow: boolean };

type Item = (index: number, item: unknown) => Place | undefined;

const nothing = () => undefined;
/** Longer lists are records and rows; those among which a header or a method is looked for are arguments. */
const mostArguments = 32;

/** Whether under this name stands a domain: then three in a list are a condition, whatever the second one is. */
export function isDomainName(name: string): boolean {
  return /domain$/i.test(name);
}

/** What stands in the places of a list; undefined: nothing by position. */
export function placesInList(list: readonly unknown[], inDomain = false): Item {
  if (isTerm(list) || (inDomain && list.length === 3 && isNameOfSecret(list[0])))
    return (index) => (index === 2 ? 'secret' : undefined);
  if (list.length === 3 && isOperator(list[1])) return nothing;
  if (isPair(list)) return (index) => (index === 1 ? 'secret' : undefined);
  const table = tableColumns(list);
  if (table !== undefined) return (index) => (index > 0 ? { columns: table, isRow: true } : undefined);
  if (list.length > mostArguments) return nothing;
  const header = list.findIndex((item) => columnsOf(item) !== undefined);
  const columns = columnsOf(list[header]);
  const method = list.findIndex(isSecretMethod);
  const isRpc = isExecuteKw(list);
  if (columns === undefined && method === -1 && !isRpc) return nothing;
  return (index, item) => {
    if (isRpc && index === 2) return 'secret';
    if (method !== -1 && index > method && typeof item === 'object') return 'secret';
    return columns !== undefined && index !== header && isRows(item) ? { columns, isRow: false } : undefined;
  };
}

const aboutMethod = new Set(['model', 'method', 'op', 'id', 'ids', 'jsonrpc', 'service', 'name']);
const nameKeys = ['name', 'field', 'key', 'field_name', 'fieldName', 'fname', 'header', 'param', 'parameter', 'column'];
const valueKeys = new Set(['value', 'values', 'val', 'content', 'default', 'new_value', 'old_value', 'text', 'data']);

/** The same for the properties of an object; secret names themselves aside. */
export function placesInObject(object: Readonly<Record<string, unknown>>): (name: string, item: unknown) => Place | undefined {
  const isCall = isSecretMethod(object['method']);
  const isNamed = nameKeys.some((key) => isNameOfSecret(object[key]));
  const columns = Object.values(object)
    .map(columnsOf)
    .find((found) => found !== undefined);
  if (!isCall && !isNamed && columns === undefined) return nothing;
  return (name, item) => {
    if (isCall && !aboutMethod.has(name)) return 'secret';
    if (isNamed && valueKeys.has(name)) return 'secret';
    return columns !== undefined && isRows(item) ? { columns, isRow: false } : undefined;
  };
}

/** The places of secret names in a list of names, as the first argument of `load`; undefined when there are none. */
export function columnsOf(item: unknown): ReadonlySet<number> | undefined {
  if (!Array.isArray(item) || item.length === 0 || item.length > 1_000 || isTerm(item) || isPair(item)) return undefined;
  const columns = new Set<number>();
  for (const [index, name] of item.entries()) {
    if (typeof name !== 'string') return undefined;
    if (isNameOfSecret(name)) columns.add(index);
  }
  return columns.size === 0 ? undefined : columns;
}

/** A condition on a secret field. With an operator that Odoo does not know, only what can be no name is a value. */
function isTerm(list: readonly unknown[]): boolean {
  if (list.length !== 3 || !isNameOfSecret(list[0]) || typeof list[1] !== 'string') return false;
  return isOperator(list[1].trim()) || !isIdentifier(list[2]);
}

/** A name with its value, as headers are listed. Two names are none. */
function isPair(list: readonly unknown[]): boolean {
  return list.length === 2 && isNameOfSecret(list[0]) && typeof list[1] === 'string' && !isIdentifier(list[1]);
}

/** Rows below a row of names. */
function tableColumns(list: readonly unknown[]): ReadonlySet<number> | undefined {
  const [first, second] = list;
  if (!Array.isArray(first) || !Array.isArray(second) || first.length !== second.length || isRows(second)) return undefined;
  return columnsOf(first);
}

/** `[database, user's id, password, model, method, …]`, the arguments of Odoo's RPC. */
function isExecuteKw([database, uid, password, model, method]: readonly unknown[]): boolean {
  const names = [database, password, model, method].every((item) => typeof item === 'string');
  return names && typeof uid === 'number' && isIdentifier(model);
}

function isRows(item: unknown): item is readonly unknown[][] {
  return Array.isArray(item) && item.length > 0 && item.every((row) => Array.isArray(row));
}

function isNameOfSecret(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 200 && /^[\w.\-/[\]: ]+$/.test(name) && isSecretName(name);
}
