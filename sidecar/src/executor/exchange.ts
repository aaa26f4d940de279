// One body of calls, carried to Odoo and back: signed, sent once, and what became of it.
//
// While Odoo refuses connections, as in a restart, an exchange knocks until the time that its calls have in the queue is
// over. What may have reached Odoo is not sent again, unless its nonce makes sure that it happens once.

import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import { parseExactly } from '../json.ts';
import type { Addressee, Call, CallResult, Path } from './channel.ts';
import { AnswerTooLarge, ConnectionReset, NotConnected, post } from './http_post.ts';
import { outcome } from './outcome.ts';

export interface Parcel {
  readonly path: Path;
  readonly database: Addressee;
  readonly calls: readonly Call[];
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

export interface Patience {
  /** On the monotonic clock: until when a refused connection is tried again. */
  readonly until: number;
  readonly isWanted: () => boolean;
  /** Before each try. */
  readonly onTry: () => void;
}

const knockEveryMs = 100;
/** A body that was reset may be sent again under its nonce: Odoo's end takes it for 30 seconds. */
const takenForMs = 20_000;
/** What the form of an answer takes beside its results. */
const spareBytes = 1_048_576;
/** How long an Odoo that has outlived a deadline is waited for; its workers end themselves after two minutes. */
const overtimeMs = 120_000;

interface Sealed {
  readonly at: number;
  readonly body: string;
  readonly signature: string;
}

/** Odoo's end did not believe the body, and did nothing. */
class ChannelRefused extends Error {}

export class Exchanger {
  readonly #origin: URL;
  /** Exchanges that find no connection at the moment. */
  #knocking = 0;

  constructor(odooUrl: string) {
    this.#origin = new URL(odooUrl);
  }

  /** Whether Odoo refuses connections. */
  get isAway(): boolean {
    return this.#knocking > 0;
  }

  /** One result per call. Rejects with `odoo.unavailable`, `database.unavailable`, `odoo.channel`, `odoo.error` or `answer.too_large`. */
  async carry(parcel: Parcel, patience: Patience): Promise<readonly CallResult[]> {
    /** Reset once, and perhaps carried out: it may only be sent as it was. */
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

  /** Without patience: not for a connection, nor beyond the deadline. */
  async carryAtOnce(parcel: Parcel): Promise<readonly CallResult[]> {
    try {
      return await this.#send(parcel, seal(parcel), 0);
    } catch (error) {
      if (!(error instanceof GatewayError && error.cause instanceof ChannelRefused)) throw error;
      return this.#introduceAgain(parcel, 0);
    }
  }

  /**
   * A refusal may only mean that the secret or the database's identity is no longer what it was. It comes before any
   * operation, so a second try repeats nothing.
   */
  async #introduceAgain(parcel: Parcel, overtime = overtimeMs): Promise<readonly CallResult[]> {
    await parcel.database.reloadChannel();
    return this.#send(parcel, seal(parcel), overtime);
  }

  async #send(
    { path, database, calls, deadline }: Parcel,
    { body, signature }: Sealed,
    overtime = overtimeMs,
  ): Promise<readonly CallResult[]> {
    // The query is for people: with it, Odoo's line about this request in its log names those it carried.
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
    // Odoo's end bounds each call's answer, and lets no other begin once they are as large together: this is for one that
    // does neither.
    const mostBytes = 2 * database.settings['answer.max_bytes'] + spareBytes;
    const { status, text } = await post(this.#origin, target, headers, body, limitMs, mostBytes).catch((error: unknown) => {
      if (!(error instanceof AnswerTooLarge)) throw unavailable(path, !(error instanceof NotConnected), error);
      throw new GatewayError('answer.too_large', { cause: error, ...(path === '/gateway/execute' ? outcome(true) : {}) });
    });
    if (status === 200) return parseResults(text, calls.some(hasMethod));
    throw refusal(path, database, status, text);
  }
}

/** Whether a second time writes nothing twice. */
function isRepeatable({ path, calls }: Parcel): boolean {
  return path === '/gateway/read' || calls.every(({ idempotency }) => idempotency !== undefined);
}

function seal({ path, database, calls, deadline }: Parcel): Sealed {
  const { uuid, secret } = database.channel;
  const nonce = randomBytes(16).toString('base64url');
  const body = JSON.stringify({ v: 1, path, time: Date.now(), database: uuid, nonce, deadline, calls });
  return { at: performance.now(), body, signature: createHmac('sha256', secret).update(body).digest('hex') };
}

/** @param mayBeWritten whether a write may have happened all the same */
export function unavailable(path: Path, mayBeWritten: boolean, cause?: unknown): GatewayError {
  return new GatewayError('odoo.unavailable', { ...(path === '/gateway/execute' && outcome(mayBeWritten)), cause });
}

/** Anything but 200 is a fault of the installation: the log has all of it, the caller nothing. */
function refusal(path: Path, database: Addressee, status: number, text: string): GatewayError {
  const said = `Odoo answered ${status} on the internal channel: ${text.slice(0, 300)}`;
  const cause = new Error(said);
  const { reason, outcome: became } = reasonIn(text);
  // Odoo reaches no Postgres: what it says itself, and what the gateway's addon says when it came that far.
  const isWithoutPostgres = reason === 'database.unavailable' || (status === 404 && text.includes('No database is selected'));
  database.log[isWithoutPostgres ? 'warn' : 'error']({ status }, said);
  if (isWithoutPostgres) {
    return new GatewayError('database.unavailable', {
      ...(path === '/gateway/execute' && outcome(became === 'unknown')),
      cause,
    });
  }
  if (status === 403) return new GatewayError('odoo.channel', { cause: new ChannelRefused(said) });
  if (status === 500 && reason !== undefined) return new GatewayError('odoo.error', { cause });
  // Odoo itself, or a proxy in front of it, has failed.
  return status >= 500 ? unavailable(path, true, cause) : new GatewayError('odoo.channel', { cause });
}

/** A refusal as the addon words it; no other server answers in this form. */
function reasonIn(text: string): { readonly reason?: unknown; readonly outcome?: unknown } {
  try {
    return (JSON.parse(text) as { error?: object } | null)?.error ?? {};
  } catch {
    return {};
  }
}

/** Methods may give any number; Odoo's own whole numbers have 32 bits. */
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
