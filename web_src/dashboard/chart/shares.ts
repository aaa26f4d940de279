// Charts of shares: consumers, endpoints, methods and statuses. A click filters the page.

import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import { paletteOf } from '../../core/chart/palette';
import { formatCount, nothing } from '../../core/format';
import type { Top } from '../data/figures';
import type { ChartDefinition, ChartInput } from './definition';
import { classColors, mixed } from './definition';

export function statusesChart({ figures, theme, actions }: ChartInput): ChartDefinition {
  const { totals } = figures;
  const colors = paletteOf(theme);
  const statuses = [...figures.statuses].sort((a, b) => a.value.localeCompare(b.value));
  return {
    name: 'statuses',
    title: _t('Status codes'),
    summary: statuses.map(({ value, requests: count }) => `${value}: ${formatCount(count)}`).join(', '),
    options: {
      series: statuses.map((entry) => entry.requests),
      labels: statuses.map((entry) => entry.value),
      colors: shades(statuses, classColors(theme)),
      chart: {
        type: 'donut',
        events: {
          dataPointSelection(_event, _chart, { dataPointIndex }) {
            const place = Number(statuses[dataPointIndex]?.value[0]);
            if (place === 2 || place === 3 || place === 4 || place === 5) actions.filterClass(place);
          },
        },
      },
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
              total: { show: true, label: _t('Requests'), color: colors.text, formatter: () => formatCount(totals.requests) },
            },
          },
        },
      },
      tooltip: { y: { formatter: formatCount } },
    },
    empty: totals.requests === 0,
  };
}

export type Topic = 'routes' | 'models' | 'tools';

export function topChart({ figures, theme }: ChartInput, topic: Topic): ChartDefinition {
  const colors = paletteOf(theme);
  const top = figures[topic];
  const titles = { routes: _t('Top endpoints'), models: _t('Top models'), tools: _t('Top tools of AI agents') };
  return {
    name: 'top',
    title: titles[topic],
    summary: listed(top),
    options: bars(
      top.slice(0, 8).map(({ value, requests: count }) => ({ label: value, requests: count })),
      colors.primary,
    ),
    empty: top.length === 0,
  };
}

export function consumersChart({ figures, theme, actions }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  return {
    name: 'consumers',
    title: _t('Top consumers'),
    summary: listed(figures.consumers),
    options: bars(
      figures.consumers.slice(0, 8).map((entry) => ({ label: callerOf(entry), requests: entry.requests })),
      colors.accent,
      (index) => {
        const consumer = figures.consumers[index]?.value;
        if (consumer !== undefined) actions.filterConsumer(consumer);
      },
    ),
    empty: figures.consumers.length === 0,
  };
}

export function methodsChart({ figures, theme }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  return {
    name: 'methods',
    title: _t('Methods'),
    summary: listed(figures.methods),
    options: {
      series: figures.methods.map((entry) => entry.requests),
      labels: figures.methods.map((entry) => entry.value),
      colors: [colors.accent, colors.primary, colors.warning, colors.info, colors.danger, colors.success],
      chart: { type: 'donut' },
      plotOptions: { pie: { expandOnClick: false, donut: { size: '60%' } } },
      tooltip: { y: { formatter: formatCount } },
    },
    empty: figures.totals.requests === 0,
  };
}

export function refusalsChart({ figures: { totals }, theme }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const refusals = [
    { value: _t('Throttled'), requests: totals.throttled },
    { value: _t('Blocked'), requests: totals.blocked },
    { value: _t('Unauthenticated'), requests: totals.unauthenticated },
    { value: _t('Forbidden'), requests: totals.forbidden },
  ];
  return {
    name: 'refusals',
    title: _t('Refusals by cause'),
    summary: listed(refusals),
    options: {
      ...bars(
        refusals.map(({ value, requests: count }) => ({ label: value, requests: count })),
        colors.warning,
      ),
      colors: [colors.warning, colors.danger, colors.primary, colors.info],
      plotOptions: { bar: { horizontal: true, distributed: true, borderRadius: 3, barHeight: '56%' } },
      legend: { show: false },
    },
    empty: refusals.every((entry) => entry.requests === 0),
  };
}

function bars(entries: { label: string; requests: number }[], color: string, onPick?: (index: number) => void): ApexOptions {
  return {
    series: [{ name: _t('Requests'), data: entries.map(({ label, requests: y }) => ({ x: label, y })) }],
    chart: { type: 'bar', events: { dataPointSelection: (_event, _chart, { dataPointIndex }) => onPick?.(dataPointIndex) } },
    colors: [color],
    plotOptions: { bar: { horizontal: true, borderRadius: 3, barHeight: '68%' } },
    states: { active: { filter: { type: 'none' } } },
    xaxis: { labels: { formatter: (value) => formatCount(Number(value)) }, tickAmount: 4 },
    yaxis: { labels: { maxWidth: 150 } },
    tooltip: { y: { formatter: formatCount } },
  };
}

/** Keys of several users may have the same name. */
function callerOf({ name, value, user_name }: Top): string {
  return user_name ? `${name ?? value} · ${user_name}` : (name ?? value);
}

function listed(entries: readonly (Pick<Top, 'value' | 'requests'> & { name?: string })[]): string {
  return entries.map(({ value, name, requests }) => `${name ?? value}: ${formatCount(requests)}`).join(', ') || nothing;
}

/** Each class's colour, a little lighter for each further status. */
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
