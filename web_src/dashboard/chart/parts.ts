// The chart that shows where requests spend their time, according to the log.

import { _t } from '@web/core/l10n/translation';
import { paletteOf } from '../../core/chart/colors';
import { formatCount, formatMs } from '../../core/format';
import type { Parts } from '../data/figures';
import type { ChartDefinition, ChartInput } from './definition';
import { mixed } from './definition';
import { momentOf } from './over_time';

type Part = Exclude<keyof Parts, 'at' | 'requests'>;

export function partsChart({ figures: { parts, series, range }, theme, follow }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const names: [Part, string, string][] = [
    ['auth', _t('Authentication'), colors.info],
    ['throttle', _t('Limits'), colors.primary],
    ['queue', _t('Waiting for Odoo'), colors.warning],
    ['odoo', _t('Odoo, without the ORM'), mixed(colors.accent, colors.surface, 0.5)],
    ['orm', _t('Odoo’s ORM'), colors.accent],
    ['shape', _t('Shaping'), colors.success],
    ['rest', _t('Gateway and its SQL'), mixed(colors.text, colors.surface, 0.3)],
  ];
  const requests = parts.reduce((all, part) => all + part.requests, 0);
  const average = (part: Part) => parts.reduce((all, step) => all + step[part] * step.requests, 0) / Math.max(1, requests);
  // ApexCharts takes the width of a bar, and the space beside the bars, from the distances of all points. So there are points
  // without a bar at both ends of the axis, and one step before the first bar.
  const bare = [series[0]?.at, parts[0] && parts[0].at - range.step * 1_000, series.at(-1)?.at];
  const moments = [...new Set([...bare, ...parts.map(({ at }) => at)])].filter((at) => at !== undefined).sort((a, b) => a - b);
  const stepAt = new Map(parts.map((step) => [step.at, step]));
  const shares = names.map(([part, name]) => `${name} ${formatMs(average(part))}`);
  return {
    name: 'parts',
    title: _t('Where the time goes'),
    summary: _t('Average of %(requests)s logged requests: %(parts)s.', {
      requests: formatCount(requests),
      parts: shares.join(', '),
    }),
    options: {
      series: names.map(([part, name]) => ({ name, data: moments.map((at) => ({ x: at, y: stepAt.get(at)?.[part] ?? null })) })),
      chart: { type: 'bar', stacked: true },
      colors: names.map(([, , color]) => color),
      plotOptions: { bar: { columnWidth: '70%', borderRadius: 0 } },
      xaxis: {
        type: 'datetime',
        min: series[0]?.at ?? range.since,
        max: series.at(-1)?.at ?? range.until,
        // Within two days, midnight is an hour like others: its date would be too wide beside them.
        labels: {
          datetimeUTC: false,
          datetimeFormatter: { day: range.until - range.since <= 2 * 86_400_000 ? 'HH:mm' : 'dd MMM' },
        },
        tooltip: { enabled: false },
      },
      yaxis: { min: 0, forceNiceScale: true, labels: { formatter: (value) => formatMs(value), maxWidth: 70 } },
      tooltip: {
        shared: true,
        intersect: false,
        x: { formatter: (at) => momentOf(at, range.step) },
        y: { formatter: (value) => formatMs(value) },
      },
    },
    empty: parts.length === 0,
    emptyText: _t('No request of this selection was logged. The log level “Metadata” keeps all requests.'),
    table: () => ({
      columns: [_t('Time'), _t('Requests'), ...names.map(([, name]) => name)],
      rows: [...parts].reverse().map((step) => ({
        cells: [momentOf(step.at, range.step), formatCount(step.requests), ...names.map(([part]) => formatMs(step[part]))],
        follow: () => follow({ since: step.at, until: step.at + range.step * 1_000 }),
      })),
    }),
  };
}
