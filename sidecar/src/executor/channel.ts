// The internal channel to Odoo. It signs bodies, limits how many of them are in Odoo at once, and has a limited queue for the
// others. Odoo answers HTTP/1.0, closes every connection and has a short backlog: if there were more exchanges at once than it has
// workers, its own users would have to wait. So each exchange keeps a slot until Odoo has finished it, even if the caller has
// disconnected or got a 504 meanwhile: the worker is still busy. Waiting calls take turns, by database, user and consumer, and no
// caller can block the others (`fair_queue.ts`, `caller_paces.ts`). A call is sent at once if a slot is free. Calls that have to
// wait are sent together where possible, which costs Odoo far less than separate exchanges. Reads can be sent together, each under
// its own user, unless they are known to be slow. So can one caller's creates or updates on one model: Odoo does them all at once,
// or one by one if that fails.

import type { KeyObject } from 'node:crypto';
import { asGatewayError, GatewayError } from '../errors.ts';
import { FairQueue } from '../fair_queue.ts';
import type { Log } from '../log.ts';
import type { DryRunReport, Grant } from '../pipeline/context.ts';
import type { IdempotencyToken } from './caller.ts';
import { CallerPaces } from './caller_paces.ts';
import { Exchanger, isWriting, unavailable } from './exchange.ts';
import type { FileToSend } from './http_post.ts';
import type { Operation } from './operations.ts';
import { outcome } from './outcome.ts';
import { SlotShares } from './slot_shares.ts';
import { SlowReads } from './slow_reads.ts';

export interface Call {
  readonly request_id: string;
  /** The id of the user; null only for a login. */
  readonly uid: number | null;
  readonly address: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly grant: Grant;
  readonly operations: readonly Operation[];
  readonly idempotency?: IdempotencyToken | undefined;
  readonly dry_run?: { readonly differences: boolean } | undefined;
  /** How many records its operations may create, change and delete together. */
  readonly max_affected?: number | undefined;
}

interface CallCost {
  readonly sql: number;
  /** How many milliseconds the call took in the ORM. */
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
  | (CallCost & {
      readonly ok: true;
      readonly results: readonly unknown[];
      readonly languages?: readonly string[];
      readonly replay?: true;
      /** The bytes after the answer, on paths that carry a file. */
      readonly file?: Buffer;
      readonly dry_run?: DryRunReport;
    })
  | (CallCost & { readonly ok: false; readonly error: CallError });

/** The result of a call, and how long each step took. */
export interface Delivery {
  readonly result: CallResult;
  readonly queueMs: number;
  readonly odooMs: number;
}

/** The first two carry JSON; the others carry a file after it. */
export type Path = '/gateway/read' | '/gateway/execute' | '/gateway/content' | '/gateway/file';

export interface ChannelOptions {
  readonly odooUrl: string;
  /** The number of exchanges that Odoo may be working on at once. */
  readonly slots: number;
  readonly mostQueued: number;
  readonly longestQueueMs: number;
}

/**
 * The most calls in one body. The executor accepts 32, but more than 16 save little, and the first caller waits for the last.
 */
const mostTogether = 16;
/**
 * A write with more records is not sent together with other writes, because its caller has already combined many records.
 */
const mostRecordsTogether = 10;
/**
 * The largest body of a call that is sent together with others. A larger call takes so much time and memory that a separate
 * exchange adds little.
 */
const mostBytesTogether = 65_536;
/** Odoo ends its work at the deadline and then reports the outcome, so the sidecar waits a moment longer. */
const lastWordMs = 1_000;

/** The part of a database that the channel needs. */
export interface Addressee {
  readonly name: string;
  readonly channel: { readonly uuid: string; readonly secret: KeyObject };
  readonly log: Log;
  readonly settings: { readonly 'answer.max_bytes': number };
  /** Reads the channel's secret again. */
  reloadChannel(): Promise<void>;
}

export interface Request {
  readonly path: Path;
  readonly database: Addressee;
  readonly call: Call;
  /**
   * The party that takes turns: a credential, an address if there is no credential, or `gateway:` with the name of a part of the
   * gateway.
   */
  readonly consumer: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** The size of the request's body. */
  readonly bytes?: number;
  /** Returns false if the caller has disconnected. A call that is still waiting is then not sent. */
  readonly isWanted: () => boolean;
  /** A file that is sent with the call. */
  readonly file?: FileToSend | undefined;
}

interface Waiting extends Request {
  /** The database and the user for which slots are counted; without a user, the consumer. */
  readonly caller: string;
  /** Calls of the same kind may be sent together; undefined: the call is sent by itself. */
  kind: string | undefined;
  readonly since: number;
  readonly deliver: (delivery: Delivery) => void;
  readonly fail: (error: GatewayError) => void;
  queueTimer: NodeJS.Timeout | undefined;
  /**
   * Set if the call was sent with others, and their answers left no room for its answer. The call is then sent again, by itself.
   */
  isAlone?: true;
}

export class OdooChannel {
  readonly #options: ChannelOptions;
  readonly #exchanger: Exchanger;
  readonly #queue: FairQueue<Waiting>;
  readonly #slowReads = new SlowReads();
  readonly #paces: CallerPaces;
  readonly #shares: SlotShares;
  #free: number;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#free = options.slots;
    this.#queue = new FairQueue(options.mostQueued);
    this.#paces = new CallerPaces(options.slots);
    this.#shares = new SlotShares(this.#paces);
    this.#exchanger = new Exchanger(options.odooUrl);
  }

  /** Delivers a call to Odoo. Rejects with `odoo.overloaded`, `odoo.timeout`, `odoo.unavailable` or `odoo.channel`. */
  async deliver(request: Request): Promise<Delivery> {
    const caller = callerOf(request);
    if (!request.consumer.startsWith('gateway:')) this.#paces.sees(caller);
    let deadlineTimer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Delivery>((deliver, fail) => {
        const since = performance.now();
        const waiting: Waiting = { ...request, caller, kind: undefined, since, deliver, fail, queueTimer: undefined };
        deadlineTimer = setTimeout(() => this.#giveUp(waiting, 'odoo.timeout'), request.deadline + lastWordMs - Date.now());
        if (this.#free > 0 && this.#queue.size === 0 && this.#shares.mayHoldMore(caller)) this.#send([waiting]);
        else this.#wait(waiting);
      });
    } finally {
      clearTimeout(deadlineTimer);
    }
  }

  /** Whether Odoo answers on the channel for a database. It uses no slot, so it also works under load. */
  async probe(database: Addressee): Promise<void> {
    const nobody: Call = {
      request_id: 'probe',
      uid: 2,
      address: '127.0.0.1',
      context: {},
      grant: { scopes: null, models: null },
      operations: [{ op: 'types', models: [] }],
    };
    await this.#exchanger.carryAtOnce({ path: '/gateway/read', database, calls: [nobody], deadline: Date.now() + 3_000 });
  }

  get load(): { readonly inFlight: number; readonly queued: number } {
    return { inFlight: this.#options.slots - this.#free, queued: this.#queue.size };
  }

  /** Rejects a call. If it was sent, it continues in Odoo and keeps its slot; if it is waiting, it is removed. */
  #giveUp(waiting: Waiting, reason: 'odoo.overloaded' | 'odoo.timeout'): void {
    const waited = this.#queue.delete(waiting);
    clearTimeout(waiting.queueTimer);
    if (reason === 'odoo.overloaded') waiting.fail(this.#overloaded(waiting));
    else waiting.fail(new GatewayError(reason, isWriting(waiting.path) ? outcome(!waited) : {}));
  }

  /** Puts the call into the queue. If the queue is full, the caller with the most calls loses one. */
  #wait(waiting: Waiting): void {
    waiting.kind = this.#kindOf(waiting);
    waiting.queueTimer = setTimeout(() => this.#giveUp(waiting, 'odoo.overloaded'), this.#options.longestQueueMs);
    const leaving = this.#queue.push([...pathOf(waiting), waiting.kind ?? ''], waiting);
    if (leaving !== undefined) this.#giveUp(leaving, 'odoo.overloaded');
    this.#sendWaiting();
  }

  /** The error for a call that was not sent. If the caller's own calls fill the queue, the message says so. */
  #overloaded(waiting: Waiting): GatewayError {
    if (this.#exchanger.isAway) return unavailable(waiting.path, false);
    const own = this.#queue.sizeOf(pathOf(waiting));
    return new GatewayError('odoo.overloaded', {
      message: own > 0 ? `Odoo is busy, and ${own} more of your requests are waiting. Send fewer at a time.` : undefined,
      details: {
        ...(isWriting(waiting.path) && outcome(false).details),
        ...(own > 0 && { waiting: own, places: this.#options.mostQueued }),
      },
    });
  }

  #sendWaiting(): void {
    while (this.#free > 0) {
      const next = this.#takeNext();
      if (next === undefined) return;
      this.#send(next);
    }
  }

  /** Takes a slot, and passes it to the next waiting call when Odoo has finished the exchange. */
  #send(batch: readonly [Waiting, ...Waiting[]]): void {
    this.#free -= 1;
    const giveBack = this.#shares.take(new Set(batch.map(({ caller }) => caller)));
    void this.#carry(batch).finally(() => {
      this.#free += 1;
      giveBack();
      this.#sendWaiting();
    });
  }

  /**
   * The next call in turn, with a slot's share of the calls that may be sent with it. For those calls, this counts as their
   * turn, too.
   */
  #takeNext(): [Waiting, ...Waiting[]] | undefined {
    const first = this.#takeWanted(({ caller }) => this.#shares.mayHoldMore(caller));
    if (first === undefined) return undefined;
    const batch: [Waiting, ...Waiting[]] = [first];
    if (first.kind !== undefined && !this.#isSlowRead(first)) {
      // If this slot took all waiting calls, the next slot would have nothing to send, and its worker would be idle.
      const share = Math.min(mostTogether, Math.ceil((this.#queue.size + 1) / this.#options.slots));
      const isLong = this.#paces.isLong(first.caller);
      const fits = (other: Waiting) => {
        if (other.kind !== first.kind || other.database !== first.database || this.#isSlowRead(other)) return false;
        return (
          other.caller === first.caller ||
          !(isLong || this.#paces.isLong(other.caller) || !this.#shares.mayHoldMore(other.caller))
        );
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

  #kindOf({ path, call, bytes = 0, isAlone }: Waiting): string | undefined {
    if (isAlone || bytes > mostBytesTogether) return undefined;
    if (path === '/gateway/read') return this.#slowReads.has(call.operations) ? undefined : 'read';
    return path === '/gateway/execute' ? kindOfWrite(call) : undefined;
  }

  /** A call may have turned out to be slow while it waited. */
  #isSlowRead({ path, call }: Request): boolean {
    return path === '/gateway/read' && this.#slowReads.has(call.operations);
  }

  async #carry(batch: readonly [Waiting, ...Waiting[]]): Promise<void> {
    const [{ path, database, file }] = batch;
    let sentAt = performance.now();
    try {
      const deadline = Math.max(...batch.map((waiting) => waiting.deadline));
      const calls = batch.map((waiting) => waiting.call);
      const results = await this.#exchanger.carry(
        { path, database, calls, deadline, file },
        {
          until: Math.max(...batch.map(({ since }) => since)) + this.#options.longestQueueMs,
          isWanted: () => batch.some((waiting) => waiting.isWanted()),
          onTry: () => {
            sentAt = performance.now();
          },
        },
      );
      const odooMs = performance.now() - sentAt;
      for (const [i, waiting] of batch.entries()) {
        const result = results[i];
        if (result === undefined) {
          waiting.fail(new GatewayError('odoo.channel', { cause: new Error('fewer results than calls') }));
        } else if (!result.ok && result.error.reason === 'channel.full') {
          waiting.isAlone = true;
          this.#wait(waiting);
        } else {
          if (path === '/gateway/read') this.#slowReads.record(waiting.call.operations, result.ms);
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
}

/** The party for which slots are counted: a user (all keys together), otherwise an address. */
function callerOf({ database, consumer, call }: Request): string {
  const isUsers = call.uid !== null && !consumer.startsWith('gateway:');
  return `${database.name}/${isUsers ? `user:${call.uid}` : consumer}`;
}

/** Databases take turns, then the users of each, then the consumers of each. */
function pathOf({ database, call, consumer }: Request): readonly string[] {
  return [database.name, String(call.uid), consumer];
}

/** Writes may run together if they have one caller, and one operation each that differs only in its records. */
function kindOfWrite({ uid, address, context, grant, operations, idempotency, dry_run, max_affected }: Call): string | undefined {
  const [operation] = operations;
  if (operation === undefined || operations.length > 1 || (idempotency ?? dry_run ?? max_affected) !== undefined)
    return undefined;
  if (operation.op !== 'create' && operation.op !== 'write') return undefined;
  if ('if_match' in operation && operation.if_match !== undefined) return undefined;
  const { op, model, fields } = operation;
  if ((op === 'create' ? operation.values : operation.ids).length > mostRecordsTogether) return undefined;
  return JSON.stringify([op, model, fields, uid, address, context, grant]);
}
