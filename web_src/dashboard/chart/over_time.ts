// Charts over time: requests by status, latency, the share of errors. A drag zooms the whole page into a part of the time.

import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import { paletteOf } from '../../core/chart/palette';
import { formatCount, formatMoment, formatMs, formatRate, nothing } from '../../core/format';
import type { Point } from '../data/figures';
import type { ChartDefinition, ChartInput } from './definition';
import { classColors, classNames, mixed } from './definition';

type Written = (value: number) => string;

export function requestsChart(input: ChartInput): ChartDefinition {
  const { figures, theme } = input;
  const { totals } = figures;
  const colors = paletteOf(theme);
  const colorsOfClasses = classColors(theme);
  const requests = overTime(
    input,
    ([2, 3, 4, 5] as const).map((place) => ({ name: classNames()[place], value: (point) => point[`class_${place}`] })),
    formatCount,
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
      // Opaque, because each area reaches down to the axis, behind the areas below it.
      fill: { type: 'solid', opacity: 1, colors: colorsOfClasses.map((color) => mixed(color, colors.surface, 0.5)) },
      stroke: { width: 1.5, curve: 'smooth' },
    },
    empty: totals.requests === 0,
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
  };
}

export function errorsChart(input: ChartInput): ChartDefinition {
  const { series, totals } = input.figures;
  const colors = paletteOf(input.theme);
  const errors = overTime(input, [{ name: _t('Error rate'), value: (point) => point.error_rate }], formatRate);
  // Four steps of whole percents, the line at 10 % always among them.
  const mostErrors = Math.ceil(Math.max(0.12, ...series.map(({ error_rate }) => error_rate ?? 0)) / 0.04) * 0.04;
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
              borderColor: 'transparent',
              style: { background: 'transparent', color: colors.danger },
            },
          },
        ],
      },
    },
    empty: totals.requests === 0,
  };
}

function overTime(
  { figures: { series, range }, actions }: ChartInput,
  lines: { name: string; value: (point: Point) => number | null }[],
  written: Written,
): ApexOptions {
  // Set each time, because the chart would otherwise keep the range that the user has zoomed to.
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
          browser.setTimeout(() => actions.zoom(from, to));
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
  };
}

function area(opacity: number): ApexFill {
  return {
    type: 'gradient',
    gradient: { opacityFrom: opacity, opacityTo: 0.05 },
  };
}
