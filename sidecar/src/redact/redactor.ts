// Removes secrets from strings before they are stored or logged. There are four methods, each for secrets that the others miss:
// names (`password`, `Authorization`, `client_secret` …) at any depth, positions (redact/places.ts), formats and names in free
// text (redact/texts.ts), and the secrets of this request themselves, wherever they turn up again: in a traceback, an echoed
// value, a base64 or URL-encoded copy.

import { deepest, form, json, LearnedSecrets } from './learned_secrets.ts';
import { hidesValue, isSecretName, stars, tooLarge } from './names.ts';
import type { Place } from './places.ts';
import { columnsOf, hasRows, isDomainName, placesInList, placesInObject } from './places.ts';
import { decoded, isOperator, withoutCredentials } from './texts.ts';

/** `/reset_password/4f7a…`: a segment that does not look like a name or an id. */
const behindSecretStep = /(\/([\w.-]{1,100})\/)(?=[\w-]{0,1000}\d)(?=[\w-]{0,1000}[A-Za-z])[\w-]{16,1000}(?=\/|$)/g;
/** The number of additional characters that are cleaned. It is longer than any credential. */
const overlap = 4_096;
/** Collects the secrets of one request, and replaces them with stars. */
export class Redactor extends LearnedSecrets {
  /** The most characters of a body that are searched. */
  #budget = Number.POSITIVE_INFINITY;
  #isAnswer = false;

  text(text: string): string {
    if (this.isLost) return tooLarge;
    const clean = this.cover?.(text, stars) ?? text;
    return withoutCredentials(clean).replaceAll('\0', '\uFFFD').toWellFormed(); // Postgres can store neither
  }

  /** Keeps the end of a long text, where a traceback names the error. */
  tail(text: string, longest: number): string {
    // A secret that is cut would not be recognized, so more is cleaned than is kept.
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

  /** The body of a request as text, cut at `longest` characters. Parsed JSON, a form, or any other text. */
  body(body: unknown, longest: number): string {
    return this.#rendered(longest, () =>
      this.openNames === undefined ? this.value(body) : this.#hiddenBody(body, this.openNames),
    );
  }

  /** The body of an answer. The result of a method about secrets is secret. */
  answer(body: unknown, longest: number): string {
    this.#isAnswer = true;
    if (this.isAnswerLost) return tooLarge;
    return this.#rendered(longest, () => {
      if (!this.asksForSecret) return this.value(body);
      // JSON-2 returns the method's result itself, not under a name.
      if (typeof body !== 'object' || body === null || Array.isArray(body)) return this.#hidden(body, 1);
      const name = ['data', 'result'].find((key) => key in body);
      if (name === undefined) return 'message' in body || 'error' in body ? this.value(body) : this.#hidden(body, 1);
      return { ...(this.value({ ...body, [name]: null }) as object), [name]: this.#hidden(body[name as keyof typeof body], 1) };
    });
  }

  header(name: string, value: string): string {
    if (!hidesValue(name, value)) return value.includes('?') ? this.path(value) : this.text(value);
    const scheme = /^\s*(bearer|basic)\s/i.exec(value)?.[1];
    return scheme === undefined ? stars : `${scheme} ${stars}`;
  }

  /** `?a=1&password=x` or `a=1&password=x`, even inside percent-encoded values. */
  query(query: string): string {
    return query
      .split('&')
      .map((pair) => {
        const [name = '', ...rest] = pair.split('=');
        if (rest.length === 0) return this.text(pair);
        const value = rest.join('=');
        const readable = decoded(value);
        if (
          hidesValue(decoded(name), readable) ||
          placesInObject({ [decoded(name)]: readable })(decoded(name), readable) === 'secret'
        )
          return `${this.text(name)}=${stars}`;
        const clean = this.string(readable, isDomainName(decoded(name)));
        if (clean === readable) return `${this.text(name)}=${this.text(value)}`;
        return `${this.text(name)}=${json.test(readable) ? encodeURIComponent(clean) : stars}`;
      })
      .join('&');
  }

  path(path: string): string {
    const mark = path.indexOf('?');
    if (mark === -1) {
      const readable = decoded(path).replace(behindSecretStep, (all, before: string, step: string) =>
        isSecretName(step) ? `${before}${stars}` : all,
      );
      const clean = this.text(readable);
      return clean === decoded(path) ? path : clean;
    }
    return `${this.path(path.slice(0, mark))}?${this.query(path.slice(mark + 1))}`;
  }

  /** A string inside a body, which may itself be JSON or a form. */
  string(value: string, inDomain = false): string {
    if (form.test(value)) return this.query(value);
    if (json.test(value)) {
      try {
        return JSON.stringify(this.value(JSON.parse(value), 0, inDomain));
      } catch {
        // the string is not JSON after all
      }
    }
    return this.text(value);
  }

  /** A copy of parsed JSON. */
  value(value: unknown, depth = 0, inDomain = false): unknown {
    if (this.#budget <= 0 || depth >= deepest) return '…';
    if (typeof value === 'string') {
      const length = Math.min(value.length, this.#budget + overlap);
      this.#budget -= length;
      return this.string(value.slice(0, length), inDomain);
    }
    this.#budget -= 8;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      const placeOf = placesInList(value, inDomain);
      for (const [index, item] of value.entries()) {
        items.push(this.#placed(item, placeOf(index, item) ?? this.#columnsOfRow(item), depth + 1, inDomain));
        if (this.#budget <= 0) break;
      }
      return items;
    }
    const copy: [string, unknown][] = [];
    const placeOf = placesInObject(value as Record<string, unknown>);
    for (const [name, item] of Object.entries(value)) {
      if (this.#budget <= 0) break;
      this.#budget -= name.length;
      const isHidden = hidesValue(name, item) && !isEmpty(item);
      copy.push([this.text(name), isHidden ? stars : this.#placed(item, placeOf(name, item), depth + 1, isDomainName(name))]);
    }
    return Object.fromEntries(copy);
  }

  #rendered(longest: number, render: () => unknown): string {
    if (this.isLost) return tooLarge;
    this.#budget = 2 * longest;
    const clean = render();
    this.#budget = Number.POSITIVE_INFINITY;
    const text = typeof clean === 'string' ? clean : (JSON.stringify(clean) ?? '');
    return text.length > longest ? `${text.slice(0, longest)}…` : text;
  }

  #placed(item: unknown, place: Place | undefined, depth: number, inDomain: boolean): unknown {
    if (place === 'secret') return this.#hidden(item, depth);
    if (place?.of === 'arguments') return this.#argumentsIn(item, place.columns, depth);
    if (place === undefined || !Array.isArray(item)) return this.value(item, depth, inDomain);
    const rows: readonly unknown[] = place.of === 'row' ? [item] : item;
    const clean = rows.map((row) => {
      if (!Array.isArray(row)) return this.value(row, depth + 1);
      return row.map((cell, i) => (place.columns.has(i) ? this.#hidden(cell, depth + 1) : this.value(cell, depth + 1)));
    });
    return place.of === 'row' ? clean[0] : clean;
  }

  /** The arguments of a call. The names of the columns may be among the positional or the named arguments. */
  #argumentsIn(item: unknown, columns: ReadonlySet<number>, depth: number): unknown {
    if (typeof item !== 'object' || item === null || this.#budget <= 0 || depth >= deepest) return this.value(item, depth);
    const placed = (inner: unknown, place: Place | undefined, inDomain: boolean) =>
      this.#placed(inner, place ?? (hasRows(inner) ? { columns, of: 'rows' } : undefined), depth + 1, inDomain);
    if (Array.isArray(item)) {
      const placeOf = placesInList(item);
      return item.map((inner, index) => placed(inner, placeOf(index, inner), false));
    }
    const placeOf = placesInObject(item as Record<string, unknown>);
    return Object.fromEntries(
      Object.entries(item).map(([name, inner]) => [
        this.text(name),
        hidesValue(name, inner) && !isEmpty(inner) ? stars : placed(inner, placeOf(name, inner), isDomainName(name)),
      ]),
    );
  }

  /** The secret columns of a row, in the answer to a request that asked for such columns. */
  #columnsOfRow(item: unknown): Place | undefined {
    if (!this.#isAnswer || !Array.isArray(item) || isOperator(item[1])) return undefined;
    const columns = this.columns.get(item.length);
    return columns === undefined || columnsOf(item) !== undefined ? undefined : { columns, of: 'row' };
  }

  #hiddenBody(body: unknown, openNames: ReadonlySet<string>): unknown {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return this.#hidden(body, 0);
    const clean = Object.entries(body).map(([name, item]) => [
      this.text(name),
      openNames.has(name) ? this.value(item, 1) : this.#hidden(item, 1),
    ]);
    return Object.fromEntries(clean);
  }

  /** The structure of a value, with stars for all its content. */
  #hidden(item: unknown, depth: number): unknown {
    if (isEmpty(item)) return item;
    if (this.#budget <= 0 || depth >= deepest || typeof item !== 'object' || item === null) return stars;
    this.#budget -= 8;
    if (Array.isArray(item)) return item.slice(0, Math.max(1, this.#budget)).map((inner) => this.#hidden(inner, depth + 1));
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [this.text(name), this.#hidden(inner, depth + 1)]));
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || typeof value === 'boolean';
}
