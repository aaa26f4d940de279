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
  /** Meaningless in a window without a limit. */
  readonly left: PerWindow;
  /** Milliseconds until the window starts again. */
  readonly resetMs: PerWindow;
}

const statement = {
  name: 'throttle_take',
  text: `
    select granted, minute_left, minute_ms, hour_left, hour_ms, day_left, day_ms
    from gateway.take($1::text[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[])`,
  timeoutMs: 2_000,
};

type Row = Record<'granted' | `${Window}_left` | `${Window}_ms`, string>;

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
  const [row] = await db.query<Row>(statement, values);
  if (row === undefined) throw new GatewayError('internal.error');
  const granted = numbers(row.granted);
  const left = columns(row.minute_left, row.hour_left, row.day_left);
  const resetMs = columns(row.minute_ms, row.hour_ms, row.day_ms);
  return granted.map((amount, index) => ({ granted: amount, left: left(index), resetMs: resetMs(index) }));
}

const special = /["\\]/g;

function numbers(literal: string): number[] {
  return literal.slice(1, -1).split(',').map(Number);
}

function columns(minutes: string, hours: string, days: string): (index: number) => PerWindow {
  const [minute, hour, day] = [numbers(minutes), numbers(hours), numbers(days)];
  return (index) => ({ minute: minute[index] ?? 0, hour: hour[index] ?? 0, day: day[index] ?? 0 });
}
