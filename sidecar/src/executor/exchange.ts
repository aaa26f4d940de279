// Sends one body of calls to Odoo: signs it, sends it once, and reports the outcome. While Odoo refuses connections, as during a
// restart, an exchange tries again until its calls have used up their time in the queue. A body that may have reached Odoo is not
// sent again, unless its nonce guarantees that it is executed only once.

import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import { parseExactly } from '../json.ts';
import type { Addressee, Call, CallResult, Path } from './channel.ts';
import type { FileToSend } from './http_post.ts';
import { AnswerTooLarge, ConnectionReset, NotConnected, post } from './http_post.ts';
import { outcome } from './outcome.ts';

export interface Parcel {
  readonly path: Path;
  readonly database: Addressee;
  readonly calls: readonly Call[];
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** The file that belongs to the only call in `calls`. */
  readonly file?: FileToSend | undefined;
}

export interface Patience {
  /** A refused connection is tried again until this time on the monotonic clock. */
  readonly until: number;
  readonly isWanted: () => boolean;
  /** Called before each try. */
  readonly onTry: () => void;
}

const knockEveryMs = 100;
/** How long a signed body may be sent again after a connection reset. The executor accepts its nonce for 30 seconds. */
const takenForMs = 20_000;
const lineEnd = 0x0a;
/** The bytes of an answer in addition to its results. */
const spareBytes = 1_048_576;
/** How long to wait for Odoo after the deadline. Odoo ends workers that take longer than two minutes. */
const overtimeMs = 120_000;

interface Sealed {
  readonly at: number;
  readonly body: string;
  readonly signature: string;
}

/** The executor rejected the body and did nothing. */
class ChannelRefused extends Error {}

export class Exchanger {
  readonly #origin: URL;
  /** The number of exchanges that currently find no connection. */
  #knocking = 0;

  constructor(odooUrl: string) {
    this.#origin = new URL(odooUrl);
  }

  /** Whether Odoo refuses connections. */
  get isAway(): boolean {
    return this.#knocking > 0;
  }

  /**
   * Returns one result per call. Rejects with `odoo.unavailable`, `database.unavailable`, `odoo.channel`, `odoo.error` or
   * `answer.too_large`.
   */
  async carry(parcel: Parcel, patience: Patience): Promise<readonly CallResult[]> {
    /** A body whose connection was reset. It may have been executed, so it may only be sent again unchanged. */
    let doubtful: Sealed | undefined;
    let isKnocking = false;
    try {
      for (;;) {
        patience.onTry();
        const sealed = doubtful ?? seal(parcel);
        try {
          return await this.#send(parcel, sealed);
        } catch (error) {
          const why = error instanceof GatewayError ? error.cause : undefined;
          if (why instanceof ChannelRefused && (doubtful === undefined || isRepeatable(parcel))) {
            return await this.#introduceAgain(parcel);
          }
          const isReset = why instanceof ConnectionReset && doubtful === undefined;
          const hasTime = performance.now() + knockEveryMs < Math.min(patience.until, (doubtful?.at ?? Infinity) + takenForMs);
          if (!(isReset || why instanceof NotConnected) || !hasTime || !patience.isWanted()) {
            throw doubtful === undefined ? error : unavailable(parcel.path, true, error);
          }
          if (isReset) doubtful = sealed;
          if (!isKnocking) this.#knocking += 1;
          isKnocking = true;
          await delay(knockEveryMs);
        }
      }
    } finally {
      if (isKnocking) this.#knocking -= 1;
    }
  }

  /** Tries once, and does not wait beyond the deadline. */
  async carryAtOnce(parcel: Parcel): Promise<readonly CallResult[]> {
    try {
      return await this.#send(parcel, seal(parcel), 0);
    } catch (error) {
      if (!(error instanceof GatewayError && error.cause instanceof ChannelRefused)) throw error;
      return this.#introduceAgain(parcel, 0);
    }
  }

  /**
   * The cause of a refusal may be a changed secret or database identity. Odoo refuses before it runs any operation, so a second
   * try repeats nothing.
   */
  async #introduceAgain(parcel: Parcel, overtime = overtimeMs): Promise<readonly CallResult[]> {
    await parcel.database.reloadChannel();
    return this.#send(parcel, seal(parcel), overtime);
  }

  async #send(
    { path, database, calls, deadline, file }: Parcel,
    { body, signature }: Sealed,
    overtime = overtimeMs,
  ): Promise<readonly CallResult[]> {
    // The query serves only debugging: it puts the ids of the requests into Odoo's log line.
    const target = `${path}?request=${calls.map((call) => encodeURIComponent(call.request_id)).join(',')}`;
    const headers = [
      'Content-Type',
      'application/json',
      'X-Odoo-Database',
      database.name,
      'X-Gateway-Signature',
      `v1=${signature}`,
    ];
    const limitMs = Math.max(1, deadline - Date.now() + overtime);
    // The executor limits each answer, and starts no further call once the answers together reach that limit. This limit is a
    // safeguard in case the executor does not.
    const mostBytes = 2 * database.settings['answer.max_bytes'] + spareBytes;
    const carriesFile = path === '/gateway/content' || path === '/gateway/file';
    const sent = carriesFile ? `${body}\n` : body;
    const answer = await post(this.#origin, target, headers, sent, limitMs, mostBytes, file).catch((error: unknown) => {
      if (!(error instanceof AnswerTooLarge)) throw unavailable(path, !(error instanceof NotConnected), error);
      throw new GatewayError('answer.too_large', { cause: error, ...(isWriting(path) ? outcome(true) : {}) });
    });
    const { status, body: bytes } = answer;
    const end = carriesFile && status === 200 ? bytes.indexOf(lineEnd) : -1;
    const text = bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
    if (status !== 200) throw refusal(path, database, status, text);
    const results = parseResults(text, calls.some(hasMethod));
    return end < 0 ? results : results.map((result) => ({ ...result, file: bytes.subarray(end + 1) }));
  }
}

/** Whether a request to this path may write. If its answer is lost, it may then have written. */
export function isWriting(path: Path): boolean {
  return path === '/gateway/execute' || path === '/gateway/file';
}

/** Whether the body can be sent again without the risk that it writes twice. */
function isRepeatable({ path, calls }: Parcel): boolean {
  return !isWriting(path) || calls.every(({ idempotency }) => idempotency !== undefined);
}

function seal({ path, database, calls, deadline }: Parcel): Sealed {
  const { uuid, secret } = database.channel;
  const nonce = randomBytes(16).toString('base64url');
  const body = JSON.stringify({ v: 1, path, time: Date.now(), database: uuid, nonce, deadline, calls });
  return { at: performance.now(), body, signature: createHmac('sha256', secret).update(body).digest('hex') };
}

/** @param mayBeWritten whether a write may have happened nevertheless */
export function unavailable(path: Path, mayBeWritten: boolean, cause?: unknown): GatewayError {
  return new GatewayError('odoo.unavailable', { ...(isWriting(path) && outcome(mayBeWritten)), cause });
}

/** A status other than 200 is a fault of the installation. The start of Odoo's answer is logged; the caller gets no details. */
function refusal(path: Path, database: Addressee, status: number, text: string): GatewayError {
  const said = `Odoo answered ${status} on the internal channel: ${text.slice(0, 300)}`;
  const cause = new Error(said);
  const { reason, outcome: became } = reasonIn(text);
  // Odoo does not reach Postgres: Odoo's own text, or that of the gateway's addon.
  const isWithoutPostgres = reason === 'database.unavailable' || (status === 404 && text.includes('No database is selected'));
  database.log[isWithoutPostgres ? 'warn' : 'error']({ status }, said);
  if (isWithoutPostgres) {
    return new GatewayError('database.unavailable', {
      ...(isWriting(path) && outcome(became === 'unknown')),
      cause,
    });
  }
  if (status === 403) return new GatewayError('odoo.channel', { cause: new ChannelRefused(said) });
  if (status === 500 && reason !== undefined) return new GatewayError('odoo.error', { cause });
  // Odoo itself, or a proxy in front of it, has failed.
  return status >= 500 ? unavailable(path, true, cause) : new GatewayError('odoo.channel', { cause });
}

/** A refusal in the addon's format, which no other server uses. */
function reasonIn(text: string): { readonly reason?: unknown; readonly outcome?: unknown } {
  try {
    return (JSON.parse(text) as { error?: object } | null)?.error ?? {};
  } catch {
    return {};
  }
}

/** Methods may return any number; Odoo's own integers have 32 bits. */
function hasMethod({ operations }: Call): boolean {
  return operations.some(({ op }) => op === 'call');
}

function parseResults(text: string, mayHoldLarge: boolean): readonly CallResult[] {
  let answer: unknown;
  try {
    answer = mayHoldLarge ? parseExactly(text) : JSON.parse(text);
  } catch (error) {
    throw new GatewayError('odoo.channel', { cause: error });
  }
  const results = (answer as { results?: unknown } | null)?.results;
  if (!Array.isArray(results)) throw new GatewayError('odoo.channel', { cause: new Error('no results in the answer') });
  return results as CallResult[];
}
