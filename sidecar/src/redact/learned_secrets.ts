// Collects the secrets of a request before any part of it is stored: values under a secret's name, in a secret position, or after
// a secret's name in a string.

import { Budget, costOf, mostLearned } from './budget.ts';
import type { Cover } from './known.ts';
import { coverFor, shortestSecret } from './known.ts';
import { hidesValue, stars } from './names.ts';
import type { Place } from './places.ts';
import {
  columnsOf,
  hasRows,
  isCallOfSecret,
  isDomainName,
  isSecretCall,
  placesInList,
  placesInObject,
  secretWordsOfOrder,
} from './places.ts';
import { decoded, namedSecrets } from './texts.ts';

/** A string that is a form: `a=1&b=2`. */
export const form = /^[\w.%+[\]-]+=[^&\s]*(?:&[\w.%+[\]-]+=[^&\s]*)*$/;
/** A string that may be JSON. */
export const json = /^\s*[[{"]/;
/** Values nested deeper are neither searched nor stored. */
export const deepest = 64;

// These limits are higher than any legitimate request needs. Beyond them, secrets cannot be distinguished from other text, so
// nothing is stored.
const mostSecrets = 50;
const longestSecret = 8_192;
/** The maximum number of characters of all secrets together. */
const mostOfSecrets = 16_384;
const noNames: ReadonlySet<string> = new Set();
/** Values that are not secrets, even in a secret position. */
const ordinaryValue = /^(?:true|false|null|none)$/i;

/** The secrets of one request. */
export class LearnedSecrets {
  readonly #secrets = new Set<string>();
  #cover: Cover | undefined;
  #lengths = 0;
  #toLearn = new Budget(mostLearned);
  /** Set if not all secrets were collected, because there was too much to search. */
  #isLost = false;
  #isAnswerLost = false;
  #openNames: ReadonlySet<string> | undefined;
  #asksForSecret = false;
  /** The positions of requested secret columns, by the total number of columns, because the rows of an answer have no names. */
  protected readonly columns = new Map<number, ReadonlySet<number>>();

  /** Adds a value that must not appear in anything stored about this request. */
  add(secret: string): void {
    if (secret.length < shortestSecret || secret === stars || this.#secrets.has(secret) || ordinaryValue.test(secret)) return;
    this.#lengths += secret.length;
    const isTooMuch = this.#secrets.size >= mostSecrets || secret.length > longestSecret || this.#lengths > mostOfSecrets;
    if (isTooMuch) this.#isLost = true;
    if (this.#isLost) return;
    this.#secrets.add(secret);
    this.#cover = undefined;
  }

  /** Call this if there is too much to search. Then no string counts as clean, and each becomes `too large to redact`. */
  get isLost(): boolean {
    return this.#isLost;
  }

  protected get isAnswerLost(): boolean {
    return this.#isAnswerLost;
  }

  /** The harmless names in a body that is otherwise secret. */
  protected get openNames(): ReadonlySet<string> | undefined {
    return this.#openNames;
  }

  /** Whether the called method returns secrets. */
  protected get asksForSecret(): boolean {
    return this.#asksForSecret;
  }

  /** Finds all secrets; undefined if there are none. */
  protected get cover(): Cover | undefined {
    if (this.#secrets.size > 0) this.#cover ??= coverFor(this.#secrets);
    return this.#cover;
  }

  /** Collects the secrets of a body, so that they are recognized everywhere else. */
  learn(value: unknown): void {
    this.#learnNested(value, 0, false);
  }

  /**
   * The same for the body of an answer. It has a separate budget, so that an answer that is too large does not keep the request
   * from being logged.
   */
  learnAnswer(value: unknown): void {
    this.#toLearn = new Budget(mostLearned);
    if (costOf(value, mostLearned) > mostLearned) this.#isAnswerLost = true;
    else this.learn(value);
  }

  /** Parsed JSON, at the top or inside a string. Its cost is known before it is searched. */
  #learnNested(value: unknown, depth: number, inDomain: boolean): void {
    if (!this.#toLearn.spend(costOf(value, Math.max(0, this.#toLearn.left)))) this.#isLost = true;
    this.#learn(value, depth, inDomain);
  }

  #learn(value: unknown, depth: number, inDomain: boolean): void {
    if (this.#isLost) return;
    if (typeof value === 'string') this.#learnText(value, depth, inDomain);
    if (typeof value !== 'object' || value === null || depth >= deepest) return;
    if (Array.isArray(value)) {
      const columns = columnsOf(value);
      if (columns !== undefined) this.columns.set(value.length, columns);
      const placeOf = placesInList(value, inDomain);
      for (const [index, item] of value.entries()) this.#learnPlaced(item, placeOf(index, item), depth + 1, inDomain);
      return;
    }
    if (isCallOfSecret(value as Record<string, unknown>)) this.#asksForSecret = true;
    const placeOf = placesInObject(value as Record<string, unknown>);
    for (const [name, item] of Object.entries(value)) {
      if (hidesValue(name, item)) this.#learnAll(item, depth + 1);
      else this.#learnPlaced(item, placeOf(name, item), depth + 1, isDomainName(name));
    }
  }

  /** Looks at the method in the path. If the method takes secrets, the whole body and the result count as secret. */
  learnMethod(model: unknown, method: unknown, body: unknown): void {
    if (!isSecretCall(model, method)) return;
    this.#asksForSecret = true;
    this.learnSecretBody(body, noNames);
  }

  /** Collects the secrets of a body in which only the values under these names are harmless. */
  learnSecretBody(body: unknown, open: ReadonlySet<string>): void {
    this.#openNames = open;
    for (const [name, item] of entriesOf(body)) if (!open.has(name)) this.#learnAll(item, 1);
  }

  learnHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || !hidesValue(name, String(value))) continue;
      for (const one of typeof value === 'string' ? [value] : value) this.#learnHeader(one);
    }
  }

  learnQuery(query: string): void {
    this.#learnQuery(query, 0);
  }

  #learnQuery(query: string, depth: number): void {
    for (const [name, value] of new URLSearchParams(query)) {
      if (hidesValue(name, value)) this.add(value);
      else if (placesInObject({ [name]: value })(name, value) === 'secret') this.#learnPlaced(value, 'secret', 1, false);
      else this.#learnNested(value, depth + 1, isDomainName(name));
    }
  }

  #learnText(text: string, depth: number, inDomain: boolean): void {
    if (depth < deepest && form.test(text)) {
      this.#learnQuery(text, depth);
    } else if (json.test(text) && depth < deepest) {
      try {
        this.#learnNested(JSON.parse(text), depth + 1, inDomain);
        return;
      } catch {
        // The text is not JSON, so it is treated as plain text.
      }
    }
    for (const secret of namedSecrets(text, this.#toLearn)) this.add(secret);
    if (this.#toLearn.isSpent) this.#isLost = true;
  }

  #learnHeader(value: string): void {
    const trimmed = value.trim();
    const scheme = /^(?:bearer|basic)\s+/i.exec(trimmed)?.[0] ?? '';
    const credential = trimmed.slice(scheme.length);
    this.add(credential);
    if (!/^basic/i.test(scheme)) return;
    const pair = Buffer.from(credential, 'base64').toString('utf8');
    const password = pair.slice(pair.indexOf(':') + 1);
    this.add(password);
    // According to RFC 6749, section 2.3.1, clients encode id and secret before they join them.
    this.add(decoded(password));
  }

  #learnPlaced(item: unknown, place: Place | undefined, depth: number, inDomain: boolean): void {
    if (place === 'secret') {
      this.#learnAll(item, depth);
      for (const word of secretWordsOfOrder(item)) this.add(word);
      return;
    }
    this.#learn(item, depth, inDomain);
    if (place === undefined) return;
    if (place.of === 'arguments') {
      for (const [, inner] of entriesOf(item)) if (hasRows(inner)) this.#learnCells(inner, place.columns, depth + 1);
    } else if (Array.isArray(item)) this.#learnCells(place.of === 'row' ? [item] : item, place.columns, depth);
  }

  #learnCells(rows: readonly unknown[], columns: ReadonlySet<number>, depth: number): void {
    for (const row of rows)
      if (Array.isArray(row) && this.#spendOn(columns)) for (const column of columns) this.#learnAll(row[column], depth + 1);
  }

  #spendOn(columns: ReadonlySet<number>): boolean {
    if (!this.#toLearn.spend(columns.size)) this.#isLost = true;
    return !this.#isLost;
  }

  #learnAll(item: unknown, depth: number): void {
    if (this.#isLost) return;
    if (typeof item === 'string') this.add(item);
    else if (typeof item === 'number') this.add(String(item));
    else if (typeof item === 'object' && item !== null && depth < deepest) {
      for (const inner of Object.values(item)) this.#learnAll(inner, depth + 1);
    }
  }
}

/** The entries of an object. Any other value is a single entry without a name. */
function entriesOf(item: unknown): [string, unknown][] {
  return typeof item === 'object' && item !== null ? Object.entries(item) : [['', item]];
}
