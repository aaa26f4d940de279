// Sends requests: handles credentials, retries and answers.

import { GatewayError } from './error.ts';
import { bodyOf, exchange } from './exchange.ts';
import type { OAuthClient } from './oauth.ts';
import { oauthTokens } from './oauth.ts';

export interface GatewayOptions {
  /** The address of the gateway, such as `https://gateway.example.com`. */
  readonly url: string;
  /** A key or an access token, or a function that returns one. */
  readonly key?: string | (() => string | Promise<string>);
  /** An OAuth client, instead of a key. Its tokens are fetched and renewed as needed. */
  readonly oauth?: OAuthClient;
  /** The id of the company to work in. */
  readonly company?: number;
  /** The language of translated text, such as `fr-FR`. */
  readonly language?: string;
  /** The time zone of days, such as `Europe/Paris`. */
  readonly timezone?: string;
  /** The database, if the gateway serves several. */
  readonly database?: string;
  /** Further headers of each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a failed request is sent again; 3 by default. */
  readonly retries?: number;
  /** The longest wait before a request is sent again, in seconds; 60 by default. If `Retry-After` is longer, the request fails. */
  readonly longestWaitS?: number;
  /** A function to use instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Runs the write, shows its changes in `meta.dry_run`, and rolls it back. */
  readonly dryRun?: boolean | undefined;
  /**
   * If a write is repeated with the same key within 24 hours, the gateway does not write again, and returns the first answer.
   * The client creates one for each write and reuses it when it repeats the write. `false`: the write has no key, and is not
   * repeated if its answer is lost.
   */
  readonly idempotencyKey?: string | false | undefined;
  /** The `etag` of the record that you have read. If it has changed since, nothing is written: `odoo.changed`. */
  readonly ifMatch?: string | undefined;
  /** Keeps Odoo from notifying anybody. */
  readonly quiet?: boolean | undefined;
}

/** A record that a dry run would have changed. */
export interface Difference {
  model: string;
  id: number;
  name: string;
  /** Null: the record is new. */
  before: Record<string, unknown> | null;
  /** Null: the record would be deleted. */
  after: Record<string, unknown> | null;
}

export interface Meta {
  limit?: number;
  offset?: number;
  /** How many records there are, if `count` was requested. */
  total?: number;
  /** The `cursor` of the next page, the `since` of the next changes. */
  next?: string;
  /** Whether more changes are already available. */
  more?: boolean;
  count?: number;
  /** Whether an upsert has created the record; for a list, one value per record. */
  created?: boolean | boolean[];
  /** Fields that you may not read. */
  omitted?: string[];
  /** Read-only fields that you sent unchanged. */
  ignored?: string[];
  timezone?: string;
  /** Present if a method's result is an action of Odoo: the type of the action. */
  action?: string;
  dry_run?: { differences: Difference[]; mails: number; outside: boolean };
}

export interface Answer<T> {
  data: T;
  meta: Meta;
  /** For a single record: the version that you have read, for `ifMatch`. */
  etag?: string;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  /** A body that is sent as JSON. */
  readonly body?: unknown;
  /** A body that is sent as it is, instead of `body`. A stream can be sent only once, so its request is not repeated. */
  readonly content?: Content | undefined;
  readonly options?: CallOptions | WriteOptions | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether the request only reads. It may then be sent again without a key. */
  readonly isRead?: boolean;
}

/** A file's content. In Node, the result of `await openAsBlob(path)` stays on disk until it is sent. */
export type Content = Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | string;

/** The statuses after which a retry may work a moment later (guide, "When something goes wrong"). */
const passing = new Set([409, 429, 502, 503, 504]);
const firstWaitS = 0.25;
/** A timer that is set for longer than this would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

type Init = RequestInit & { headers: Record<string, string> };

export class Transport {
  readonly #options: GatewayOptions;
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #headers: Record<string, string>;
  readonly #token: (refused: string | undefined) => string | Promise<string>;
  readonly #isRenewed: boolean;

  constructor(options: GatewayOptions) {
    const { url, key, oauth, company, language, timezone, database, headers } = options;
    this.#options = options;
    this.#url = url.replace(/\/+$/, '');
    this.#fetch = options.fetch ?? ((...args) => fetch(...args)); // in browsers, `fetch` must not be called as a method
    this.#headers = { ...headers };
    const named = { Company: company, Language: language, Timezone: timezone, Database: database };
    for (const [name, value] of Object.entries(named)) if (value !== undefined) this.#headers[`X-Odoo-${name}`] = `${value}`;
    this.#isRenewed = typeof key !== 'string';
    if (oauth !== undefined) this.#token = oauthTokens(this.#url, oauth, this.#fetch, this.#headers);
    else this.#token = typeof key === 'function' ? () => key() : () => key ?? '';
  }

  /** Sends a request, and repeats it if that may help. Throws GatewayError, or the reason of the signal. */
  async send<T>(request: Request): Promise<Answer<T>> {
    return this.#repeating(request, async (url, init) => {
      const response = await exchange(this.#fetch, url, init);
      const { data, meta = {} } = await bodyOf(response, url, init.signal);
      const etag = response.headers.get('ETag');
      return { data, meta, ...(etag === null ? {} : { etag }) };
    });
  }

  /** A file whose content has not been read yet. Throws the same errors as `send`. */
  async receive(request: Request): Promise<Response> {
    return this.#repeating(request, async (url, init) => {
      const response = await exchange(this.#fetch, url, init);
      return response.ok || response.status === 304 ? response : bodyOf(response, url, init.signal);
    });
  }

  async #repeating<T>(request: Request, attempt: (url: string, init: Init) => Promise<T>): Promise<T> {
    const { retries = 3, longestWaitS = 60 } = this.#options;
    const { signal } = request.options ?? {};
    const { url, init, mayRepeat } = this.#prepare(request);
    let refused: string | undefined;
    for (let failures = 0; ; ) {
      let token = '';
      try {
        token = await unlessAborted(this.#token(refused), signal);
        if (token !== '') init.headers['Authorization'] = `Bearer ${token}`;
        return await attempt(url, init);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const { status, reason, retryAfterS = firstWaitS * 2 ** failures * (1 + Math.random()) } = error;
        if (status === 401 && token !== '' && this.#isRenewed && refused === undefined && isWhole(request)) {
          refused = token;
          continue;
        }
        const passes = reason === 'client.network' || passing.has(status);
        if (failures >= retries || !(passes && mayRepeat && retryAfterS <= longestWaitS)) throw error;
        failures += 1;
        await pause(retryAfterS * 1000, signal);
      }
    }
  }

  #prepare(request: Request): { url: string; init: Init; mayRepeat: boolean } {
    const { method, path, body, content, options = {}, isRead = false } = request;
    const headers: Record<string, string> = { Accept: 'application/json', ...this.#headers };
    for (const [name, value] of Object.entries(request.headers ?? {})) if (value !== undefined) headers[name] = value;
    const { signal, dryRun, idempotencyKey, ifMatch, quiet } = options as WriteOptions;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const wishes = [dryRun && 'tx=rollback', quiet && 'notify=none'].filter(Boolean);
    if (wishes.length > 0) headers['Prefer'] = wishes.join(', ');
    if (ifMatch !== undefined) headers['If-Match'] = ifMatch;
    const isKept = !isRead && !dryRun && idempotencyKey !== false;
    if (isKept) headers['Idempotency-Key'] = idempotencyKey ?? randomKey();
    const init: Init & { duplex?: 'half' } = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    // The cast is needed because newer compilers include the buffer's type in the type of a Uint8Array.
    else if (content !== undefined) init.body = content as NonNullable<RequestInit['body']>;
    if (!isWhole(request)) init.duplex = 'half'; // Node requires this for streams
    if (signal !== undefined) init.signal = signal;
    return { url: this.#url + path, init, mayRepeat: (isRead || isKept || dryRun === true) && isWhole(request) };
  }
}

const isWhole = ({ content }: Request): boolean => !(content instanceof ReadableStream);

/** Resolves with the result. If the signal aborts first, throws its reason. */
async function unlessAborted<T>(result: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Waits. If the signal aborts, throws its reason, and leaves no timer that would keep Node running. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, longestTimerMs));
  });
  await unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/** A random key. `crypto.randomUUID` would work only on pages that were loaded over https. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
