// The internal channel to Odoo: signed bodies, a bounded number of them in Odoo's hands, a bounded queue in front.
//
// Odoo answers HTTP/1.0, closes every connection and has a short backlog: more exchanges at once than its workers can
// take only make its own users wait. So each exchange holds a slot, and holds it until Odoo has ended it, also when the
// caller has left or been told that it took too long: the worker is still busy. Those who wait take turns, by database,
// user and consumer, and no one holds what it takes to let the others through (`fair_queue.ts`, `caller_paces.ts`).
//
// A call is sent at once while a slot is free. Those that have to wait travel together where they can, which costs Odoo a
// fraction of as many exchanges: reads, each under its own user, but for those that are known to take long; and creates or
// updates of one caller on one model, which Odoo does in one go, or one by one if that fails.

import type { KeyObject } from 'node:crypto';
import { createHmac, randomBytes } from 'node:crypto';
import type { ErrorOptions } from '../errors.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import { FairQueue } from '../fair_queue.ts';
import type { Log } from '../log.ts';
import type { Grant } from '../pipeline/context.ts';
import type { IdempotencyToken } from './caller.ts';
import { CallerPaces } from './caller_paces.ts';
import { AnswerTooLarge, post } from './http_post.ts';
import type { Operation } from './operations.ts';
import { SlowReads } from './slow_reads.ts';

export interface Call {
  readonly request_id: string;
  /** Null for a login alone. */
  readonly uid: number | null;
  readonly address: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly grant: Grant;
  readonly operations: readonly Operation[];
  readonly idempotency?: IdempotencyToken | undefined;
}

interface CallCost {
  readonly sql: number;
  /** In the ORM. */
  readonly ms: number;
  readonly retries: number;
}

export interface CallError {
  readonly reason: string;
  readonly message: string;
  readonly operation?: number;
  readonly exception?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly traceback?: string;
}

export type CallResult =
  | (CallCost & { readonly ok: true; readonly results: readonly unknown[]; readonly replay?: true })
  | (CallCost & { readonly ok: false; readonly error: CallError });

/** What a call gave, and where its time went. */
export interface Delivery {
  readonly result: CallResult;
  readonly queueMs: number;
  readonly odooMs: number;
}

export type Path = '/gateway/read' | '/gateway/execute';

export interface ChannelOptions {
  readonly odooUrl: string;
  /** Exchanges in Odoo's hands at once. */
  readonly slots: number;
  readonly mostQueued: number;
  readonly longestQueueMs: number;
}

/** The executor takes 32; beyond 16 a body saves little and the first of its callers waits for the last. */
const mostTogether = 16;
/** Records of a write that may travel with others: who sends a hundred at once has put them together already. */
const mostRecordsTogether = 10;
/** Odoo ends its work at the deadline and says what became of it: worth waiting a moment for. */
const lastWordMs = 1_000;
/** What the form of an answer takes beside its results. */
const spareBytes = 1_048_576;
/** How long a slot waits for an Odoo that has outlived a deadline; its workers end themselves after two minutes. */
const overtimeMs = 120_000;

/** The database that a body is written for, as far as the channel is concerned. */
export interface Addressee {
  readonly name: string;
  readonly channel: { readonly uuid: string; readonly secret: KeyObject };
  readonly log: Log;
  readonly settings: { readonly 'answer.max_bytes': number };
  /** Reads `channel` anew. */
  reloadChannel(): Promise<void>;
}

export interface Request {
  readonly path: Path;
  readonly database: Addressee;
  readonly call: Call;
  /** Whose turn it is to be: a credential, an address without one, or `gateway:` and what of its own asks. */
  readonly consumer: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** False when the caller has left: what still waits then is not sent. */
  readonly isWanted: () => boolean;
}

interface Waiting extends Request {
  /** Database and consumer. */
  readonly caller: string;
  /** Calls of the same kind may travel together; undefined: it travels alone. */
  kind: string | undefined;
  readonly since: number;
  readonly deliver: (delivery: Delivery) => void;
  readonly fail: (error: GatewayError) => void;
  queueTimer: NodeJS.Timeout | undefined;
  /** Travelled with others whose answers left no room for its own. */
  isAlone?: true;
}

export class OdooChannel {
  readonly #options: ChannelOptions;
  readonly #origin: URL;
  readonly #queue: FairQueue<Waiting>;
  readonly #slowReads = new SlowReads();
  readonly #paces: CallerPaces;
  /** Slots of each caller that has some. */
  readonly #held = new Map<string, number>();
  #free: number;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#free = options.slots;
    this.#queue = new FairQueue(options.mostQueued);
    this.#paces = new CallerPaces(options.slots);
    this.#origin = new URL(options.odooUrl);
  }

  /** Rejects with `odoo.overloaded`, `odoo.timeout`, `odoo.unavailable` or `odoo.channel`. */
  async deliver(request: Request): Promise<Delivery> {
    const caller = callerOf(request);
    if (!request.consumer.startsWith('gateway:')) this.#paces.sees(caller);
    let deadlineTimer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Delivery>((deliver, fail) => {
        const since = performance.now();
        const waiting: Waiting = { ...request, caller, kind: undefined, since, deliver, fail, queueTimer: undefined };
        deadlineTimer = setTimeout(() => this.#giveUp(waiting, 'odoo.timeout'), request.deadline + lastWordMs - Date.now());
        if (this.#free > 0 && this.#queue.size === 0 && this.#mayHoldMore(caller)) this.#send([waiting]);
        else this.#wait(waiting);
      });
    } finally {
      clearTimeout(deadlineTimer);
    }
  }

  /** Whether Odoo's end of the channel answers for a database; outside the slots, so that it tells under load, too. */
  async probe(database: Addressee): Promise<void> {
    const nobody: Call = {
      request_id: 'probe',
      uid: 2,
      address: '127.0.0.1',
      context: {},
      grant: { scopes: null, models: null },
      operations: [{ op: 'types', models: [] }],
    };
    await this.#exchange('/gateway/read', database, [nobody], Date.now() + 3_000, 3_000);
  }

  get load(): { readonly inFlight: number; readonly queued: number } {
    return { inFlight: this.#options.slots - this.#free, queued: this.#queue.size };
  }

  /** What was sent goes on in Odoo and keeps its slot; what waits is taken out. */
  #giveUp(waiting: Waiting, reason: 'odoo.overloaded' | 'odoo.timeout'): void {
    const waited = this.#queue.delete(waiting);
    clearTimeout(waiting.queueTimer);
    if (reason === 'odoo.overloaded') waiting.fail(this.#overloaded(waiting));
    else waiting.fail(new GatewayError(reason, waiting.path === '/gateway/execute' ? outcome(!waited) : {}));
  }

  /** Puts it into the queue; who has most there gives way when all places are taken. */
  #wait(waiting: Waiting): void {
    waiting.kind = this.#kindOf(waiting);
    waiting.queueTimer = setTimeout(() => this.#giveUp(waiting, 'odoo.overloaded'), this.#options.longestQueueMs);
    const leaving = this.#queue.push([...pathOf(waiting), waiting.kind ?? ''], waiting);
    if (leaving !== undefined) this.#giveUp(leaving, 'odoo.overloaded');
    this.#sendWaiting();
  }

  /** It was not sent. Whose own calls fill the queue is told so. */
  #overloaded(waiting: Waiting): GatewayError {
    const own = this.#queue.sizeOf(pathOf(waiting));
    return new GatewayError('odoo.overloaded', {
      message: own > 0 ? `Odoo is busy, and ${own} more of your requests wait for it. Send fewer at a time.` : undefined,
      details: {
        ...(waiting.path === '/gateway/execute' && outcome(false).details),
        ...(own > 0 && { waiting: own, places: this.#options.mostQueued }),
      },
    });
  }

  #mayHoldMore(caller: string): boolean {
    const held = this.#held.get(caller);
    return held === undefined || held < this.#paces.mostSlots(caller);
  }

  #sendWaiting(): void {
    while (this.#free > 0) {
      const next = this.#takeNext();
      if (next === undefined) return;
      this.#send(next);
    }
  }

  /** Takes a slot, and gives it to whoever waits when Odoo has ended the exchange. */
  #send(batch: readonly [Waiting, ...Waiting[]]): void {
    this.#free -= 1;
    const callers = new Set(batch.map(({ caller }) => caller));
    for (const caller of callers) this.#held.set(caller, (this.#held.get(caller) ?? 0) + 1);
    void this.#carry(batch).finally(() => {
      this.#free += 1;
      for (const caller of callers) {
        const left = (this.#held.get(caller) ?? 1) - 1;
        if (left > 0) this.#held.set(caller, left);
        else this.#held.delete(caller);
      }
      this.#sendWaiting();
    });
  }

  /** Whose turn it is, with a slot's share of those that it may travel with, who take their turn by it. */
  #takeNext(): [Waiting, ...Waiting[]] | undefined {
    const first = this.#takeWanted(({ caller }) => this.#mayHoldMore(caller));
    if (first === undefined) return undefined;
    const batch: [Waiting, ...Waiting[]] = [first];
    if (first.kind !== undefined && !this.#isSlowRead(first)) {
      // All of them at once would leave the next slot with nothing, and its worker idle.
      const share = Math.min(mostTogether, Math.ceil((this.#queue.size + 1) / this.#options.slots));
      const isLong = this.#paces.isLong(first.caller);
      const fits = (other: Waiting) => {
        if (other.kind !== first.kind || other.database !== first.database || this.#isSlowRead(other)) return false;
        return other.caller === first.caller || !(isLong || this.#paces.isLong(other.caller) || !this.#mayHoldMore(other.caller));
      };
      while (batch.length < share) {
        const other = this.#takeWanted(fits);
        if (other === undefined) break;
        batch.push(other);
      }
    }
    for (const waiting of batch) clearTimeout(waiting.queueTimer);
    return batch;
  }

  #takeWanted(accepts: (first: Waiting) => boolean): Waiting | undefined {
    let next = this.#queue.take(accepts);
    while (next !== undefined && !next.isWanted()) {
      this.#giveUp(next, 'odoo.timeout');
      next = this.#queue.take(accepts);
    }
    return next;
  }

  #kindOf({ path, call, isAlone }: Waiting): string | undefined {
    if (isAlone) return undefined;
    if (path === '/gateway/read') return this.#slowReads.has(call.operations) ? undefined : 'read';
    return kindOfWrite(call);
  }

  /** It may have become known as slow while it waited. */
  #isSlowRead({ path, call }: Request): boolean {
    return path === '/gateway/read' && this.#slowReads.has(call.operations);
  }

  async #carry(batch: readonly [Waiting, ...Waiting[]]): Promise<void> {
    const [first] = batch;
    const sentAt = performance.now();
    try {
      const deadline = Math.max(...batch.map((waiting) => waiting.deadline));
      const calls = batch.map((waiting) => waiting.call);
      const results = await this.#exchangeTwice(first.path, first.database, calls, deadline);
      const odooMs = performance.now() - sentAt;
      for (const [i, waiting] of batch.entries()) {
        const result = results[i];
        if (result === undefined) {
          waiting.fail(new GatewayError('odoo.channel', { cause: new Error('fewer results than calls') }));
        } else if (!result.ok && result.error.reason === 'channel.full') {
          waiting.isAlone = true;
          this.#wait(waiting);
        } else {
          if (first.path === '/gateway/read') this.#slowReads.record(waiting.call.operations, result.ms);
          this.#paces.record(waiting.caller, result.ms);
          waiting.deliver({ result, queueMs: sentAt - waiting.since, odooMs });
        }
      }
    } catch (error) {
      const odooMs = performance.now() - sentAt;
      for (const waiting of batch) {
        this.#paces.record(waiting.caller, odooMs / batch.length);
        waiting.fail(asGatewayError(error));
      }
    }
  }

  /**
   * A refusal may only mean that the secret or the database's identity is no longer what it was. It comes before any
   * operation, so a second try repeats nothing.
   */
  async #exchangeTwice(
    path: Path,
    database: Addressee,
    calls: readonly Call[],
    deadline: number,
  ): Promise<readonly CallResult[]> {
    const limitMs = deadline - Date.now() + overtimeMs;
    try {
      return await this.#exchange(path, database, calls, deadline, limitMs);
    } catch (error) {
      if (!(error instanceof GatewayError && error.cause instanceof ChannelRefused)) throw error;
      await database.reloadChannel();
      return this.#exchange(path, database, calls, deadline, limitMs);
    }
  }

  async #exchange(
    path: Path,
    database: Addressee,
    calls: readonly Call[],
    deadline: number,
    limitMs: number,
  ): Promise<readonly CallResult[]> {
    const { uuid, secret } = database.channel;
    const nonce = randomBytes(16).toString('base64url');
    const body = JSON.stringify({ v: 1, path, time: Date.now(), database: uuid, nonce, deadline, calls });
    // The query is for people: with it, Odoo's line about this request in its log names those it carried.
    const target = `${path}?request=${calls.map((call) => encodeURIComponent(call.request_id)).join(',')}`;
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = [
      'Content-Type',
      'application/json',
      'X-Odoo-Database',
      database.name,
      'X-Gateway-Signature',
      `v1=${signature}`,
    ];
    // Odoo's end bounds each call's answer, and lets no other begin once they are as large together: this is for one that
    // does neither.
    const mostBytes = 2 * database.settings['answer.max_bytes'] + spareBytes;
    const { status, text } = await post(this.#origin, target, headers, body, limitMs, mostBytes).catch((error: unknown) => {
      if (!(error instanceof AnswerTooLarge)) throw new GatewayError('odoo.unavailable', { cause: error });
      throw new GatewayError('answer.too_large', { cause: error, ...(path === '/gateway/execute' ? outcome(true) : {}) });
    });
    if (status === 200) return parseResults(text);
    throw this.#refusal(database, status, text);
  }

  /** Anything but 200 is a fault of the installation: told to the log in full, to the caller not at all. */
  #refusal(database: Addressee, status: number, text: string): GatewayError {
    const said = `Odoo answered ${status} on the internal channel: ${text.slice(0, 300)}`;
    database.log.error({ status }, said);
    if (status === 403) return new GatewayError('odoo.channel', { cause: new ChannelRefused(said) });
    if (status === 500) return new GatewayError('odoo.error', { cause: new Error(said) });
    // 502 to 504 come from a proxy in front of Odoo.
    return new GatewayError(status > 500 ? 'odoo.unavailable' : 'odoo.channel', { cause: new Error(said) });
  }
}

/** Under whom slots are counted: a user with all of its keys, else nobody's address. */
function callerOf({ database, consumer, call }: Request): string {
  const isUsers = call.uid !== null && !consumer.startsWith('gateway:');
  return `${database.name}/${isUsers ? `user:${call.uid}` : consumer}`;
}

/** Databases take turns, in each its users, of each its consumers. */
function pathOf({ database, call, consumer }: Request): readonly string[] {
  return [database.name, String(call.uid), consumer];
}

/** All that Odoo's end asks of writes to run together: one caller, and one operation each, alike but for its records. */
function kindOfWrite({ uid, address, context, grant, operations, idempotency }: Call): string | undefined {
  const [operation] = operations;
  if (operation === undefined || operations.length > 1 || idempotency !== undefined) return undefined;
  if (operation.op !== 'create' && operation.op !== 'write') return undefined;
  const { op, model, fields } = operation;
  if ((op === 'create' ? operation.values : operation.ids).length > mostRecordsTogether) return undefined;
  return JSON.stringify([op, model, fields, uid, address, context, grant]);
}

/** What the caller of a write that was not finished in time must know before it tries again. */
export function outcome(isUnknown: boolean): ErrorOptions {
  if (!isUnknown) return { details: { outcome: 'nothing_written' } };
  const message =
    'Odoo did not answer in time and may still write. The same request with the same Idempotency-Key tells; without one, look first.';
  return { message, details: { outcome: 'unknown' } };
}

/** Odoo's end did not believe the body, and did nothing. */
class ChannelRefused extends Error {}

function parseResults(text: string): readonly CallResult[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new GatewayError('odoo.channel', { cause: error });
  }
  const results = (answer as { results?: unknown } | null)?.results;
  if (!Array.isArray(results)) throw new GatewayError('odoo.channel', { cause: new Error('no results in the answer') });
  return results as CallResult[];
}
