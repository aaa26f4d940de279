// A request with other values in the same places, which the same compiled statement answers.

import { createHash } from 'node:crypto';
import type { Case } from './oracle.ts';

const words = ['alpha', 'Beta', 'ÉCLAIR', '100%', 'a_b', "o'neil", '"quoted"', '日本', 'e', 'a'];
const dayMs = 86_400_000;
const moment = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2})?/;

/** Everything follows from the seed and the number. */
export function variantsOf({ path, body, number }: Case, seed: number, count: number): Pick<Case, 'path' | 'body'>[] {
  return Array.from({ length: count }, (_, i) => {
    const below = dice(`${seed}/${number}/${i}`);
    return body === null ? { path: varyPath(path, below), body } : { path, body: varyCall(body as Call, below) };
  });
}

interface Call {
  args: unknown[];
  kwargs: Record<string, unknown>;
}

/** Whole numbers from 0 up to, but not including, a bound. */
type Below = (bound: number) => number;

function dice(seed: string): Below {
  let state = createHash('sha256').update(seed).digest();
  return (bound) => {
    state = createHash('sha256').update(state).digest();
    return state.readUInt32BE() % bound;
  };
}

function varyPath(path: string, below: Below): string {
  const url = new URL(path, 'http://localhost');
  for (const [name, value] of [...url.searchParams]) {
    if (name === 'domain') url.searchParams.set(name, JSON.stringify(varyTerms(JSON.parse(value) as unknown[], below)));
    else if (name.startsWith('filter[')) url.searchParams.set(name, varyText(value, below));
    else if (name === 'offset' || name === 'limit') url.searchParams.set(name, String(varyBound(name, Number(value), below)));
  }
  const id = /^(.*\/)\d+$/.exec(url.pathname);
  // Encoded as the generator does it, so other sidecars see the same text.
  return `${id === null ? url.pathname : `${id[1]}${1 + below(60)}`}${url.search.replaceAll('+', '%20')}`;
}

function varyCall({ args, kwargs, ...rest }: Call, below: Below): object {
  const varied = Object.entries(kwargs).map(([name, value]) => {
    if (name === 'domain') return [name, varyTerms(value as unknown[], below)];
    if (name === 'offset' || name === 'limit') return [name, varyBound(name, value as number, below)];
    return [name, value];
  });
  return { ...rest, args: args.map((ids) => vary(ids, below)), kwargs: Object.fromEntries(varied) as Call['kwargs'] };
}

/** An offset of 0 has a statement of its own. */
function varyBound(name: string, value: number, below: Below): number {
  if (value === 0) return 0;
  return name === 'offset' ? 1 + below(12) : 2 + below(7);
}

function varyTerms(domain: unknown[], below: Below): unknown[] {
  return domain.map((term) => {
    if (!Array.isArray(term)) return term;
    const [path, operator, value] = term as [string, string, unknown];
    const isInner = operator === 'any' || operator === 'not any';
    return [path, operator, isInner ? varyTerms(value as unknown[], below) : vary(value, below)];
  });
}

function vary(value: unknown, below: Below): unknown {
  if (Array.isArray(value)) {
    const varied = value.map((item) => vary(item, below));
    return [...new Set(varied)];
  }
  if (typeof value === 'string') return value === '' ? value : varyText(value, below);
  if (typeof value !== 'number' || value === 0) return value;
  const other = 1 + below(50);
  return Math.sign(value) * (Number.isInteger(value) ? other : other + 0.25);
}

function varyText(text: string, below: Below): string {
  if (/^-?[1-9]\d*$/.test(text)) return String(vary(Number(text), below));
  const [time] = moment.exec(text) ?? [];
  if (time === undefined) return /^(?:true|false|null|)$/.test(text) ? text : (words[below(words.length)] ?? text);
  const day = new Date(Date.parse(text.slice(0, 10)) + (below(800) - 400) * dayMs);
  return day.toISOString().slice(0, 10) + text.slice(10);
}
