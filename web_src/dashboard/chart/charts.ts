// The charts of the dashboard: what each draws, and what a click or a drag on it does.

import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import type { ChartTheme } from '../../core/chart/palette';
import { paletteOf } from '../../core/chart/palette';
import { formatCount, formatMoment, formatMs, formatRate, nothing } from '../../core/format';
import type { Figures, Point, StatusClass, Top } from '../data/figures';

/** What somebody does with a chart. */
export interface ChartActions {
  zoom(since: number, until: number): void;
  filterClass(statusClass: StatusClass): void;
  filterConsumer(consumer: string): void;
}

export interface ChartDefinition {
  name: string;
  title: string;
  summary: string;
  options: ApexOptions;
  empty: boolean;
}

type Written = (value: number) => string;

export function chartsOf(
  figures: Figures,
  theme: ChartTheme,
  topic: 'routes' | 'models',
  actions: ChartActions,
): Record<string, ChartDefinition> {
  const colors = paletteOf(theme);
  const { series, totals, range } = figures;
  const empty = totals.requests === 0;
  const classColors = [colors.success, colors.info, colors.warning, colors.danger];

  // Said each time: the chart would else keep the range that somebody has drawn up.
  const shown = { min: series[0]?.at ?? range.since, max: series.at(-1)?.at ?? range.until };
  const overTime = (lines: { name: string; value: (point: Point) => number | null }[], written: Written): ApexOptions => ({
    series: lines.map(({ name, value }) => ({ name, data: series.map((point) => ({ x: point.at, y: value(point) })) })),
    chart: {
      type: 'area',
      zoom: { enabled: true, allowMouseWheelZoom: false },
      events: {
        // The range is read anew, finer: the chart itself does not zoom.
        beforeZoom(_chart, { xaxis }) {
          const [from, to] = [Number(xaxis.min), Number(xaxis.max)];
          window.setTimeout(() => actions.zoom(from, to));
          return { xaxis: shown };
        },
      },
    },
    xaxis: { type: 'datetime', ...shown, labels: { datetimeUTC: false }, tooltip: { enabled: false } },
    yaxis: {
      min: 0,
      forceNiceScale: true,
      labels: { formatter: (value) => (value == null ? nothing : written(value)), maxWidth: 70 },
    },
    tooltip: {
      shared: true,
      x: {
        formatter: (at) => formatMoment(at, { dateStyle: 'medium', ...(range.step < 86_400 ? { timeStyle: 'short' } : {}) }),
      },
      y: { formatter: (value) => (value == null ? nothing : written(value)) },
    },
  });
  const area = (opacity: number): ApexFill => ({
    type: 'gradient',
    gradient: { opacityFrom: opacity, opacityTo: 0.05 },
  });

  const requests = overTime(
    ([2, 3, 4, 5] as const).map((place) => ({ name: classNames()[place], value: (point) => point[`class_${place}`] })),
    formatCount,
  );
  const latency = overTime(
    [
      { name: 'p50', value: (point) => point.p50_ms },
      { name: 'p95', value: (point) => point.p95_ms },
      { name: 'p99', value: (point) => point.p99_ms },
    ],
    formatMs,
  );
  const errors = overTime([{ name: _t('Error rate'), value: (point) => point.error_rate }], formatRate);
  // Four steps of whole percents, the line at 10 % always among them.
  const mostErrors = Math.ceil(Math.max(0.12, ...series.map(({ error_rate }) => error_rate ?? 0)) / 0.04) * 0.04;
  const top = topic === 'routes' ? figures.routes : figures.models;
  const statuses = [...figures.statuses].sort((a, b) => a.value.localeCompare(b.value));
  const refusals = [
    { value: _t('Throttled'), requests: totals.throttled },
    { value: _t('Blocked'), requests: totals.blocked },
    { value: _t('Unauthenticated'), requests: totals.unauthenticated },
    { value: _t('Forbidden'), requests: totals.forbidden },
  ];

  const bars = (
    entries: { label: string; requests: number }[],
    color: string,
    onPick?: (index: number) => void,
  ): ApexOptions => ({
    series: [{ name: _t('Requests'), data: entries.map(({ label, requests: y }) => ({ x: label, y })) }],
    chart: { type: 'bar', events: { dataPointSelection: (_event, _chart, { dataPointIndex }) => onPick?.(dataPointIndex) } },
    colors: [color],
    plotOptions: { bar: { horizontal: true, borderRadius: 3, barHeight: '68%' } },
    states: { active: { filter: { type: 'none' } } },
    xaxis: { labels: { formatter: (value) => formatCount(Number(value)) }, tickAmount: 4 },
    yaxis: { labels: { maxWidth: 150 } },
    tooltip: { y: { formatter: formatCount } },
  });

  const definitions: ChartDefinition[] = [
    {
      name: 'requests',
      title: _t('Requests by status'),
      summary: _t('%(requests)s requests over time, %(errors)s of them errors.', {
        requests: formatCount(totals.requests),
        errors: formatCount(totals.errors),
      }),
      options: {
        ...requests,
        chart: { ...requests.chart, type: 'area', stacked: true },
        colors: classColors,
        // Opaque: each area reaches down to the axis, behind those below it.
        fill: { type: 'solid', opacity: 1, colors: classColors.map((color) => mixed(color, colors.surface, 0.5)) },
        stroke: { width: 1.5, curve: 'smooth' },
      },
      empty,
    },
    {
      name: 'statuses',
      title: _t('Status codes'),
      summary: statuses.map(({ value, requests: count }) => `${value}: ${formatCount(count)}`).join(', '),
      options: {
        series: statuses.map((entry) => entry.requests),
        labels: statuses.map((entry) => entry.value),
        colors: shades(statuses, classColors),
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
      empty,
    },
    {
      name: 'latency',
      title: _t('Latency'),
      summary: _t('Half of the requests within %(p50)s, 95 of 100 within %(p95)s.', {
        p50: totals.p50_ms === null ? nothing : formatMs(totals.p50_ms),
        p95: totals.p95_ms === null ? nothing : formatMs(totals.p95_ms),
      }),
      options: { ...latency, colors: [colors.accent, colors.warning, colors.danger], fill: area(0.22) },
      empty,
    },
    {
      name: 'errors',
      title: _t('Error rate'),
      summary: _t(
        '%s of all requests failed or were refused.',
        totals.error_rate === null ? nothing : formatRate(totals.error_rate),
      ),
      options: {
        ...errors,
        colors: [colors.danger],
        fill: area(0.35),
        yaxis: { ...errors.yaxis, max: mostErrors, tickAmount: 4, forceNiceScale: false },
        annotations: {
          yaxis: [
            {
              y: 0.1,
              borderColor: colors.danger,
              strokeDashArray: 5,
              label: {
                text: formatRate(0.1),
                borderColor: 'transparent',
                style: { background: 'transparent', color: colors.danger },
              },
            },
          ],
        },
      },
      empty,
    },
    {
      name: 'top',
      title: topic === 'routes' ? _t('Top endpoints') : _t('Top models'),
      summary: listed(top),
      options: bars(
        top.slice(0, 8).map(({ value, requests: count }) => ({ label: value, requests: count })),
        colors.primary,
      ),
      empty: top.length === 0,
    },
    {
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
    },
    {
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
      empty,
    },
    {
      name: 'heat_map',
      title: _t('When requests come'),
      summary: _t('Requests by weekday and hour.'),
      options: {
        // Apex draws the first series at the bottom.
        series: figures.heat_map
          .map((hours, day) => ({ name: weekday(day), data: hours.map((y, hour) => ({ x: String(hour).padStart(2, '0'), y })) }))
          .reverse(),
        chart: { type: 'heatmap' },
        colors: [colors.accent],
        plotOptions: {
          heatmap: { radius: 3, enableShades: true, shadeIntensity: 0.6, colorScale: { ranges: scale(figures.heat_map, theme) } },
        },
        stroke: { width: 2, colors: [colors.surface] },
        legend: { show: false },
        tooltip: { y: { formatter: formatCount } },
      },
      empty,
    },
    {
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
    },
  ];
  return Object.fromEntries(definitions.map((definition) => [definition.name, definition]));
}

/** What the classes of a status are called. */
export function classNames(): Record<StatusClass, string> {
  return { 2: _t('2xx Success'), 3: _t('3xx Redirected'), 4: _t('4xx Refused'), 5: _t('5xx Failed') };
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

/** A colour of the form #rrggbb, moved by a share (0 to 1) towards another. */
function mixed(color: string, other: string, share: number): string {
  const parts = [1, 3, 5].map((start) => {
    const [from = 0, to = 0] = [color, other].map((hex) => Number.parseInt(hex.slice(start, start + 2), 16));
    return Math.round(from + (to - from) * share)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}

/** Monday is 0; 2024 began with one. */
function weekday(day: number): string {
  return formatMoment(Date.UTC(2024, 0, 1 + day, 12), { weekday: 'short', timeZone: 'UTC' });
}

const heatColors = {
  light: { none: '#eef1f4', rest: ['#cfe8e8', '#96cfd1', '#4faeb2', '#017e84'] },
  dark: { none: '#2f3442', rest: ['#24494f', '#23656a', '#288d92', '#46c4c9'] },
};

function scale(map: readonly number[][], theme: ChartTheme) {
  const most = Math.max(1, ...map.flat());
  const { none, rest } = heatColors[theme];
  const steps = rest.map((color, index) => ({
    from: index === 0 ? 1 : Math.floor((most * index) / rest.length) + 1,
    to: Math.max(1, Math.floor((most * (index + 1)) / rest.length)),
    color,
  }));
  return [{ from: 0, to: 0, color: none }, ...steps.filter(({ from, to }) => from <= to)];
}
