// XML-RPC on the wire: a document becomes a call, and small values become XML. Results of Odoo's methods are formatted by the
// executor, which knows Python's types (executor/xmlrpc.py). The parser is strict. A DOCTYPE is refused, so there are no entities
// except XML's own five.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { SaxesParser } from 'saxes';
import { GatewayError } from '../errors.ts';

/** The same depth as for JSON (json.ts). */
const deepest = 64;
/** The approximate memory for an element while its document is read. */
const bytesOfElement = 64;
const encodings = new Set([
  'utf-8',
  'utf8',
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'latin1',
  'iso-8859-15',
  'windows-1252',
  'utf-16',
]);

type Container =
  | { readonly kind: 'params' | 'array'; readonly items: unknown[] }
  | { readonly kind: 'struct'; readonly entries: [string, unknown][]; name: string | undefined };

interface Value {
  isSet: boolean;
  value: unknown;
}

/** The most that is parsed before the caller is known. It is enough for a method's name and a credential. */
const longestHead = 16_384;
/** A document is parsed in pieces of this length, and other requests get their turn between two pieces. */
const pieceLength = 32_768;
/** Some clients declare a namespace. The elements themselves have no attributes. */
const mostAttributes = 4;

/**
 * A call of which only the first parameters have been parsed: the rest is parsed once its caller is known.
 */
export class BegunCall {
  readonly #text: string;
  readonly #reader = new CallReader();
  #at = 0;

  /**
   * @param known how many parameters to parse (fewer if there are fewer) @param weigh a function that is called before anything
   * is parsed, with the approximate bytes that the call takes; may throw Throws `request.xml`, `request.too_deep`,
   * `body.value`.
   */
  constructor(bytes: Buffer, known: number, weigh: (size: number) => void = () => {}) {
    this.#text = decode(bytes);
    let elements = 0;
    for (let at = this.#text.indexOf('<'); at !== -1; at = this.#text.indexOf('<', at + 1)) elements += 1;
    weigh(this.#text.length + elements * bytesOfElement);
    while (!this.#isDone && this.#reader.params.length < known) {
      if (this.#at >= longestHead) throw unexpected(`its first parameters take more than ${longestHead} characters`);
      this.#feed(1_024);
    }
  }

  get method(): string {
    const { method } = this.#reader;
    if (method === undefined) throw unexpected('no methodName');
    return method;
  }

  get params(): readonly unknown[] {
    return this.#reader.params;
  }

  /** Parses the rest, and resolves with all parameters. */
  async finish(): Promise<readonly unknown[]> {
    while (!this.#isDone) {
      this.#feed(pieceLength);
      await nextTurn();
    }
    return this.params;
  }

  get #isDone(): boolean {
    return this.#at > this.#text.length;
  }

  #feed(length: number): void {
    const piece = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    try {
      this.#reader.read(piece, this.#isDone);
    } catch (error) {
      // The parser's own messages quote what it found, which may be a secret.
      throw error instanceof GatewayError ? error : new GatewayError('request.xml', { cause: error });
    }
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch (error) {
    throw new GatewayError('request.xml', { message: 'The XML is not in the encoding that it names.', cause: error });
  }
}

/**
 * The encoding of a document (XML 1.0, appendix F). The first bytes show the width of characters, then the declaration names
 * the encoding.
 */
function encodingOf(bytes: Buffer): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be';
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']/.exec(bytes.toString('latin1', 0, 200))?.[1]?.toLowerCase();
  if (declared === undefined) return 'utf-8';
  if (encodings.has(declared)) return declared;
  throw new GatewayError('request.xml', { message: 'Send XML in UTF-8, UTF-16 or Latin-1.' });
}

class CallReader {
  readonly #parser = new SaxesParser();
  readonly #path: string[] = [];
  readonly params: unknown[] = [];
  readonly #containers: Container[] = [{ kind: 'params', items: this.params }];
  readonly #values: Value[] = [];
  #text = '';
  #attributes = 0;
  method: string | undefined;

  constructor() {
    this.#parser.on('doctype', () => {
      throw new GatewayError('request.xml', { message: 'The XML must not have a DOCTYPE.' });
    });
    this.#parser.on('opentagstart', () => {
      this.#attributes = 0;
    });
    this.#parser.on('attribute', () => {
      this.#attributes += 1;
      if (this.#attributes > mostAttributes) throw unexpected('an element has too many attributes');
    });
    this.#parser.on('opentag', ({ name }) => this.#open(name));
    this.#parser.on('closetag', ({ name }) => this.#close(name));
    this.#parser.on('text', (text) => {
      this.#text += text;
    });
    this.#parser.on('cdata', (text) => {
      this.#text += text;
    });
  }

  read(piece: string, isLast: boolean): void {
    this.#parser.write(piece);
    if (isLast) this.#parser.close();
  }

  #open(name: string): void {
    const parent = this.#path.at(-1);
    const allowed = parents[name];
    if (!(allowed ?? ['value']).includes(parent ?? '')) throw unexpected(`<${name.slice(0, 40)}> is in the wrong place`);
    if (allowed === undefined && scalars[name] === undefined) throw unexpected(`there is no element <${name.slice(0, 40)}>`);
    this.#path.push(name);
    this.#text = '';
    if (name === 'value') this.#values.push({ isSet: false, value: undefined });
    if (name === 'array') this.#containers.push({ kind: 'array', items: [] });
    if (name === 'struct') this.#containers.push({ kind: 'struct', entries: [], name: undefined });
    if (this.#containers.length > deepest)
      throw new GatewayError('request.too_deep', { message: 'The XML is nested too deeply.' });
  }

  #close(name: string): void {
    this.#path.pop();
    const text = this.#text;
    this.#text = '';
    const container = this.#containers.at(-1);
    if (name === 'methodName') this.method = text.trim();
    else if (name === 'name' && container?.kind === 'struct') container.name = text;
    else if (name === 'array' || name === 'struct') this.#set(contentOf(this.#containers.pop()));
    else if (name === 'value') this.#give(container, text);
    else if (scalars[name] !== undefined) this.#set(scalars[name](text));
  }

  #set(value: unknown): void {
    const holder = this.#values.at(-1);
    if (holder === undefined || holder.isSet) throw unexpected('a value contains two');
    holder.isSet = true;
    holder.value = value;
  }

  /** Adds a finished value to its container. A value without a type is a string. */
  #give(container: Container | undefined, text: string): void {
    const holder = this.#values.pop();
    const value = holder?.isSet ? holder.value : text;
    if (container?.kind !== 'struct') container?.items.push(value);
    else if (container.name === undefined) throw unexpected('a member has no name');
    else container.entries.push([container.name, value]);
  }
}

const parents: Readonly<Record<string, readonly string[]>> = {
  methodCall: [''],
  methodName: ['methodCall'],
  params: ['methodCall'],
  param: ['params'],
  value: ['param', 'data', 'member'],
  array: ['value'],
  data: ['array'],
  struct: ['value'],
  member: ['struct'],
  name: ['member'],
};

const scalars: Readonly<Record<string, (text: string) => unknown>> = {
  int: whole,
  i1: whole,
  i2: whole,
  i4: whole,
  i8: whole,
  biginteger: whole,
  double: decimal,
  float: decimal,
  string: (text) => text,
  boolean(text) {
    if (text.trim() === '1') return true;
    if (text.trim() === '0') return false;
    throw wrong('boolean');
  },
  nil: () => null,
  'ex:nil': () => null,
  base64: (text) => text.replaceAll(/\s/g, ''),
  'dateTime.iso8601'(text) {
    const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d:\d\d:\d\d)$/.exec(text.trim());
    if (parts === null) throw wrong('dateTime.iso8601');
    const [, year, month, day, time] = parts;
    return `${year}-${month}-${day} ${time}`;
  },
};

/**
 * A whole number. Like Python, this accepts blanks and a sign. Each character can match in only one way, so no input takes
 * long.
 */
function whole(text: string): number {
  const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw wrong('int');
  return value;
}

function decimal(text: string): number {
  const value = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw wrong('double');
  return value;
}

function contentOf(container: Container | undefined): unknown {
  return container?.kind === 'struct' ? Object.fromEntries(container.entries) : container?.items;
}

function unexpected(what: string): GatewayError {
  return new GatewayError('request.xml', { message: `The body is not an XML-RPC call: ${what}.` });
}

/** The text may be a secret, so it is not repeated. */
function wrong(type: string): GatewayError {
  return new GatewayError('body.value', { message: `A value of the call is not a valid ${type}.` });
}

/** Writes a value as a `<value>`, with false for null. Results of Odoo's methods must not be written with this. */
export function writeValue(value: unknown): string {
  return `<value>${write(value)}</value>`;
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `<array><data>${value.map(writeValue).join('')}</data></array>`;
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (typeof value === 'number') return Number.isInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, item]) => `<member><name>${escaped(name)}</name>${writeValue(item)}</member>`,
    );
    return `<struct>${members.join('')}</struct>`;
  }
  return `<boolean>${value === true ? 1 : 0}</boolean>`;
}

/** XML does not allow control characters; Odoo removes them, too. */
function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are intended
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .toWellFormed()
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  );
}

/** @param content `<params>…</params>` or `<fault>…</fault>` */
export function methodResponse(content: string): string {
  return `<?xml version="1.0"?>\n<methodResponse>\n${content}\n</methodResponse>\n`;
}
