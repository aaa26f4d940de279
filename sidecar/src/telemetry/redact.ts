// Takes secrets out of what is about to be stored or logged. Three nets, each for what slips through the others:
// names (`password`, `Authorization`, `client_secret` …) at any depth, forms that only credentials have (gateway keys,
// Odoo keys, JWTs, `Bearer …`), and the very secrets this request carried, wherever and however encoded they turn up
// again: in a traceback, an echoed value, a base64 or URL-encoded copy.

import { LRUCache } from 'lru-cache';

export const stars = '**********';

const harmlessNames = new Set(['idempotencykey', 'tokentype', 'keyid', 'publickey', 'foreignkey', 'primarykey', 'passengers']);
const secretName =
  /passw|passphrase|passcode|pwd|secret|token|authorization|cookie|credential|apikey|privatekey|accesskey|signature|assertion|otp$|^key$|^pass$|^auth$/;

const judgedNames = new LRUCache<string, boolean>({ max: 5_000 });

/** Whether values under this name (of a header, a parameter, a property) are never stored. */
export function isSecretName(name: string): boolean {
  let isSecret = judgedNames.get(name);
  if (isSecret === undefined) {
    const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
    isSecret = secretName.test(plain) && !harmlessNames.has(plain);
    if (name.length <= 100) judgedNames.set(name, isSecret);
  }
  return isSecret;
}

// Gateway keys, client secrets' owners aside; Odoo's own keys are 40 hexadecimal digits and nothing else; JWTs.
const credentialForms =
  /\bgwk_[A-Za-z0-9_-]{8,}|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,4}|\bwhsec_[A-Za-z0-9+/=_-]{8,}/g;
// Not "basic information": a credential has a digit or base64's padding in it.
const schemes = /\b(bearer|basic)(\s+|%20|\+)(?=[^\s"']{0,100}[0-9=])[A-Za-z0-9._~+/=%-]{6,}/gi;
const urlPassword = /(:\/\/[^\s:/@]*:)[^\s@/]+@/g;
// In free text: `password=…`, `"api_key": "…"`, `'token': '…'`.
// Repetitions are bounded, here and above: a hostile text must not make the search take the square of its length.
const namedInText =
  /((?:passw\w{0,20}|passphrase|pwd|secret\w{0,20}|token\w{0,20}|api[_-]?key|authorization|private[_-]?key)\\*["']?\s{0,4}(?:=>?|:|%3D|%3A)\s{0,4}\\*["']?)(?!\*{10})([^\s"'&,;}\])\\]+)/gi;

/** None of the above is found where this finds nothing. */
const suspicious = /gwk_|eyJ|whsec_|[0-9a-f]{40}|bearer|basic|:\/\/|pass|pwd|secret|token|key|authoriz/i;
const form = /^[\w.%+[\]-]+=[^&\s]*(?:&[\w.%+[\]-]+=[^&\s]*)*$/;

const shortestSecret = 4;
const deepest = 64;
// More than any honest request carries. Behind these bounds nothing is told apart any more, so nothing is stored.
const mostSecrets = 50;
const longestSecret = 8_192;
const mostNodes = 200_000;
const longestNested = 1024 * 1024;
/** Longer than any credential. */
const overlap = 4_096;
const patterns = new LRUCache<string, RegExp>({ maxSize: 16 * 1024 * 1024, sizeCalculation: ({ source }) => source.length });

/** The secrets of one request and what replaces them. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #known: RegExp | undefined;
  #nodes = 0;
  /** Learned nothing, because there was too much of it. */
  #isLost = false;
  /** Characters of a body that are still looked at. */
  #budget = Number.POSITIVE_INFINITY;

  /** A value that must not be found in anything that is stored of this request. */
  add(secret: string): void {
    if (secret.length < shortestSecret || secret === stars || this.#secrets.has(secret)) return;
    if (this.#secrets.size >= mostSecrets || secret.length > longestSecret) this.#isLost = true;
    if (this.#isLost) return;
    this.#secrets.add(secret);
    this.#known = undefined;
  }

  text(text: string): string {
    if (this.#isLost) return stars;
    const clean = this.#secrets.size === 0 ? text : text.replace(this.#pattern(), stars);
    const named = suspicious.test(clean)
      ? clean
          .replace(schemes, `$1$2${stars}`)
          .replace(credentialForms, stars)
          .replace(urlPassword, `$1${stars}@`)
          .replace(namedInText, `$1${stars}`)
      : clean;
    return named.replaceAll('\0', '\uFFFD').toWellFormed(); // Postgres stores neither this nor half characters
  }

  /** The end of a long text, where a traceback says what happened. */
  tail(text: string, longest: number): string {
    // Cleaned with more than is kept: a secret that the cut goes through would not be recognised.
    const clean = this.text(text.slice(-longest - overlap));
    return clean.length > longest ? `…${clean.slice(-longest)}` : clean;
  }

  headers(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
    const clean: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) clean[this.text(name)] = this.header(name, typeof value === 'string' ? value : value.join(', '));
    }
    return clean;
  }

  /** A body as text, cut at `longest` characters. Parsed JSON, a form, or any other text. */
  body(body: unknown, longest: number): string {
    this.#budget = 2 * longest;
    const clean = this.value(body);
    this.#budget = Number.POSITIVE_INFINITY;
    const text = typeof clean === 'string' ? clean : (JSON.stringify(clean) ?? '');
    return text.length > longest ? `${text.slice(0, longest)}…` : text;
  }

  /** The value of a header, for the record. */
  header(name: string, value: string): string {
    if (!isSecretName(name)) return this.text(value);
    const scheme = /^\s*(bearer|basic)\s/i.exec(value)?.[1];
    return scheme === undefined ? stars : `${scheme} ${stars}`;
  }

  /** `?a=1&password=x` or `a=1&password=x`; also what a percent-encoded value hides. */
  query(query: string): string {
    return query
      .split('&')
      .map((pair) => {
        const [name = '', ...rest] = pair.split('=');
        if (rest.length === 0) return this.text(pair);
        const value = rest.join('=');
        if (isSecretName(decoded(name))) return `${this.text(name)}=${stars}`;
        const readable = decoded(value);
        return this.string(readable) === readable ? `${this.text(name)}=${this.text(value)}` : `${this.text(name)}=${stars}`;
      })
      .join('&');
  }

  path(path: string): string {
    const mark = path.indexOf('?');
    if (mark === -1) {
      const readable = decoded(path);
      return this.text(readable) === readable ? path : this.text(readable);
    }
    return `${this.path(path.slice(0, mark))}?${this.query(path.slice(mark + 1))}`;
  }

  /** A string inside a body, which may be JSON or a form of its own. */
  string(value: string): string {
    if (form.test(value)) return this.query(value);
    if (/^\s*[[{"]/.test(value)) {
      try {
        return JSON.stringify(this.value(JSON.parse(value)));
      } catch {
        // Not JSON after all.
      }
    }
    return this.text(value);
  }

  /** A copy of parsed JSON. */
  value(value: unknown, depth = 0): unknown {
    if (this.#budget <= 0 || depth >= deepest) return '…';
    if (typeof value === 'string') {
      const length = Math.min(value.length, this.#budget + overlap);
      this.#budget -= length;
      return this.string(value.slice(0, length));
    }
    this.#budget -= 8;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) if (items.push(this.value(item, depth + 1)) && this.#budget <= 0) break;
      return items;
    }
    const copy: [string, unknown][] = [];
    for (const [name, item] of Object.entries(value)) {
      if (this.#budget <= 0) break;
      this.#budget -= name.length;
      copy.push([this.text(name), isSecretName(name) && !isEmpty(item) ? stars : this.value(item, depth + 1)]);
    }
    return Object.fromEntries(copy);
  }

  /** Learns the secrets that stand under secret names in a body, so that they are known wherever else they stand. */
  learn(value: unknown, depth = 0): void {
    this.#nodes += 1;
    if (this.#nodes > mostNodes || (typeof value === 'string' && value.length > longestNested)) this.#isLost = true;
    if (this.#isLost) return;
    if (typeof value === 'string' && form.test(value)) this.learnQuery(value);
    if (typeof value === 'string' && /^\s*[[{"]/.test(value) && depth < deepest) {
      try {
        this.learn(JSON.parse(value), depth + 1);
      } catch {
        // Not JSON: nothing to learn.
      }
    }
    if (typeof value !== 'object' || value === null || depth >= deepest) return;
    for (const [name, item] of Object.entries(value)) {
      if (!Array.isArray(value) && isSecretName(name)) this.#learnAll(item, depth + 1);
      else this.learn(item, depth + 1);
    }
  }

  learnHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || !isSecretName(name)) continue;
      for (const one of typeof value === 'string' ? [value] : value) this.#learnHeader(one);
    }
  }

  learnQuery(query: string): void {
    for (const [name, value] of new URLSearchParams(query)) if (isSecretName(name)) this.add(value);
  }

  #learnHeader(value: string): void {
    const [, scheme, credential] = /^\s*(?:(bearer|basic)\s+)?(.*?)\s*$/i.exec(value) ?? [];
    if (!credential) return;
    this.add(credential);
    if (scheme?.toLowerCase() !== 'basic') return;
    const pair = Buffer.from(credential, 'base64').toString('utf8');
    const password = pair.slice(pair.indexOf(':') + 1);
    this.add(password);
    // RFC 6749 §2.3.1 has clients encode the two halves before they are joined.
    this.add(decoded(password));
  }

  #learnAll(item: unknown, depth: number): void {
    if (typeof item === 'string') this.add(item);
    else if (typeof item === 'number') this.add(String(item));
    else if (typeof item === 'object' && item !== null && depth < deepest) {
      for (const inner of Object.values(item)) this.#learnAll(inner, depth + 1);
    }
  }

  #pattern(): RegExp {
    if (this.#known === undefined) {
      const [first, ...others] = [...this.#secrets].sort((a, b) => b.length - a.length).map(patternOf);
      this.#known =
        first !== undefined && others.length === 0
          ? first
          : new RegExp([first, ...others].map((pattern) => pattern?.source).join('|'), 'g');
    }
    return this.#known;
  }
}

/** Finds a secret as it is and in the encodings that it is likely to travel in. */
function patternOf(secret: string): RegExp {
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
  const percent = safely(() => encodeURIComponent(secret)) ?? secret;
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

function decoded(text: string): string {
  return safely(() => decodeURIComponent(text.replaceAll('+', ' '))) ?? text;
}

function safely(compute: () => string): string | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || typeof value === 'boolean';
}
