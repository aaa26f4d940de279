// The throttle's rows, charged by `gateway.take()`.

import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';
import { quoted } from './quoted.ts';

export const windows = ['minute', 'hour', 'day'] as const;
export type Window = (typeof windows)[number];
export type PerWindow = Readonly<Record<Window, number>>;

/** A combined charge for requests of one subject. */
export interface Ask {
  readonly subject: string;
  /** The requested units, a multiple of `cost`. */
  readonly asked: number;
  /** The cost of one request. */
  readonly cost: number;
  /** The limit of each window; 0: no limit. */
  readonly limits: PerWindow;
  /** The last known `ctid` of the row. It makes finding the row faster, but the row may have moved. */
  readonly place?: string | undefined;
}

export interface Taken {
  /** The granted units, a multiple of `cost`. */
  readonly granted: number;
  /** Meaningless for a window without a limit. The receiver owns this object and may change it. */
  readonly left: Record<Window, number>;
  /** Milliseconds until the window starts again. */
  readonly resetMs: PerWindow;
  /** The `ctid` of the row, if only one subject was requested. */
  readonly place?: string | undefined;
}

const statement = {
  name: 'throttle_take',
  text: 'select gateway.take($1::text[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::tid) as taken',
  timeoutMs: 2_000,
};

/**
 * `asks` contains each subject once and is sorted by subject, so that all sidecars lock rows in the same order. Returns one Taken
 * for each, in the same order.
 */
export async function takeThrottle(db: Queryable, asks: readonly Ask[]): Promise<Taken[]> {
  // This builds array literals, because converting arrays in the driver takes longer than the statement in Postgres.
  let [subjects, asked, costs, minute, hour, day, comma] = ['', '', '', '', '', '', ''];
  for (const ask of asks) {
    subjects += comma + quoted(ask.subject);
    asked += comma + ask.asked;
    costs += comma + ask.cost;
    minute += comma + ask.limits.minute;
    hour += comma + ask.limits.hour;
    day += comma + ask.limits.day;
    comma = ',';
  }
  const values: (string | null)[] = [subjects, asked, costs, minute, hour, day].map((list) => `{${list}}`);
  values.push((asks.length === 1 && asks[0]?.place) || null);
  const [row] = await db.query<{ taken: string }>(statement, values);
  if (row === undefined) throw new GatewayError('internal.error');
  return parseTaken(row.taken);
}

/**
 * Parses the result as JSON, which is the fastest way: `{{1,59,60000,…},{…}}(12,5)` is JSON except for the brackets and the
 * `ctid`.
 */
function parseTaken(literal: string): Taken[] {
  const end = literal.lastIndexOf('}') + 1;
  const place = literal.slice(end) || undefined;
  const rows: number[][] = JSON.parse(literal.slice(0, end).replaceAll('{', '[').replaceAll('}', ']'));
  return rows.map(([granted = 0, minute = 0, minuteMs = 0, hour = 0, hourMs = 0, day = 0, dayMs = 0]) => ({
    granted,
    left: { minute, hour, day },
    resetMs: { minute: minuteMs, hour: hourMs, day: dayMs },
    place,
  }));
}
