// Finds secrets that are known, as they are and in the encodings that they are likely to travel in.

import { LRUCache } from 'lru-cache';

/** What is shorter is found in too many places where it is none. */
export const shortestSecret = 4;

const patterns = new LRUCache<string, RegExp>({ maxSize: 16 * 1024 * 1024, sizeCalculation: ({ source }) => source.length });

/** Matches every form of every one of these. */
export function patternOf(secrets: Iterable<string>): RegExp {
  const [first, ...others] = [...secrets].sort((a, b) => b.length - a.length).map(patternOfOne);
  return first !== undefined && others.length === 0
    ? first
    : new RegExp([first, ...others].map((pattern) => pattern?.source).join('|'), 'g');
}

function patternOfOne(secret: string): RegExp {
  let pattern = patterns.get(secret);
  if (pattern === undefined) {
    const forms = new Set([secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll("'", "\\'"), ...encodings(secret)]);
    const longestFirst = [...forms].filter((form) => form.length >= shortestSecret).sort((a, b) => b.length - a.length);
    pattern = new RegExp(longestFirst.map(escaped).join('|'), 'g');
    patterns.set(secret, pattern);
  }
  return pattern;
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
  // Inside other text a secret begins at any of three places of base64's groups of three bytes. What depends on the
  // bytes before and after is cut off.
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const firstOwn = Math.ceil((offset * 8) / 6);
    const lastOwn = Math.floor((shifted.length * 8) / 6);
    const base64 = shifted.toString('base64').slice(firstOwn, lastOwn);
    found.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(base64));
  }
  return found;
}

function percentEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    return secret; // half a character
  }
}
