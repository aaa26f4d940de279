// The live figures of one database. Each sidecar publishes its newest counts, adds up the counts of all sidecars, and sends the
// sums to the browsers that watch. Figures are stored in Postgres before they are published, so the browsers can already read
// them there.

import { z } from 'zod';
import type { Database } from '../db/database.ts';
import { publish } from '../db/live.ts';
import type { Counted } from './figures.ts';
import type { Line, Passed } from './passing.ts';
import { lineShape, Passing, passedOf } from './passing.ts';

/** The number of all requests and of those with status 2xx to 5xx, milliseconds in the gateway and in Odoo, bytes sent. */
const tallyLength = 8;
type Tally = number[];

/** Traffic since the last message, for a watcher. Durations are sums in milliseconds. */
export interface LiveFigures {
  requests: number;
  class_2: number;
  class_3: number;
  class_4: number;
  class_5: number;
  gateway_ms: number;
  odoo_ms: number;
  bytes_out: number;
  /** A sample of the requests. */
  passed: Passed[];
}

/** Which requests a watcher has selected. Without a user and a consumer, all requests are selected. */
export interface Selection {
  readonly userId: number | undefined;
  readonly consumer: string | undefined;
}

/** A message in the format of Odoo's own WebSocket bus. Ids increase by one and belong to this sidecar. */
export interface LiveMessage {
  readonly id: number;
  readonly at: number;
  readonly total: Tally;
  readonly consumers: ReadonlyMap<string, Consumer>;
  readonly lines: readonly Line[];
}

interface Consumer {
  userId: number;
  tally: Tally;
}

/** A sidecar's message to the others, as JSON within the 8 kB of a notification. */
const published = z.object({
  i: z.string().max(64),
  /** The period of the counts, in milliseconds. */
  ms: z.number().positive(),
  t: z.array(z.number()).length(tallyLength),
  c: z.array(z.tuple([z.string().max(100), z.int(), z.array(z.number()).length(tallyLength)])).max(200),
  /** Earlier versions of the sidecar do not send it. */
  r: z.array(lineShape).max(50).default([]),
});

const mostCharacters = 7_500;
/** Counts published within this time are sent in one message. */
const gatherMs = 50;
const mostKept = 600;
const shortestMs = 200;
/** A sidecar that has published nothing for this long has no traffic. */
const currentMs = 2_500;

export class Push {
  readonly #database: Database;
  readonly #instance: string;
  readonly #onMessage: (message: LiveMessage) => void;
  /** Counts of this sidecar that are not published yet. */
  #counted = new Map<string, Consumer>();
  #total: Tally = zeros();
  readonly #passing = new Passing();
  #cutAt = performance.now();
  /** Counts received from all sidecars but not sent to browsers yet. */
  #heard = new Map<string, Consumer>();
  #heardTotal: Tally = zeros();
  #heardLines: Line[] = [];
  #telling: NodeJS.Timeout | undefined;
  #lastId = 0;
  readonly #kept: LiveMessage[] = [];
  readonly #rates = new Map<string, { at: number; perSecond: number; consumers: ReadonlyMap<string, [number, number]> }>();

  constructor(database: Database, instance: string, onMessage: (message: LiveMessage) => void) {
    this.#database = database;
    this.#instance = instance;
    this.#onMessage = onMessage;
    database.onLive((payload) => this.#hear(payload));
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Called once for each answered request. */
  count(counted: Counted): void {
    const { consumer, status, gatewayMs, odooMs, bytesOut } = counted;
    this.#passing.see(counted);
    const own = this.#counted.get(consumer.consumer) ?? { userId: consumer.user_id ?? 0, tally: zeros() };
    this.#counted.set(consumer.consumer, own);
    const place = Math.floor(status / 100) - 1;
    for (const tally of [own.tally, this.#total]) {
      raise(tally, 0, 1);
      if (place >= 1 && place <= 4) raise(tally, place, 1);
      raise(tally, 5, gatewayMs);
      raise(tally, 6, odooMs);
      raise(tally, 7, bytesOut);
    }
  }

  /** Takes the current counts. The returned function publishes them. */
  cut(): () => void {
    const consumers = this.#counted;
    const total = this.#total;
    const now = performance.now();
    const ms = Math.max(shortestMs, now - this.#cutAt);
    this.#cutAt = now;
    if (total[0] === 0) return () => {};
    this.#counted = new Map();
    this.#total = zeros();
    const lines = this.#passing.take();
    return () => {
      publish(this.#database, this.#payload(ms, total, consumers, lines)).catch((error: unknown) => {
        this.#database.log.warn({ err: error }, 'live figures not published');
      });
    };
  }

  /** The messages after `id`; undefined if `id` is too old, or is not an id of this sidecar. */
  since(id: number): readonly LiveMessage[] | undefined {
    if (id > this.#lastId || id < this.#lastId - this.#kept.length) return undefined;
    return this.#kept.slice(this.#kept.length - (this.#lastId - id));
  }

  /** The current requests per second of all sidecars. */
  perSecond({ userId, consumer }: Selection): number {
    const now = performance.now();
    let sum = 0;
    for (const [instance, rate] of this.#rates) {
      if (now - rate.at > currentMs) this.#rates.delete(instance);
      else if (userId === undefined && consumer === undefined) sum += rate.perSecond;
      else {
        for (const [name, [user, perSecond]] of rate.consumers) {
          if ((consumer ?? name) === name && (userId ?? user) === user) sum += perSecond;
        }
      }
    }
    return Math.round(sum * 10) / 10;
  }

  stop(): void {
    clearTimeout(this.#telling);
  }

  /** The busiest consumers, as many as fit; the total includes all of them. */
  #payload(ms: number, total: Tally, consumers: ReadonlyMap<string, Consumer>, lines: readonly string[]): string {
    const busiest = [...consumers].sort(([, a], [, b]) => (b.tally[0] ?? 0) - (a.tally[0] ?? 0)).slice(0, 200);
    const counts = JSON.stringify({ i: this.#instance, ms: Math.round(ms), t: total.map(Math.round) });
    const head = `${counts.slice(0, -1)},"r":[${lines.join(',')}]}`;
    const entries: string[] = [];
    let left = mostCharacters - head.length;
    for (const [name, { userId, tally }] of busiest) {
      const entry = JSON.stringify([name, userId, tally.map(Math.round)]);
      left -= entry.length + 1;
      if (left < 0) break;
      entries.push(entry);
    }
    return `${head.slice(0, -1)},"c":[${entries.join(',')}]}`;
  }

  #hear(payload: string): void {
    const { data } = published.safeParse(parse(payload));
    if (data === undefined) return;
    const perSecond = (tally: Tally) => ((tally[0] ?? 0) * 1_000) / data.ms;
    add(this.#heardTotal, data.t);
    for (const [name, userId, tally] of data.c) {
      const known = this.#heard.get(name) ?? { userId, tally: zeros() };
      this.#heard.set(name, known);
      add(known.tally, tally);
    }
    this.#heardLines.push(...data.r);
    this.#rates.set(data.i, {
      at: performance.now(),
      perSecond: perSecond(data.t),
      consumers: new Map(data.c.map(([name, userId, tally]) => [name, [userId, perSecond(tally)]])),
    });
    this.#telling ??= setTimeout(() => this.#tell(), gatherMs).unref();
  }

  #tell(): void {
    this.#telling = undefined;
    this.#lastId += 1;
    const heard = { total: this.#heardTotal, consumers: this.#heard, lines: this.#heardLines };
    const message = { id: this.#lastId, at: Date.now(), ...heard };
    this.#heardTotal = zeros();
    this.#heard = new Map();
    this.#heardLines = [];
    this.#kept.push(message);
    if (this.#kept.length > mostKept) this.#kept.shift();
    this.#onMessage(message);
  }
}

/** The part of a message that matches a selection; undefined if nothing matches. */
export function figuresOf({ total, consumers, lines }: LiveMessage, { userId, consumer }: Selection): LiveFigures | undefined {
  let tally = total;
  if (userId !== undefined || consumer !== undefined) {
    tally = zeros();
    for (const [name, entry] of consumers) {
      if ((consumer ?? name) === name && (userId ?? entry.userId) === entry.userId) add(tally, entry.tally);
    }
  }
  const [requests = 0, class_2 = 0, class_3 = 0, class_4 = 0, class_5 = 0, gateway_ms = 0, odoo_ms = 0, bytes_out = 0] = tally;
  if (requests === 0) return undefined;
  const passed = lines.filter(([, name, user]) => (consumer ?? name) === name && (userId ?? user) === user).map(passedOf);
  return { requests, class_2, class_3, class_4, class_5, gateway_ms, odoo_ms, bytes_out, passed };
}

function zeros(): Tally {
  return new Array<number>(tallyLength).fill(0);
}

function add(sum: Tally, other: Tally): void {
  for (const [place, value] of other.entries()) raise(sum, place, value);
}

function raise(tally: Tally, place: number, by: number): void {
  tally[place] = (tally[place] ?? 0) + by;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
