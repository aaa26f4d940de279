// JSON that others wrote. What is nested thousands deep passes JSON.parse and then ends whatever walks it, and a text of empty
// objects becomes more than twenty times as large.

import { GatewayError } from './errors.ts';

const deepest = 64;
const quote = 0x22;
const backslash = 0x5c;

/** About what a list or an object takes in memory beside its text, and what an item of one does. */
const bytesOfContainer = 64;
const bytesOfItem = 16;

/**
 * Throws `request.too_deep`, or the SyntaxError of JSON.parse.
 * @param what the sentence's subject: `The body`, `domain`
 * @param weigh is told before anything is parsed how many bytes the parsed value takes, about, beside its text; may throw
 */
export function parseJson(text: string, what: string, weigh: (bytes: number) => void = () => {}): unknown {
  const bytes = sizeOf(text);
  if (bytes === undefined) {
    throw new GatewayError('request.too_deep', {
      message: `${what} is nested more than ${deepest} lists and objects deep.`,
      details: { max_depth: deepest },
    });
  }
  weigh(bytes);
  return JSON.parse(text);
}

/**
 * What is parsed from it takes; undefined: it is nested too deep. Looks at what stands outside of strings, 10 kB in some
 * 30 µs. Text that is no JSON is left to JSON.parse.
 */
function sizeOf(text: string): number | undefined {
  let depth = 0;
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case quote:
        i = endOfString(text, i);
        if (i === -1) return bytes;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        bytes += bytesOfContainer;
        if (depth > deepest) return undefined;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x2c: // ,
        bytes += bytesOfItem;
        break;
      default:
    }
  }
  return bytes;
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
