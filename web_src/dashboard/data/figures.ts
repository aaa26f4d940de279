// The answers of Odoo's model `gateway.stat`. Times are milliseconds since 1970, durations milliseconds, rates 0 to 1; missing
// values are null.

import { markRaw } from '@odoo/owl';
import type { Orm } from '@web/core/utils/hooks';
import type { Span } from './spans';
import { parseSpan } from './spans';

export type StatusClass = 2 | 3 | 4 | 5;

export interface Question {
  since: number;
  until: number;
  consumer: string | null;
  status_class: StatusClass | null;
  /** Whether the series of the previous period is needed, too. */
  compare: boolean;
}

interface Counts {
  requests: number;
  class_2: number;
  class_3: number;
  class_4: number;
  class_5: number;
  errors: number;
  error_rate: number | null;
  avg_ms: number | null;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  odoo_ms: number | null;
  overhead_ms: number | null;
  bytes_out: number;
  throttled: number;
  blocked: number;
  unauthenticated: number;
  forbidden: number;
}

export interface Totals extends Counts {
  success_rate: number | null;
  consumers: number;
  keys: number;
}

/** One step of the range. */
export interface Point extends Counts {
  at: number;
}

export interface Top {
  value: string;
  requests: number;
  errors: number;
  /** A readable name. Only entries that are consumers have one. */
  name?: string;
  user_name?: string | null;
}

/** Something that changed. */
export interface GatewayEvent {
  at: number;
  kind: 'upgraded' | 'started' | 'setting' | 'created' | 'rotated' | 'revoked';
  /** Of the credential, setting or sidecar; the version of an upgrade. */
  name: string;
}

/** A reason of docs/errors.md, with its kind of refusal if it is one of the four kinds. */
export interface Reason extends Top {
  cause: 'throttled' | 'blocked' | 'unauthenticated' | 'forbidden' | null;
}

/** Where the time of logged requests went: averages in milliseconds. */
export interface Parts {
  /** The beginning of the step. */
  at: number;
  requests: number;
  auth: number;
  throttle: number;
  queue: number;
  /** The time in Odoo without the ORM. */
  odoo: number;
  orm: number;
  shape: number;
  /** The rest of the time, including the SQL of compiled reads. */
  rest: number;
}

export interface Figures {
  /** The range of the answer; `step` in seconds. */
  range: { since: number; until: number; step: number };
  totals: Totals;
  /** The figures of the previous period of the same length. */
  previous: Totals;
  series: Point[];
  /** The series of the previous period, if it was asked for. */
  before: Point[] | null;
  /** Oldest first. */
  events: GatewayEvent[];
  routes: Top[];
  models: Top[];
  /** Tools that AI agents called; empty while agents have no access. */
  tools: Top[];
  methods: Top[];
  statuses: Top[];
  reasons: Reason[];
  consumers: Top[];
  /** How reads of records were answered: `compiled`, or `odoo:` and a reason. */
  ways: Top[];
  parts: Parts[];
  /** Requests by weekday, Monday first, and hour. */
  heat_map: number[][];
  /** Log rows that were lost in the range. */
  dropped: number;
}

export interface Surroundings {
  manager: boolean;
  /** The user's valid gateway keys. */
  keys: number;
  url: string | null;
  logs: string;
  sidecars: { alive: number; stale: number };
  webhooks: { delivered: number; failed: number } | null;
  alerts: OpenAlert[];
}

/** An alert rule that is not muted and has open alerts. Only managers get these. */
export interface OpenAlert {
  /** The id of the rule. */
  id: number;
  metric: 'server_errors' | 'refusals' | 'throttled' | 'dead_letters' | 'sidecar_gone' | 'key_expires';
  name: string;
  /** What is wrong; for several alerts, their number and subjects. */
  text: string;
  /** The ids of the open alerts. */
  alerts: number[];
}

export interface Fault {
  id: number;
  at: number;
  request_id: string;
  consumer: string;
  credential: string | null;
  address: string | null;
  method: string;
  path: string;
  route: string;
  model: string | null;
  status: number;
  reason: string | null;
  message: string | null;
  gateway_ms: number;
}

export interface Consumer {
  consumer: string;
  name: string;
  user_name: string | null;
}

const model = 'gateway.stat';

export async function readFigures(orm: Orm, question: Question): Promise<Figures> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const figures = await orm.call<Figures>(model, 'dashboard', [], { ...question, zone });
  // These never change, and each read through Owl's reactive objects costs time.
  markRaw(figures.events);
  if (figures.before !== null) markRaw(figures.before);
  return figures;
}

export function readSurroundings(orm: Orm, { since, until }: Question): Promise<Surroundings> {
  return orm.call(model, 'surroundings', [since, until]);
}

/** The faults in the log, newest first. */
export function readFaults(orm: Orm, { compare: _, ...question }: Question, take: number): Promise<Fault[]> {
  return orm.call(model, 'faults', [], { ...question, take });
}

/** The range for a first visit, chosen so that it shows some data. */
export async function readFirstSpan(orm: Orm): Promise<Span> {
  return parseSpan(await orm.call(model, 'first_range')) ?? '24h';
}

export function readConsumers(orm: Orm): Promise<Consumer[]> {
  return orm.call(model, 'consumers');
}

export function requestsOf(entries: readonly { requests: number }[]): number {
  return entries.reduce((all, { requests }) => all + requests, 0);
}
