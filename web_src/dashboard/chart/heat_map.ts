import { _t } from '@web/core/l10n/translation';
import type { ChartTheme } from '../../core/chart/colors';
import { paletteOf } from '../../core/chart/colors';
import { formatCount, formatMoment } from '../../core/format';
import type { Figures } from '../data/figures';
import type { ChartDefinition, ChartInput } from './definition';

/** Requests by weekday and hour. */
export function heatMapChart({ figures, theme, follow }: ChartInput): ChartDefinition {
  const colors = paletteOf(theme);
  const lastDayFirst = (place: number) => figures.heat_map.length - 1 - place;
  const open = (day: number, hour: number) => {
    const since = latest(day, hour, figures.range);
    const { range } = figures;
    if (since !== null) follow({ since: Math.max(since, range.since), until: Math.min(since + hourMs, range.until) });
  };
  return {
    name: 'heat_map',
    title: _t('Requests by hour of the week'),
    summary: _t('Requests by weekday and hour.'),
    options: {
      // ApexCharts draws the first series at the bottom.
      series: figures.heat_map
        .map((hours, day) => ({ name: weekday(day), data: hours.map((y, hour) => ({ x: String(hour).padStart(2, '0'), y })) }))
        .reverse(),
      chart: {
        type: 'heatmap',
        events: {
          dataPointSelection: (_event, _chart, { seriesIndex, dataPointIndex }) =>
            open(lastDayFirst(seriesIndex), dataPointIndex),
        },
      },
      colors: [colors.accent],
      plotOptions: {
        heatmap: { radius: 3, enableShades: true, shadeIntensity: 0.6, colorScale: { ranges: scale(figures.heat_map, theme) } },
      },
      stroke: { width: 2, colors: [colors.surface] },
      // Every hour has no space on phones.
      xaxis: { labels: { rotate: 0, formatter: (hour) => (Number(hour) % 2 === 0 ? hour : '') } },
      legend: { show: false },
      tooltip: {
        y: {
          formatter: formatCount,
          title: { formatter: (day, { dataPointIndex }) => `${day} ${hourName(dataPointIndex)}: ` },
        },
      },
    },
    empty: figures.totals.requests === 0,
    table: () => ({
      columns: [_t('Time'), _t('Requests')],
      rows: figures.heat_map.flatMap((hours, day) =>
        hours.flatMap((requests, hour) =>
          requests === 0
            ? []
            : [
                {
                  cells: [`${weekday(day)} ${hourName(hour)}`, formatCount(requests)],
                  follow: () => open(day, hour),
                },
              ],
        ),
      ),
    }),
  };
}

const hourMs = 3_600_000;

function hourName(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

/** The last time at which this hour of the week (in the reader's time zone) began within the range; null: never. */
function latest(day: number, hour: number, { since, until }: Figures['range']): number | null {
  const moment = new Date(until);
  moment.setMinutes(0, 0, 0);
  // This goes back two weeks: if a clock change skipped the hour, it last occurred a week earlier.
  for (let back = 0; back <= 14 * 24 + 1; back += 1) {
    const at = moment.getTime() - back * hourMs;
    const there = new Date(at);
    if (at < until && at + hourMs > since && there.getHours() === hour && (there.getDay() + 6) % 7 === day) return at;
  }
  return null;
}

/** Monday is 0; 2024 began on a Monday. */
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
