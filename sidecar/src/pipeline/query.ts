// Checks the query string. An unknown parameter is reported, because ignoring it would hide a mistake.

import { GatewayError } from '../errors.ts';
import { undecodable } from './percent_encoding.ts';

export interface Takes<List extends string> {
  /** Known names whose values are lists: given several times, or as `name[]` or `name[0]`, they form one list. */
  readonly lists?: readonly List[];
  /** For parameters without fixed names: whether this name is known. */
  readonly others?: (name: string, value: string) => boolean;
}

/**
 * The parameters by name; a list that was given in several parts is joined with commas. Throws `query.encoding`, `query.unknown`
 * or `query.repeated`.
 */
export function readQuery<Name extends string>(
  url: string,
  known: readonly Name[],
  { lists = [], others = () => false }: Takes<Name> = {},
): Partial<Record<Name, string>> {
  const mark = url.indexOf('?');
  if (mark === -1) return {};
  const query: Partial<Record<Name, string>> = {};
  for (const part of url.slice(mark + 1).split('&')) {
    if (part === '') continue;
    const [given, value] = parameterOf(part);
    const list = lists.find(
      (candidate) => given.startsWith(candidate) && /^(?:\[\d{0,4}\])?$/.test(given.slice(candidate.length)),
    );
    const name = list ?? known.find((candidate) => candidate === given);
    if (name === undefined && others(given, value)) continue;
    if (name === undefined) {
      const takes = known.length > 0 ? `Known parameters: ${known.join(', ')}.` : 'It takes none.';
      throw new GatewayError('query.unknown', {
        message: `There is no query parameter "${given}" here. ${didYouMean(given, known)}${takes}`,
        details: { parameter: given, known },
      });
    }
    const before = query[name];
    if (before !== undefined && list === undefined) throw repeated(name, `${name} is given more than once.`);
    query[name] = before === undefined ? value : `${before},${value}`;
  }
  return query;
}

const longestGuessed = 32;

/** `Did you mean limit? `, or nothing if no known name is similar. In a similar name, at most a third of the letters differ. */
function didYouMean(given: string, known: readonly string[]): string {
  if (given.length > longestGuessed) return '';
  const near = known
    .map((name) => ({ name, changes: changesBetween(given.toLowerCase(), name) }))
    .filter(({ name, changes }) => changes <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.changes - b.changes)[0];
  return near === undefined ? '' : `Did you mean ${near.name}? `;
}

/** How many letters must be added, removed or replaced to turn one string into the other (Levenshtein). */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let place = 0; place < other.length; place += 1) {
      const replaced = (row[place] ?? 0) + (letter === other[place] ? 0 : 1);
      next.push(Math.min(replaced, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function repeated(parameter: string, message: string): GatewayError {
  return new GatewayError('query.repeated', { message, details: { parameter } });
}

/** A whole number in decimal digits, or undefined. */
export function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `name=value`, decoded as forms are: `+` is a space. */
function parameterOf(part: string): [name: string, value: string] {
  const equals = part.indexOf('=');
  const name = decoded(equals === -1 ? part : part.slice(0, equals), '');
  return [name, equals === -1 ? '' : decoded(part.slice(equals + 1), name)];
}

function decoded(text: string, parameter: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    const place = parameter === '' ? 'The query' : parameter;
    const details = parameter === '' ? undefined : { parameter };
    throw new GatewayError('query.encoding', { message: `${place} ${undecodable(text)}`, details, cause: error });
  }
}
