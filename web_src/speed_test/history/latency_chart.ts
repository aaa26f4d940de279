import { Component } from '@odoo/owl';
import { deserializeDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import { Chart } from '../../core/chart/chart';
import type { ChartTheme } from '../../core/chart/colors';
import { paletteOf } from '../../core/chart/colors';
import { formatMoment, formatMs } from '../../core/format';
import type { Entry } from '../store';

/** The latencies of the past tests, the gateway's and Odoo's own. */
export class LatencyChart extends Component<{ entries: Entry[]; theme: ChartTheme }> {
  static template = 'api_gateway.SpeedTestChart';
  static components = { Chart };
  static props = { entries: Array, theme: String };

  get title(): string {
    return _t('Latency over time');
  }

  /** The successful tests, oldest first. */
  get good(): Entry[] {
    return this.props.entries.filter(({ state }) => state === 'ok').reverse();
  }

  get summary(): string {
    const last = this.good.at(-1);
    return last === undefined
      ? ''
      : _t('%(count)s tests, the last one %(ms)s', { count: this.good.length, ms: formatMs(last.p50_ms) });
  }

  get options(): ApexOptions {
    const { info, success, primary, warning } = paletteOf(this.props.theme);
    const points = (kind: Entry['kind'], value: (entry: Entry) => number) =>
      this.good
        .filter((entry) => entry.kind === kind)
        .map((entry): [number, number] => [deserializeDateTime(entry.create_date).toMillis(), value(entry)]);
    return {
      chart: { type: 'line', height: 270 },
      series: [
        { name: _t('Light, gateway'), data: points('light', (entry) => entry.p50_ms) },
        { name: _t('Light, Odoo'), data: points('light', (entry) => entry.odoo_p50_ms) },
        { name: _t('Heavy, gateway'), data: points('heavy', (entry) => entry.p50_ms) },
        { name: _t('Heavy, Odoo'), data: points('heavy', (entry) => entry.odoo_p50_ms) },
      ],
      colors: [info, warning, success, primary],
      stroke: { curve: 'straight', dashArray: [0, 4, 0, 4] },
      markers: { size: 4, strokeWidth: 0 },
      xaxis: { type: 'datetime', labels: { datetimeUTC: false } },
      yaxis: { min: 0, labels: { formatter: formatMs } },
      tooltip: {
        x: { formatter: (at: number) => formatMoment(at, { dateStyle: 'medium', timeStyle: 'short' }) },
        y: { formatter: (ms: number) => (typeof ms === 'number' ? formatMs(ms) : '') },
      },
    };
  }
}
