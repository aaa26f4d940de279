// The cards: their numbers, formats, and whether a higher number is good.

import { _t } from '@web/core/l10n/translation';
import { formatBytes, formatCount, formatMs, formatPerSecond, formatRate } from '../../core/format';
import type { Point, Reason, Top, Totals } from '../data/figures';
import { requestsOf } from '../data/figures';
import type { Lead } from '../data/lead';
import { causeDomain } from '../data/lead';
import type { DashboardState } from '../data/store';

export interface Kpi {
  id: string;
  label: string;
  value: number | null;
  /** The same number for the previous period; undefined if there is none. */
  previous?: number | null;
  format: (value: number) => string;
  /** Whether an increase is good (1), bad (-1) or neither (0). */
  rise: -1 | 0 | 1;
  /** Values over time, drawn beside the number. */
  line?: (number | null)[];
  /** Explains the number. */
  hint?: string;
  /** The name of the line's colour. */
  tone?: 'success' | 'danger' | 'warning' | 'primary' | 'info';
  /** Whether the number needs attention. */
  isAlarm?: boolean;
  /** What a click on the card's name opens. */
  lead?: Lead;
  /** Text that says which of the page's filters do not apply to the number. */
  unfiltered?: string;
}

type NumberOf<T> = { [K in keyof T]: T[K] extends number | null ? K : never }[keyof T];

/** The large cards, with a sparkline. */
export function mainKpis(state: DashboardState): Kpi[] {
  const { figures, rates, connection, statusClass } = state;
  if (figures === null) return [];
  const { totals, previous, series } = figures;
  const line = (name: NumberOf<Point>) => series.map((point) => point[name]);
  const of = (name: NumberOf<Totals>) => ({ value: totals[name], previous: previous[name] });
  const isLive = connection === 'live';
  // Within one status class, either all answers are successes or none are.
  const rate = (name: 'success_rate' | 'error_rate') =>
    statusClass === null ? of(name) : { value: null, unfiltered: _t('Needs all statuses') };
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
      lead: { name: _t('Requests'), where: [] },
    },
    {
      id: 'rps',
      label: _t('Live requests/s'),
      value: isLive ? (rates.at(-1) ?? 0) : null,
      format: formatPerSecond,
      rise: 0,
      line: rates,
      tone: 'info',
      hint: isLive ? _t('The rate of all sidecars, updated every second.') : _t('Only known in live mode.'),
      ...(isLive && statusClass !== null ? { unfiltered: _t('Of all statuses') } : {}),
    },
    {
      id: 'success_rate',
      label: _t('Success rate'),
      ...rate('success_rate'),
      format: formatRate,
      rise: 1,
      line: statusClass !== null ? [] : series.map(({ error_rate }) => (error_rate === null ? null : 1 - error_rate)),
      tone: 'success',
      hint: _t('Answers below status 400.'),
      lead: { name: _t('Successes'), where: [['status', '<', 400]] },
    },
    {
      id: 'error_rate',
      label: _t('Error rate'),
      ...rate('error_rate'),
      format: formatRate,
      rise: -1,
      line: statusClass === null ? line('error_rate') : [],
      tone: 'danger',
      hint: _t('Answers of status 400 and above.'),
      isAlarm: statusClass === null && (totals.error_rate ?? 0) > 0.1,
      lead: { name: _t('Errors'), where: [['status', '>=', 400]] },
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
      lead: slowest(),
    },
    {
      id: 'bytes_out',
      label: _t('Data sent'),
      ...of('bytes_out'),
      format: formatBytes,
      rise: 0,
      line: line('bytes_out'),
      tone: 'info',
      hint: _t('Bodies of answers, as sent.'),
      lead: { name: _t('Largest answers'), where: [], mostOf: 'bytes_out' },
    },
  ];
}

function slowest(mostOf = 'gateway_ms'): Lead {
  return { name: _t('Slowest requests'), where: [], mostOf };
}

/** The share of reads that Postgres answered directly; the hint says why the other reads went through Odoo. */
function compiledReads(ways: readonly Top[]): Kpi {
  const reads = requestsOf(ways);
  const others = ways.filter(({ value }) => value !== 'compiled');
  const reasons = others.map(({ value, requests }) => `${value.replace('odoo:', '')} ${formatCount(requests)}`).join(', ');
  return {
    id: 'compiled',
    label: _t('Compiled reads'),
    value: reads === 0 ? null : (reads - requestsOf(others)) / reads,
    format: formatRate,
    rise: 1,
    hint:
      others.length === 0
        ? _t('Reads that Postgres answered with the statement that Odoo had compiled.')
        : _t('Reads that Postgres answered with the statement that Odoo had compiled. Through Odoo: %s', reasons),
  };
}

export interface KpiGroup {
  id: string;
  title: string;
  kpis: Kpi[];
}

/** The small numbers, by topic. */
export function kpiGroups({ figures, surroundings, consumer, statusClass }: DashboardState): KpiGroup[] {
  if (figures === null) return [];
  const { totals, previous, reasons } = figures;
  const of = (name: NumberOf<Totals>) => ({ value: totals[name], previous: previous[name] });
  const count = (id: NumberOf<Totals>, label: string, rise: -1 | 1, hint: string, lead: Lead): Kpi => ({
    ...{ id, label, rise, hint, lead, format: formatCount },
    ...of(id),
  });
  const refusals = (cause: Reason['cause'] & NumberOf<Totals>, label: string, hint: string) =>
    count(cause, label, -1, hint, { name: label, where: causeDomain(reasons, cause) });
  const time = (id: string, name: NumberOf<Totals>, label: string, hint: string): Kpi => ({
    ...{ id, label, hint, format: formatMs, rise: -1, lead: slowest(name === 'odoo_ms' ? name : undefined) },
    ...of(name),
  });
  const unfiltered = consumer === null && statusClass === null ? {} : { unfiltered: _t('Not filtered') };
  const webhook = (id: 'delivered' | 'failed', label: string, hint: string): Kpi[] => {
    const value = surroundings?.webhooks?.[id];
    if (value === undefined) return [];
    const isAlarm = id === 'failed' && value > 0;
    const rise = id === 'failed' ? -1 : 1;
    const lead = { action: 'api_gateway.gateway_webhook_attempt_action' };
    return [{ id: `webhooks_${id}`, label, hint, value, format: formatCount, rise, isAlarm, lead, ...unfiltered }];
  };
  return [
    {
      id: 'refusals',
      title: _t('Refused and failed'),
      kpis: [
        count('class_4', _t('4xx refused'), -1, _t('The caller has to change something.'), { statusClass: 4 }),
        {
          ...count('class_5', _t('5xx failed'), -1, _t('The gateway or Odoo could not answer.'), { statusClass: 5 }),
          isAlarm: totals.class_5 > 0,
        },
        refusals('throttled', _t('Throttled'), _t('Refused by a rate limit.')),
        refusals('blocked', _t('Blocked'), _t('Refused because of a blocked address.')),
        refusals('unauthenticated', _t('Unauthenticated'), _t('Refused without a valid credential.')),
        refusals('forbidden', _t('Forbidden'), _t('Refused by scopes, address lists or access rights.')),
      ],
    },
    {
      id: 'times',
      title: _t('Time to answer'),
      kpis: [
        time('avg', 'avg_ms', _t('Average'), _t('Time from the first byte of a request to the end of its answer.')),
        time('p50', 'p50_ms', _t('p50'), _t('Half of the requests were answered within this time.')),
        time('p99', 'p99_ms', _t('p99'), _t('99 of 100 requests were answered within this time.')),
        time('odoo', 'odoo_ms', _t('In Odoo'), _t('Average time in Odoo.')),
        time('overhead', 'overhead_ms', _t('In the gateway'), _t('Average time that is not spent in Odoo.')),
        compiledReads(figures.ways),
      ],
    },
    {
      id: 'reach',
      title: _t('Callers and deliveries'),
      kpis: [
        count('consumers', _t('Active consumers'), 1, _t('Different callers with a credential.'), byCredential()),
        count('keys', _t('Active keys'), 1, _t('Different keys and clients that called.'), byCredential()),
        ...webhook('delivered', _t('Webhooks delivered'), _t('Attempts that the receiver accepted.')),
        ...webhook('failed', _t('Webhooks failed'), _t('Attempts that the receiver did not accept.')),
        {
          ...{ id: 'sidecars', label: _t('Sidecars alive'), format: formatCount, rise: 0, ...unfiltered },
          value: surroundings?.sidecars.alive ?? null,
          isAlarm: surroundings?.sidecars.alive === 0,
          hint: _t('Processes that currently pass requests to Odoo.'),
          ...(surroundings?.manager ? { lead: { action: 'api_gateway.status_action' } } : {}),
        },
      ],
    },
  ];
}

function byCredential(): Lead {
  return { name: _t('Callers'), where: [['consumer', '!=', 'none:0']], groupBy: 'credential' };
}
