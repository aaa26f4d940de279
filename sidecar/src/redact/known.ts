// Finds known secrets, in plain form and in likely encodings.

import { LRUCache } from 'lru-cache';

/** Shorter strings occur in too many places where they are not secrets. */
export const shortestSecret = 4;

/**
 * Compiling a pattern of whole keys and tokens is slow, so the pattern contains only this many characters of each. It finds
 * possible matches.
 */
const longestHead = 32;

const formsOf = new LRUCache<string, readonly string[]>({ maxSize: 16 * 1024 * 1024, sizeCalculation: sizeOf });
/** Cached patterns for single secrets. Most of these are credentials, which a consumer sends with each request. */
const coverOf = new LRUCache<string, Cover>({ max: 1_000 });

/** A string with `stars` in place of every encoding of every secret. */
export type Cover = (text: string, stars: string) => string;

export function coverFor(secrets: ReadonlySet<string>): Cover {
  const [only = ''] = secrets;
  const cached = secrets.size === 1 ? coverOf.get(only) : undefined;
  if (cached !== undefined) return cached;
  const cover = coverOfForms(longestFirst([...secrets].flatMap(formsOfOne)));
  if (secrets.size === 1) coverOf.set(only, cover);
  return cover;
}

function coverOfForms(forms: readonly string[]): Cover {
  const heads = longestFirst(forms.map((form) => form.slice(0, longestHead)));
  const pattern = new RegExp(heads.map(escaped).join('|'), 'g');
  return (text, stars) => {
    let clean = '';
    let from = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const { index } = match;
      const form = forms.find((one) => text.startsWith(one, index) || isCutOff(text, index, one));
      pattern.lastIndex = index + (form?.length ?? 1);
      if (form === undefined) continue;
      clean += text.slice(from, index) + stars;
      from = index + form.length;
    }
    return from === 0 ? text : clean + text.slice(from);
  };
}

/** Whether the text ends within a long secret. */
function isCutOff(text: string, index: number, form: string): boolean {
  return form.length > text.length - index && text.length - index >= longestHead && form.startsWith(text.slice(index));
}

function formsOfOne(secret: string): readonly string[] {
  let forms = formsOf.get(secret);
  if (forms === undefined) {
    forms = [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll("'", "\\'"), inMarkup(secret), ...encodings(secret)];
    formsOf.set(secret, forms);
  }
  return forms;
}

function longestFirst(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length);
}

function sizeOf(forms: readonly string[]): number {
  return forms.reduce((sum, { length }) => sum + length, 1);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function encodings(secret: string): string[] {
  const found: string[] = [];
  const percent = percentEncoded(secret);
  found.push(
    percent,
    percent.toLowerCase(),
    percent.replaceAll('%20', '+'),
    new URLSearchParams({ s: secret }).toString().slice(2),
  );
  if (secret.length < 6) return found;
  const bytes = Buffer.from(secret, 'utf8');
  found.push(bytes.toString('hex'));
  // Inside other text, a secret may begin at any of the three bytes of a base64 group. Characters that depend on the bytes before
  // and after are cut off.
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const firstOwn = Math.ceil((offset * 8) / 6);
    const lastOwn = Math.floor((shifted.length * 8) / 6);
    const base64 = shifted.toString('base64').slice(firstOwn, lastOwn);
    found.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(base64));
  }
  return found;
}

/** A secret as it is written in HTML and XML. */
function inMarkup(secret: string): string {
  return secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function percentEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // half a character
  }
}
