// Charts over time: requests by status, latency, the share of errors. Dragging over a chart zooms the whole page to that time.

import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import type { ChartTable } from '../../core/chart/chart';
import { classColors, paletteOf } from '../../core/chart/colors';
import { formatCount, formatMoment, formatMs, formatRate, nothing } from '../../core/format';
import type { Figures, Point } from '../data/figures';
import type { ChartDefinition, ChartInput } from './definition';
import { classNames, mixed } from './definition';
import { eventsAt, eventText, overlayOf, pointBefore } from './events';

type Written = (value: number) => string;

function written<T>(value: T | null | undefined, write: (value: T) => string): string {
  return value == null ? nothing : write(value);
}

/** The table of a chart: the steps with requests or changes, newest first. Each row links to its step. */
function tableOf(
  { figures, follow }: ChartInput,
  columns: [name: string, cell: (point: Point) => string][],
  before: (point: Point) => string,
): ChartTable {
  const { series, range } = figures;
  const extra: typeof columns = [];
  if (figures.before !== null) {
    const then = ({ at }: Point) => pointBefore(figures, at);
    extra.push([_t('Previous period'), (point) => written(then(point), before)]);
  }
  if (figures.events.length > 0) {
    extra.push([_t('Changes'), ({ at }) => eventsAt(figures, at).map(eventText).join('; ')]);
  }
  const all = [...columns, ...extra];
  return {
    columns: [_t('Time'), ...all.map(([name]) => name)],
    rows: series
      .filter(({ at, requests }) => requests > 0 || eventsAt(figures, at).length > 0)
      .reverse()
      .map((point) => ({
        cells: [momentOf(point.at, range.step), ...all.map(([, cell]) => cell(point))],
        follow: () => follow(stepsBetween(series, range, point.at, point.at)),
      })),
  };
}

/**
 * The whole steps whose points the user has dragged over: a point represents the time up to the next one. The end of the drag
 * may be half a step early, because the last point is at the very edge and hard to hit exactly.
 */
function stepsBetween(series: readonly Point[], range: Figures['range'], from: number, to: number) {
  const stepMs = range.step * 1_000;
  const all = series.map(({ at }) => at);
  const within = all.filter((at) => at > from - stepMs / 2 && at < to + stepMs / 2);
  const first = within[0] ?? from;
  const last = within.at(-1) ?? to;
  return { since: Math.max(first, range.since), until: Math.min(last + stepMs, range.until) };
}

export function momentOf(at: number, step: number): string {
  // Steps of days and weeks begin at midnight UTC.
  return formatMoment(at, step < 86_400 ? { dateStyle: 'medium', timeStyle: 'short' } : { dateStyle: 'medium', timeZone: 'UTC' });
}

export function requestsChart(input: ChartInput): ChartDefinition {
  const { figures, theme, statusClass } = input;
  const { totals } = figures;
  const colors = paletteOf(theme);
  // Only the filtered class is drawn: the others would be lines of zeros.
  const places = ([2, 3, 4, 5] as const).filter((place) => statusClass === null || place === statusClass);
  const colorsOfClasses = places.map((place) => classColors(theme)[place - 2] ?? colors.info);
  const requests = overTime(
    input,
    places.map((place) => ({ name: classNames()[place], value: (point) => point[`class_${place}`] })),
    formatCount,
    ({ requests }) => requests,
  );
  return {
    name: 'requests',
    title: _t('Requests by status'),
    summary: _t('Requests over time: %(requests)s, of which errors: %(errors)s.', {
      requests: formatCount(totals.requests),
      errors: formatCount(totals.errors),
    }),
    options: {
      ...requests,
      chart: { ...requests.chart, type: 'area', stacked: true },
      colors: colorsOfClasses,
      // The fill is opaque, because each area extends down to the axis, behind the areas below it.
      fill: { type: 'solid', opacity: 1, colors: colorsOfClasses.map((color) => mixed(color, colors.surface, 0.5)) },
      stroke: { width: 1.5, curve: 'smooth' },
    },
    empty: totals.requests === 0,
    table: () =>
      tableOf(
        input,
        places.map((place) => [classNames()[place], (point) => formatCount(point[`class_${place}`])]),
        (point) => formatCount(point.requests),
      ),
    overlay: overlayOf(figures, ({ requests }) => requests, _t('Previous period, all statuses')),
  };
}

export function latencyChart(input: ChartInput): ChartDefinition {
  const { totals } = input.figures;
  const colors = paletteOf(input.theme);
  const latency = overTime(
    input,
    [
      { name: 'p50', value: (point) => point.p50_ms },
      { name: 'p95', value: (point) => point.p95_ms },
      { name: 'p99', value: (point) => point.p99_ms },
    ],
    formatMs,
    ({ p95_ms }) => p95_ms,
  );
  return {
    name: 'latency',
    title: _t('Latency'),
    summary: _t('Half of the requests within %(p50)s, 95 of 100 within %(p95)s.', {
      p50: totals.p50_ms === null ? nothing : formatMs(totals.p50_ms),
      p95: totals.p95_ms === null ? nothing : formatMs(totals.p95_ms),
    }),
    options: { ...latency, colors: [colors.accent, colors.warning, colors.danger], fill: area(0.22) },
    empty: totals.requests === 0,
    table: () =>
      tableOf(
        input,
        [
          ['p50', ({ p50_ms }) => written(p50_ms, formatMs)],
          ['p95', ({ p95_ms }) => written(p95_ms, formatMs)],
          ['p99', ({ p99_ms }) => written(p99_ms, formatMs)],
        ],
        ({ p95_ms }) => written(p95_ms, formatMs),
      ),
    overlay: overlayOf(input.figures, ({ p95_ms }) => p95_ms, _t('Previous period, p95')),
  };
}

export function errorsChart(input: ChartInput): ChartDefinition {
  const { series, before, totals } = input.figures;
  const { statusClass } = input;
  const colors = paletteOf(input.theme);
  const errors = overTime(
    input,
    [{ name: _t('Error rate'), value: (point) => point.error_rate }],
    formatRate,
    ({ error_rate }) => error_rate,
  );
  // The axis has four steps in whole percent, and always includes the line at 10 %.
  const rates = [...series, ...(before ?? [])].map(({ error_rate }) => error_rate ?? 0);
  const mostErrors = Math.ceil(Math.max(0.12, ...rates) / 0.04) * 0.04;
  return {
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
              position: 'left',
              textAnchor: 'start',
              borderColor: 'transparent',
              style: { background: 'transparent', color: colors.danger },
            },
          },
        ],
      },
    },
    // Within one status class, either all answers are errors or none are.
    empty: totals.requests === 0 || statusClass !== null,
    ...(statusClass === null ? {} : { emptyText: _t('Only shown for all statuses') }),
    table: () =>
      tableOf(input, [[_t('Error rate'), ({ error_rate }) => written(error_rate, formatRate)]], ({ error_rate }) =>
        written(error_rate, formatRate),
      ),
    overlay: overlayOf(input.figures, ({ error_rate }) => error_rate, _t('Previous period')),
  };
}

/** @param valueBefore what the line of the previous period shows; the axis has space for it */
function overTime(
  { figures, follow }: ChartInput,
  lines: { name: string; value: (point: Point) => number | null }[],
  write: Written,
  valueBefore: (point: Point) => number | null,
): ApexOptions {
  const { series, range, before } = figures;
  const mostNow = Math.max(
    0,
    ...series.flatMap((point) => [valueBefore(point) ?? 0, ...lines.map(({ value }) => value(point) ?? 0)]),
  );
  const mostBefore = Math.max(0, ...(before ?? []).map((point) => valueBefore(point) ?? 0));
  // The range is set each time, because the chart would otherwise keep the range to which the user has zoomed.
  const shown = { min: series[0]?.at ?? range.since, max: series.at(-1)?.at ?? range.until };
  return {
    series: lines.map(({ name, value }) => ({ name, data: series.map((point) => ({ x: point.at, y: value(point) })) })),
    chart: {
      type: 'area',
      zoom: { enabled: true, allowMouseWheelZoom: false },
      events: {
        // The page reads the range again in finer steps. The chart itself does not zoom.
        beforeZoom(_chart, { xaxis }) {
          const [from, to] = [Number(xaxis.min), Number(xaxis.max)];
          browser.setTimeout(() => follow(stepsBetween(series, range, from, to)));
          return { xaxis: shown };
        },
      },
    },
    xaxis: { type: 'datetime', ...shown, labels: { datetimeUTC: false }, tooltip: { enabled: false } },
    yaxis: {
      min: 0,
      ...(mostBefore > mostNow ? { max: mostBefore } : {}),
      forceNiceScale: true,
      labels: { formatter: (value) => written(value, write), maxWidth: 70 },
    },
    tooltip: {
      shared: true,
      x: {
        formatter: (at) =>
          before === null
            ? momentOf(at, range.step)
            : _t('%(moment)s (previous period: %(value)s)', {
                moment: momentOf(at, range.step),
                value: written(pointBefore(figures, at), (point) => written(valueBefore(point), write)),
              }),
      },
      y: { formatter: (value) => written(value, write) },
    },
  };
}

function area(opacity: number): ApexFill {
  return {
    type: 'gradient',
    gradient: { opacityFrom: opacity, opacityTo: 0.05 },
  };
}
