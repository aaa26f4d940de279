// Charts of shares: consumers, endpoints, methods and statuses. A click filters the page or opens the log.

import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import type { ChartTable } from '../../core/chart/chart';
import { classColors, paletteOf } from '../../core/chart/colors';
import { formatCount, formatTick, nothing } from '../../core/format';
import type { Reason, Top } from '../data/figures';
import { requestsOf } from '../data/figures';
import type { Lead } from '../data/lead';
import { causeDomain } from '../data/lead';
import type { ChartDefinition, ChartInput } from './definition';
import { mixed } from './definition';

/** One slice or bar. */
interface Share {
  label: string;
  requests: number;
  lead: Lead;
}

type Follow = ChartInput['follow'];

/** The number of bars in a chart; its table has the rest. */
const mostBars = 8;

export function statusesChart({ figures, theme, follow }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const statuses = [...figures.statuses].sort((a, b) => a.value.localeCompare(b.value));
  const shares = statuses.map(({ value, requests }) => ({ label: value, requests, lead: statusLead(value) }));
  // The number in the ring is the sum of its slices, not the number of the card, which live traffic increases between two
  // reads.
  const sum = requestsOf(shares);
  return {
    name: 'statuses',
    title: _t('Status codes'),
    summary: listed(shares),
    options: {
      ...slices(shares, follow),
      colors: shades(statuses, classColors(theme)),
      plotOptions: {
        pie: {
          expandOnClick: false,
          donut: {
            size: '72%',
            labels: {
              show: true,
              value: {
                color: colors.text,
                fontSize: '20px',
                fontWeight: 600,
                formatter: (value) => formatCount(Number(value)),
              },
              total: { show: true, label: _t('Requests'), color: colors.text, formatter: () => formatCount(sum) },
            },
          },
        },
      },
    },
    empty: sum === 0,
    table: () => tableOf(_t('Status'), shares, follow),
  };
}

/** What a click on a status does: it filters by its class, or opens the log if there is no filter for the class. */
function statusLead(status: string): Lead {
  const place = Number(status[0]);
  if (place === 2 || place === 3 || place === 4 || place === 5) return { statusClass: place };
  return { name: status, where: [['status', '=', Number(status)]] };
}

export type Topic = 'routes' | 'models' | 'tools';

export function topChart({ figures, theme, follow }: ChartInput, topic: Topic): ChartDefinition {
  const titles = { routes: _t('Top endpoints'), models: _t('Top models'), tools: _t('Top tools of AI agents') };
  const fields = { routes: 'route', models: 'model', tools: 'route' };
  const shares = figures[topic].map(({ value, requests }) => ({
    label: routeName(value),
    requests,
    lead: { name: routeName(value), where: [[fields[topic], '=', topic === 'tools' ? `/mcp ${value}` : value]] } satisfies Lead,
  }));
  return {
    name: 'top',
    title: titles[topic],
    summary: listed(shares),
    options: bars(shares, paletteOf(theme).primary, follow),
    empty: shares.length === 0,
    table: () => tableOf({ routes: _t('Endpoint'), models: _t('Model'), tools: _t('Tool') }[topic], shares, follow),
  };
}

/** The name of a route for readers. `nothing here` is the sidecar's name for unknown paths. */
function routeName(route: string): string {
  return route === 'nothing here' ? _t('Unknown addresses') : route;
}

export function consumersChart({ figures, theme, follow }: ChartInput): ChartDefinition {
  const shares = figures.consumers.map((entry) => ({
    label: callerOf(entry),
    requests: entry.requests,
    lead: { consumer: entry.value },
  }));
  return {
    name: 'consumers',
    title: _t('Top consumers'),
    summary: listed(shares),
    options: bars(shares, paletteOf(theme).accent, follow),
    empty: shares.length === 0,
    table: () => tableOf(_t('Consumer'), shares, follow),
  };
}

export function methodsChart({ figures, theme, follow }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const shares = figures.methods.map(({ value, requests }) => ({
    label: value,
    requests,
    lead: { name: value, where: [['method', '=', value]] } satisfies Lead,
  }));
  return {
    name: 'methods',
    title: _t('Methods'),
    summary: listed(shares),
    options: {
      ...slices(shares, follow),
      colors: [colors.accent, colors.primary, colors.warning, colors.info, colors.danger, colors.success],
      plotOptions: { pie: { expandOnClick: false, donut: { size: '60%' } } },
    },
    empty: shares.length === 0,
    table: () => tableOf(_t('Method'), shares, follow),
  };
}

export function refusalsChart({ figures: { reasons, statuses }, theme, follow }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const share = (label: string, requests: number, cause: Reason['cause']): Share => ({
    label,
    requests,
    lead: { name: label, where: causeDomain(reasons, cause) },
  });
  const caused = (cause: Reason['cause']) => requestsOf(reasons.filter((reason) => reason.cause === cause));
  const known = [
    share(_t('Throttled'), caused('throttled'), 'throttled'),
    share(_t('Blocked'), caused('blocked'), 'blocked'),
    share(_t('Unauthenticated'), caused('unauthenticated'), 'unauthenticated'),
    share(_t('Forbidden'), caused('forbidden'), 'forbidden'),
  ];
  // With this last bar, the bars add up to the refusals that the card counts.
  const refused = requestsOf(statuses.filter(({ value }) => value.startsWith('4')));
  const others = Math.max(0, refused - requestsOf(known));
  const shares = [...known, share(_t('Other 4xx'), others, null)];
  const shown = shares.filter(({ requests }) => requests > 0);
  const colorOf = [colors.warning, colors.danger, colors.primary, colors.info, colors.accent];
  return {
    name: 'refusals',
    title: _t('Refusals by cause'),
    summary: listed(shares),
    options: {
      ...bars(shown, colors.warning, follow),
      colors: shares.flatMap((entry, place) => (entry.requests > 0 ? [colorOf[place] ?? colors.warning] : [])),
      plotOptions: { bar: { horizontal: true, distributed: true, borderRadius: 3, barHeight: '56%' } },
      legend: { show: false },
    },
    empty: shown.length === 0,
    table: () => tableOf(_t('Cause'), shown, follow),
  };
}

function slices(shares: readonly Share[], follow: Follow): ApexOptions {
  return {
    series: shares.map(({ requests }) => requests),
    labels: shares.map(({ label }) => label),
    chart: {
      type: 'donut',
      events: { dataPointSelection: (_event, _chart, { dataPointIndex }) => pick(shares, dataPointIndex, follow) },
    },
    tooltip: { y: { formatter: formatCount, title: { formatter: (label) => `${asText(label)}: ` } } },
  };
}

/** ApexCharts 4.7.0 writes the titles of tooltips as HTML, and callers choose their own names. */
function asText(label: unknown): string {
  return String(label).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function bars(shares: readonly Share[], color: string, follow: Follow): ApexOptions {
  const entries = shares.slice(0, mostBars);
  return {
    series: [{ name: _t('Requests'), data: entries.map(({ label, requests: y }) => ({ x: label, y })) }],
    chart: {
      type: 'bar',
      events: { dataPointSelection: (_event, _chart, { dataPointIndex }) => pick(shares, dataPointIndex, follow) },
    },
    colors: [color],
    plotOptions: { bar: { horizontal: true, borderRadius: 3, barHeight: '68%' } },
    states: { active: { filter: { type: 'none' } } },
    xaxis: { labels: { formatter: (value) => formatTick(Number(value)) }, tickAmount: 4 },
    yaxis: { labels: { maxWidth: 150 } },
    tooltip: { x: { formatter: asText }, y: { formatter: formatCount } },
  };
}

function pick(shares: readonly Share[], place: number, follow: Follow): void {
  const share = shares[place];
  if (share !== undefined) follow(share.lead);
}

function tableOf(what: string, shares: readonly Share[], follow: Follow): ChartTable {
  return {
    columns: [what, _t('Requests')],
    rows: shares.map(({ label, requests, lead }) => ({ cells: [label, formatCount(requests)], follow: () => follow(lead) })),
  };
}

/** Keys of several users may have the same name. */
function callerOf({ name, value, user_name }: Top): string {
  return user_name ? `${name ?? value} · ${user_name}` : (name ?? value);
}

function listed(shares: readonly Share[]): string {
  return shares.map(({ label, requests }) => `${label}: ${formatCount(requests)}`).join(', ') || nothing;
}

/** A colour for each status: that of its class, slightly lighter for each further status of the class. */
function shades(statuses: readonly Top[], classColors: readonly string[]): string[] {
  const placeOf = ({ value }: Top) => value[0] ?? '2';
  const seen = new Map<string, number>();
  return statuses.map((status) => {
    const place = placeOf(status);
    const count = seen.get(place) ?? 0;
    seen.set(place, count + 1);
    const color = classColors[Number(place) - 2] ?? classColors[1] ?? '#888888';
    return mixed(color, '#ffffff', (0.65 * count) / statuses.filter((other) => placeOf(other) === place).length);
  });
}
