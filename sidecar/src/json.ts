// Parses JSON from callers safely. JSON.parse accepts values nested thousands of levels deep, which then break recursive code; it
// turns a body of empty objects into more than twenty times its size in memory; and it changes numbers that JavaScript cannot
// represent.

import { GatewayError } from './errors.ts';
import { problemOfNumber } from './numbers.ts';

const deepest = 64;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** Shorter numbers without an exponent are always exact. */
const surelyExact = 15;

/** The approximate memory that a list or an object takes in addition to its text, and that one item takes. */
const bytesOfContainer = 64;
const bytesOfItem = 16;

/** The result of a scan of the text. */
interface Survey {
  /** Bytes that the parsed value takes in addition to the text. */
  readonly bytes: number;
  /** The first number that parsing would change. */
  readonly changed: { readonly at: number; readonly problem: string } | undefined;
}

/**
 * Parses JSON. Throws `request.too_deep`, the SyntaxError of JSON.parse, or the error of `refuse` for a number that parsing
 * would change.
 * @param what the subject of the message: `The body`, `domain`
 * @param refuse gets the path of the number, `lines[2].price` (empty if the text is the number), and its problem @param weigh
 * called before parsing with the approximate bytes that the value takes in addition to its text; may throw
 */
export function parseJson(
  text: string,
  what: string,
  refuse: (at: string, problem: string) => Error,
  weigh: (bytes: number) => void = () => {},
): unknown {
  const { bytes, changed } = survey(text, what);
  weigh(bytes);
  const value: unknown = JSON.parse(text);
  if (changed !== undefined) throw refuse(pathTo(text, changed.at), changed.problem);
  return value;
}

/** `context`: V8's extra argument for a reviver, which holds the number's original text. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const large = /[[:,]-?\d{16}/;

/**
 * Parses JSON without blanks, as written by the executor. Whole numbers beyond 2^53 become raw JSON, which `JSON.stringify`
 * writes unchanged, so they stay exact.
 */
export function parseExactly(text: string): unknown {
  if (!large.test(text)) return JSON.parse(text);
  const { rawJSON } = JSON as unknown as { rawJSON: (source: string) => unknown };
  const keepLarge: Reviver = (_key, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? rawJSON(source) : value;
  return JSON.parse(text, keepLarge as (key: string, value: unknown) => unknown);
}

/** Scans the text outside strings, 10 kB in about 30 µs. Invalid JSON is left to JSON.parse. */
function survey(text: string, what: string): Survey {
  let depth = 0;
  let bytes = 0;
  let changed: Survey['changed'];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    switch (code) {
      case quote:
        i = endOfString(text, i);
        if (i === -1) return { bytes, changed: undefined };
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        bytes += bytesOfContainer;
        if (depth > deepest) throw tooDeep(what);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case comma:
        bytes += bytesOfItem;
        break;
      default:
        if (isDigit(code)) {
          const start = i;
          i = endOfNumber(text, start);
          if (changed === undefined && mayChange(text, start, i)) changed = changeIn(text, start, i);
          i -= 1;
        }
    }
  }
  return { bytes, changed };
}

function mayChange(text: string, start: number, end: number): boolean {
  if (end - start > surelyExact) return true;
  for (let i = start; i < end; i += 1) if (isExponent(text.charCodeAt(i))) return true;
  return false;
}

function changeIn(text: string, start: number, end: number): Survey['changed'] {
  const problem = problemOfNumber(text.slice(start, end));
  return problem === undefined ? undefined : { at: start, problem };
}

/**
 * The path of a value in valid JSON. @param at the index of its first character
 */
function pathTo(text: string, at: number): string {
  const steps: (string | number)[] = [];
  for (let i = 0; i < at; i += 1) {
    switch (text.charCodeAt(i)) {
      case quote: {
        const end = endOfString(text, i);
        // This string is a key, or a value that the next key will overwrite.
        if (typeof steps.at(-1) === 'string') steps.splice(-1, 1, JSON.parse(text.slice(i, end + 1)) as string);
        i = end;
        break;
      }
      case 0x5b:
        steps.push(0);
        break;
      case 0x7b:
        steps.push('');
        break;
      case 0x5d:
      case 0x7d:
        steps.pop();
        break;
      case comma: {
        const last = steps.at(-1);
        if (typeof last === 'number') steps.splice(-1, 1, last + 1);
        break;
      }
      default:
    }
  }
  return steps.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${step}`)).join('');
}

function tooDeep(what: string): GatewayError {
  return new GatewayError('request.too_deep', {
    message: `${what} is nested more than ${deepest} lists and objects deep.`,
    details: { max_depth: deepest },
  });
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** whether a character is `e` or `E` */
function isExponent(code: number): boolean {
  return code === 0x65 || code === 0x45;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (;;) {
    const code = text.charCodeAt(end);
    // the characters `.`, `+` and `-`
    if (!isDigit(code) && code !== 0x2e && !isExponent(code) && code !== 0x2b && code !== 0x2d) return end;
    end += 1;
  }
}

/** The index of the quotation mark that ends the string; -1 if there is none. */
export function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}

/**
 * Line ends of Unicode that JSON allows in strings. Many clients split a stream at them, for example with Python's
 * `str.splitlines()`.
 */
const lineEnds = /[\u0085\u2028\u2029]/g;

/** JSON on one line, for streams of one record per line. It contains no line end of Unicode. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(lineEnds, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
