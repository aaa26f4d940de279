// Removes recognizable secrets from free text: formats that only credentials have, and values after a secret's name, in the many
// ways in which programs and people write them. Every repetition in a pattern is limited, or consumes its text, so that a hostile
// text cannot make the search take quadratic time. A budget limits the rest.

import { Budget, costOfName } from './budget.ts';
import { hidesValue, isSecretName, stars, tooLarge } from './names.ts';

/** A quick test: without a match, none of the patterns below matches. */
const suspicious =
  /gw[ck]_|eyJ|whsec_|[0-9a-f]{40}|bearer|basic|:\/\/|pass|pwd|secret|token|key|auth|cookie|credential|signature|assertion|jwt|otp|pin|sig|cv[cv]|code|session|sid|failing|%[0-9a-f]{2}/i;

// Gateway keys, Odoo's own keys (40 hexadecimal digits and nothing else), and webhooks' secrets.
const forms = /gw[ck]_[A-Za-z0-9_-]{8,}|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])|whsec_[A-Za-z0-9+/=_-]{8,}/g;
/** JWTs, if the match contains a dot. */
const jwt = /(?:(?<![0-9A-Za-z])|(?<=%3D|%20|%22))eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]+){0,4}/g;
const schemes = /(?<![A-Za-z])(bearer|basic)(\s{1,4}|%20|\+)([A-Za-z0-9._~+/=%-]{6,})/gi;
const urlPassword = /(:\/\/[^\s:/@]{0,256}:)[^\s/]{1,1024}@/g;
const urlUser = /(:\/\/)[^\s:/@]{16,1024}@/g;
/** Postgres: `Key (login, token)=(a, b) already exists`, `Failing row contains (1, a, b)`. */
const keyDetail =
  /(Key \()([^\n=]{1,300}?)(\)=\()(?:[^\n]{0,2000}?(\)(?: already exists| is not present| is still referenced| conflicts)|\)?\.?(?:\n|$))|[^\n]{2000})/g;
const failingRow = /(Failing row contains \()(?!\*{10}\))(?:[\s\S]{1,2000}?(\)\.?\s{0,4}(?:\n|$))|[\s\S]{1,2000})/g;

const word = /[A-Za-z_][\w.-]{0,199}/g;
const separator = /(?:\\{0,4}["'`])?(?:\]|\)|%5D){0,4}(?:\\{0,4}["'])?\s{0,4}(?:={1,3}>?|:=?|%3D|%3A)\s{0,4}/iy;
const operator = /(?:[<>=!?]{1,3}|(?:not )?(?:in|any!?|=?i?like)|child_of|parent_of)/;
const onlyOperator = new RegExp(`^${operator.source}$`, 'i');
/** `'token', '=', 'x'`: a term of a domain, as JSON or as Python writes it. */
const term = new RegExp(String.raw`\\{0,4}["']\s{0,4},\s{0,4}(\\{0,4}["']${operator.source}\\{0,4}["']\s{0,4},\s{0,4})?`, 'iy');
/** `The field password of res.users cannot be set to 'x'`, on one line. */
const prose = /[ \t](?:(?:[^'"«“`\n]|(?<=\w)'(?=\w)){0,120}?[\s(:=,[])?(?=["'«“`])/y;
const openingQuote = /\\{0,4}["'`«“]/y;
const scheme = /(?:bearer|basic|token|digest|negotiate|apikey)\s+/iy;
/** `<password>`, `<ns:password type="x">`, followed by the element's content. */
const element = /(?<=<(?:\w{1,20}:)?[\w.-]{1,200})(?:\s[^<>]{0,200})?>\s{0,4}(?:<!\[CDATA\[)?/y;
const inElement = /[^<]{1,8192}(?=<\/)/y;
const restOfLine = /[^"'\r\n]+/y;
const unquoted = /[^\s"'&,;}\])\\<>|]+/y;
/** The format of Odoo's names: `user_ids/.id`, `image_1920`. A string with scattered digits is more likely to be a token. */
const identifier = /^\.?[a-z_][a-z_./:]*\d{0,4}[a-z_./:]*$/;
/** In prose, these words are too common: `duplicate key value violates unique constraint "x"`. */
const commonWord = /^(?:key|auth|pass|pin|sig)$/i;
const kept = /^(?:true|false|null|none|undefined|\*{10})$/i;
const longest = 8_192;
const longestInProse = 1_024;
/** At most this many secret names in a string are checked for a value behind them. */
const mostNames = 2_000;

/** Whether a value is an operator of Odoo's domains. */
export function isOperator(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 10 && onlyOperator.test(value);
}

/** Whether a string may be the name of a field. Then it is not a value in a list of names. */
export function isIdentifier(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 100 && identifier.test(value);
}

/** The text with every recognizable secret replaced by stars, even in escaped HTML or XML, or percent-encoded. */
export function withoutCredentials(text: string): string {
  if (!suspicious.test(text)) return text;
  let clean = cleaned(text);
  for (const [mark, read] of encodings) {
    if (!clean.includes(mark)) continue;
    const readable = read(clean);
    const again = cleaned(readable);
    if (again !== readable) clean = again;
  }
  return clean;
}

/** The values that follow secret names in a string; if the budget is used up, not all of them. */
export function namedSecrets(text: string, budget: Budget): string[] {
  return suspicious.test(text) ? spansOf(text, budget).map(({ start, end }) => text.slice(start, end)) : [];
}

/** Undoes percent-encoding, even if it was applied repeatedly. Everything else stays unchanged. */
export function decoded(text: string): string {
  let readable = text.replaceAll('+', ' ');
  for (let i = 0; i < 3 && readable.includes('%'); i += 1) {
    const before = readable;
    readable = readable.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'));
    if (readable === before) break;
  }
  return readable;
}

const encodings: readonly (readonly [mark: string, read: (text: string) => string])[] = [
  ['&lt;', withoutReferences],
  ['%', decoded],
];

/** Decodes the forms in which `<`, `>` and `&` are written in HTML fields and in XML. */
function withoutReferences(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function cleaned(text: string): string {
  const clean = text
    .replace(schemes, (all, name: string, space: string, value: string) => (looksRandom(value) ? `${name}${space}${stars}` : all))
    .replace(jwt, (all) => (all.includes('.') ? stars : all))
    .replace(forms, stars)
    .replace(urlPassword, `$1${stars}@`)
    .replace(urlUser, `$1${stars}@`)
    .replace(failingRow, `$1${stars}$2`)
    .replace(keyDetail, (all, before: string, columns: string, between: string, after = '') =>
      columns.split(/\W+/).some(isSecretName) ? `${before}${columns}${between}${stars}${after}` : all,
    );
  let out = '';
  let from = 0;
  const budget = new Budget(mostNames * costOfName);
  for (const { start, end, isBare } of spansOf(clean, budget)) {
    out += `${clean.slice(from, start)}${isBare ? `"${stars}"` : stars}`;
    from = end;
  }
  return out + (budget.isSpent ? `… ${tooLarge}` : clean.slice(from));
}

/** "Bearer abcdef1" is a credential, "Basic information" is not. */
function looksRandom(value: string): boolean {
  return value.length >= 20 || /[0-9=]/.test(value) || /[a-z][A-Z]/.test(value);
}

interface Span {
  readonly start: number;
  readonly end: number;
  /** Whether the value is a number or a structure in JSON. Its replacement must then be a quoted string. */
  readonly isBare: boolean;
}

/** The positions of the values after secret names. Stops early if the budget is used up. */
function spansOf(text: string, budget: Budget): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const match of text.matchAll(word)) {
    if (match.index < from) continue;
    const [name] = match;
    if (!hidesValue(name, '0123456789abcdef')) continue;
    const span = spanBehind(text, match.index + name.length, name);
    if (!budget.spend(costOfName + (span === undefined ? 0 : span.end - span.start))) break;
    if (span === undefined || span.start >= span.end) continue;
    const value = text.slice(span.start, span.end);
    if (kept.test(value) || !hidesValue(name, value)) continue;
    spans.push(span);
    from = span.end;
  }
  return spans;
}

function spanBehind(text: string, at: number, name: string): Span | undefined {
  const tag = matchAt(element, text, at);
  if (tag !== undefined) {
    const start = at + tag.length;
    return { start, end: start + (matchAt(inElement, text, start)?.length ?? 0), isBare: false };
  }
  const behind = matchAt(separator, text, at);
  if (behind !== undefined) return valueAt(text, at + behind.length, name, /":\s*$/.test(behind));
  const [list, withOperator] = groupsAt(term, text, at);
  if (list !== undefined) {
    const span = valueAt(text, at + list.length, name, false, withOperator !== undefined);
    const isName = span !== undefined && isIdentifier(text.slice(span.start, span.end));
    return withOperator === undefined && isName ? undefined : span;
  }
  const gap = commonWord.test(name) ? undefined : matchAt(prose, text, at);
  return gap === undefined ? undefined : quotedAt(text, at + gap.length, true);
}

function valueAt(text: string, at: number, name: string, isJson: boolean, mayBeBare = true): Span | undefined {
  const quoted = quotedAt(text, at, false);
  if (quoted !== undefined || !mayBeBare) return quoted;
  if (/[[({]/.test(text.charAt(at)))
    return { start: isJson ? at : at + 1, end: endOfBracket(text, at) + (isJson ? 1 : 0), isBare: isJson };
  if (/^(?:proxy-?)?authorization$|cookie$/i.test(name)) {
    const line = matchAt(restOfLine, text, at);
    return line === undefined ? undefined : { start: at, end: at + line.length, isBare: false };
  }
  const start = at + (matchAt(scheme, text, at)?.length ?? 0);
  const value = matchAt(unquoted, text, start);
  return value === undefined ? undefined : { start, end: start + value.length, isBare: isJson };
}

/** The text between quotes, which may be escaped. If there is no closing quote nearby, the rest of the line or text. */
function quotedAt(text: string, at: number, mustEnd: boolean): Span | undefined {
  const quote = matchAt(openingQuote, text, at);
  if (quote === undefined) return undefined;
  const closing = quote.replace('«', '»').replace('“', '”');
  const start = at + quote.length;
  const window = text.slice(start, start + (mustEnd ? longestInProse : longest));
  for (let length = window.indexOf(closing); length !== -1; length = window.indexOf(closing, length + 1)) {
    const end = start + length;
    if (quote.startsWith('\\') || !isEscaped(text, end)) {
      return mustEnd && window.slice(0, length).includes('\n') ? undefined : { start, end, isBare: false };
    }
  }
  if (mustEnd) return undefined;
  const line = window.indexOf('\n');
  return { start, end: line === -1 ? text.length : start + line, isBare: false };
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

function endOfBracket(text: string, at: number): number {
  let depth = 0;
  const last = Math.min(text.length, at + longest);
  for (let i = at; i < last; i += 1) {
    if ('[({'.includes(text.charAt(i))) depth += 1;
    else if ('])}'.includes(text.charAt(i))) depth -= 1;
    if (depth === 0) return i;
  }
  return last;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  return groupsAt(pattern, text, at)[0];
}

function groupsAt(pattern: RegExp, text: string, at: number): (string | undefined)[] {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? [];
}
