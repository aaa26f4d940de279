// JSON that others wrote. What is nested thousands deep passes JSON.parse and then ends whatever walks it, a text of empty
// objects becomes more than twenty times as large, and numbers that JavaScript cannot hold become others.

import { GatewayError } from './errors.ts';
import { problemOfNumber } from './numbers.ts';

const deepest = 64;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** Shorter numbers without an exponent are held as they are. */
const surelyExact = 15;

/** Roughly the memory that a list or an object takes beside its text, and that of one item. */
const bytesOfContainer = 64;
const bytesOfItem = 16;

/** Found by a look at the text. */
interface Survey {
  /** Bytes that the parsed value takes, beside the text. */
  readonly bytes: number;
  /** The first number that parsing would change. */
  readonly changed: { readonly at: number; readonly problem: string } | undefined;
}

/**
 * Throws `request.too_deep`, the SyntaxError of JSON.parse, or what `refuse` makes of a number that parsing would change.
 * @param what the sentence's subject: `The body`, `domain`
 * @param refuse is given the place of the number, `lines[2].price` (empty if the text is the number), and its problem
 * @param weigh is called before anything is parsed, with about how many bytes the value takes beside its text; may throw
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

/** `context` is what V8 gives a reviver on top: the number as it was written. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const large = /[[:,]-?\d{16}/;

/**
 * JSON without blanks, as Odoo's end writes it. Whole numbers beyond 2^53 stay what they are when they are sent on: they
 * become what `JSON.stringify` writes as it stands.
 */
export function parseExactly(text: string): unknown {
  if (!large.test(text)) return JSON.parse(text);
  const { rawJSON } = JSON as unknown as { rawJSON: (source: string) => unknown };
  const keepLarge: Reviver = (_key, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? rawJSON(source) : value;
  return JSON.parse(text, keepLarge as (key: string, value: unknown) => unknown);
}

/** Looks at what stands outside of strings, 10 kB in some 30 µs. Text that is no JSON is left to JSON.parse. */
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
 * Where a value stands in text that is valid JSON.
 * @param at where its first character is
 */
function pathTo(text: string, at: number): string {
  const steps: (string | number)[] = [];
  for (let i = 0; i < at; i += 1) {
    switch (text.charCodeAt(i)) {
      case quote: {
        const end = endOfString(text, i);
        // A key; or a text as the value of one, in whose place the next key comes.
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

/** e or E */
function isExponent(code: number): boolean {
  return code === 0x65 || code === 0x45;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (;;) {
    const code = text.charCodeAt(end);
    // . + -
    if (!isDigit(code) && code !== 0x2e && !isExponent(code) && code !== 0x2b && code !== 0x2d) return end;
    end += 1;
  }
}

/** The place of the quotation mark that ends the string; -1: none does. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}
