// The cards: their numbers, formats, and whether a higher number is good.

import { _t } from '@web/core/l10n/translation';
import { formatBytes, formatCount, formatMs, formatPerSecond, formatRate } from '../../core/format';
import type { Point, Top, Totals } from '../data/figures';
import type { DashboardState } from '../data/store';

export interface Kpi {
  id: string;
  label: string;
  value: number | null;
  /** The same number for the period before; undefined if there is no such number. */
  previous?: number | null;
  format: (value: number) => string;
  /** The meaning of a rise: 1 good, -1 bad, 0 neither. */
  rise: -1 | 0 | 1;
  /** Values over time, drawn beside the number. */
  line?: (number | null)[];
  /** Explains the number. */
  hint?: string;
  /** The name of the line's colour. */
  tone?: 'success' | 'danger' | 'warning' | 'primary' | 'info';
  /** Whether the number needs attention. */
  isAlarm?: boolean;
}

type NumberOf<T> = { [K in keyof T]: T[K] extends number | null ? K : never }[keyof T];

/** The large ones, with a line. */
export function mainKpis(state: DashboardState): Kpi[] {
  const { figures, rates, connection } = state;
  if (figures === null) return [];
  const { totals, previous, series } = figures;
  const line = (name: NumberOf<Point>) => series.map((point) => point[name]);
  const of = (name: NumberOf<Totals>) => ({ value: totals[name], previous: previous[name] });
  const isLive = connection === 'live';
  return [
    {
      id: 'requests',
      label: _t('Requests'),
      ...of('requests'),
      format: formatCount,
      rise: 1,
      line: line('requests'),
      tone: 'primary',
      hint: _t('Answers of the gateway, refusals included.'),
    },
    {
      id: 'rps',
      label: _t('Live requests/s'),
      value: isLive ? (rates.at(-1) ?? 0) : null,
      format: formatPerSecond,
      rise: 0,
      line: rates,
      tone: 'info',
      hint: isLive ? _t('All sidecars together, every second.') : _t('Known only in live mode.'),
    },
    {
      id: 'success_rate',
      label: _t('Success rate'),
      ...of('success_rate'),
      format: formatRate,
      rise: 1,
      line: series.map(({ error_rate }) => (error_rate === null ? null : 1 - error_rate)),
      tone: 'success',
      hint: _t('Answers below status 400.'),
    },
    {
      id: 'error_rate',
      label: _t('Error rate'),
      ...of('error_rate'),
      format: formatRate,
      rise: -1,
      line: line('error_rate'),
      tone: 'danger',
      hint: _t('Answers of status 400 and above.'),
      isAlarm: (totals.error_rate ?? 0) > 0.1,
    },
    {
      id: 'p95',
      label: _t('Latency p95'),
      ...of('p95_ms'),
      format: formatMs,
      rise: -1,
      line: line('p95_ms'),
      tone: 'warning',
      hint: _t('95 of 100 requests were answered within this time.'),
    },
    {
      id: 'bytes_out',
      label: _t('Data sent'),
      ...of('bytes_out'),
      format: formatBytes,
      rise: 0,
      line: line('bytes_out'),
      tone: 'info',
      hint: _t('The size of answer bodies, as sent.'),
    },
  ];
}

/** The share of reads that Postgres answered directly. The hint gives the reasons for the others. */
function compiledReads(ways: readonly Top[]): Kpi {
  const sum = (found: readonly Top[]) => found.reduce((all, { requests }) => all + requests, 0);
  const reads = sum(ways);
  const others = ways.filter(({ value }) => value !== 'compiled');
  const reasons = others.map(({ value, requests }) => `${value.replace('odoo:', '')} ${formatCount(requests)}`).join(', ');
  return {
    id: 'compiled',
    label: _t('Compiled reads'),
    value: reads === 0 ? null : (reads - sum(others)) / reads,
    format: formatRate,
    rise: 1,
    hint:
      others.length === 0
        ? _t('Reads that Postgres answered with the statement that Odoo had compiled.')
        : _t('Reads that Postgres answered with the statement that Odoo had compiled. Through Odoo: %s', reasons),
  };
}

/** The small ones. */
export function otherKpis({ figures, surroundings }: DashboardState): Kpi[] {
  if (figures === null) return [];
  const { totals, previous } = figures;
  const of = (name: NumberOf<Totals>) => ({ value: totals[name], previous: previous[name] });
  const count = (id: NumberOf<Totals>, label: string, rise: -1 | 0 | 1, hint?: string): Kpi => ({
    id,
    label,
    ...of(id),
    format: formatCount,
    rise,
    ...(hint === undefined ? {} : { hint }),
  });
  const time = (id: string, name: NumberOf<Totals>, label: string, hint?: string): Kpi => ({
    id,
    label,
    ...of(name),
    format: formatMs,
    rise: -1,
    ...(hint === undefined ? {} : { hint }),
  });
  const webhooks: Kpi[] =
    surroundings?.webhooks == null
      ? []
      : [
          {
            id: 'webhooks_delivered',
            label: _t('Webhooks delivered'),
            value: surroundings.webhooks.delivered,
            format: formatCount,
            rise: 1,
          },
          {
            id: 'webhooks_failed',
            label: _t('Webhooks failed'),
            value: surroundings.webhooks.failed,
            format: formatCount,
            rise: -1,
            isAlarm: surroundings.webhooks.failed > 0,
            hint: _t('Attempts that the receiver did not accept.'),
          },
        ];
  return [
    { ...count('class_4', _t('4xx refused'), -1), hint: _t('The caller has to change something.') },
    { ...count('class_5', _t('5xx failed'), -1, _t('The gateway or Odoo could not answer.')), isAlarm: totals.class_5 > 0 },
    time('avg', 'avg_ms', _t('Latency average')),
    time('p50', 'p50_ms', _t('Latency p50'), _t('Half of the requests were answered within this time.')),
    time('p99', 'p99_ms', _t('Latency p99'), _t('99 of 100 requests were answered within this time.')),
    time('overhead', 'overhead_ms', _t('Gateway overhead'), _t('Average time that is not spent in Odoo.')),
    time('odoo', 'odoo_ms', _t('Odoo time'), _t('Average time in Odoo.')),
    compiledReads(figures.ways),
    count('throttled', _t('Throttled'), -1, _t('Refused by a rate limit.')),
    count('blocked', _t('Blocked'), -1, _t('Refused because of a blocked address.')),
    count('unauthenticated', _t('Unauthenticated'), -1, _t('Refused without a valid credential.')),
    count('forbidden', _t('Forbidden'), -1, _t('Refused by scopes, address lists or access rights.')),
    count('consumers', _t('Active consumers'), 1, _t('Different callers with a credential.')),
    count('keys', _t('Active keys'), 1, _t('Different keys and clients that called.')),
    ...webhooks,
    {
      id: 'sidecars',
      label: _t('Sidecars alive'),
      value: surroundings?.sidecars.alive ?? null,
      format: formatCount,
      rise: 0,
      isAlarm: surroundings?.sidecars.alive === 0,
      hint: _t('Processes that pass requests to Odoo.'),
    },
  ];
}
