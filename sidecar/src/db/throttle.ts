// The throttle's rows: what `gateway.take()` takes and gives.

import { GatewayError } from '../errors.ts';
import type { Queryable } from './pool.ts';

export const windows = ['minute', 'hour', 'day'] as const;
export type Window = (typeof windows)[number];
export type PerWindow = Readonly<Record<Window, number>>;

/** What the requests of one subject that travel together ask for. */
export interface Ask {
  readonly subject: string;
  /** A multiple of `cost`. */
  readonly asked: number;
  /** Of one request. */
  readonly cost: number;
  /** Most in each window, 0: no limit there. */
  readonly limits: PerWindow;
}

export interface Taken {
  /** Of what was asked; a multiple of `cost`. */
  readonly granted: number;
  /** Meaningless in a window without a limit. The receiver's own: it may count in it. */
  readonly left: Record<Window, number>;
  /** Milliseconds until the window starts again. */
  readonly resetMs: PerWindow;
}

const statement = {
  name: 'throttle_take',
  text: 'select gateway.take($1::text[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[]) as taken',
  timeoutMs: 2_000,
};

/**
 * `asks` name each subject once and are sorted by it, so that all sidecars lock rows in the same order.
 * Answers with one Taken for each, in their order.
 */
export async function takeThrottle(db: Queryable, asks: readonly Ask[]): Promise<Taken[]> {
  // Array literals: the driver's own conversion of arrays takes longer than Postgres needs for the statement.
  let [subjects, asked, costs, minute, hour, day, comma] = ['', '', '', '', '', '', ''];
  for (const ask of asks) {
    subjects += `${comma}"${ask.subject.replace(special, '\\$&')}"`;
    asked += comma + ask.asked;
    costs += comma + ask.cost;
    minute += comma + ask.limits.minute;
    hour += comma + ask.limits.hour;
    day += comma + ask.limits.day;
    comma = ',';
  }
  const values = [subjects, asked, costs, minute, hour, day].map((list) => `{${list}}`);
  const [row] = await db.query<{ taken: string }>(statement, values);
  if (row === undefined) throw new GatewayError('internal.error');
  return parseTaken(row.taken);
}

const special = /["\\]/g;

/** As JSON, which is parsed sooner than anything else: `{{1,59,60000,…},{…}}` has its shape but for the brackets. */
function parseTaken(literal: string): Taken[] {
  const rows: number[][] = JSON.parse(literal.replaceAll('{', '[').replaceAll('}', ']'));
  return rows.map(([granted = 0, minute = 0, minuteMs = 0, hour = 0, hourMs = 0, day = 0, dayMs = 0]) => ({
    granted,
    left: { minute, hour, day },
    resetMs: { minute: minuteMs, hour: hourMs, day: dayMs },
  }));
}
