import { Component } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { formatMs, formatPerSecond, formatRatio } from '../../core/format';
import type { Measured } from '../measure';
import type { Phases } from '../statistics';
import { perSecond, phaseNames } from '../statistics';

interface Part {
  name: keyof Phases;
  label: string;
  hint: string;
  ms: number;
  value: string;
  /** The part's share of the whole time, in percent. */
  share: number;
}

/** A test's result: percentiles compared with Odoo's own, and the time by step. */
export class Result extends Component<{ result: Measured }> {
  static template = 'api_gateway.SpeedTestResult';
  static props = { result: Object };

  get title(): string {
    const { kind, runs, details } = this.props.result;
    const name = kind === 'light' ? _t('Light test') : _t('Heavy test');
    return _t('%(name)s, %(runs)s runs: %(details)s', { name, runs, details });
  }

  get rows(): { label: string; gateway: string; odoo: string; ratio: string }[] {
    const { gateway, odoo } = this.props.result;
    const row = (label: string, ours: number, theirs: number) => ({
      label,
      gateway: formatMs(ours),
      odoo: formatMs(theirs),
      ratio: ours > 0 ? formatRatio(theirs / ours) : '',
    });
    return [
      row(_t('Half of the runs within'), gateway.p50, odoo.p50),
      row(_t('95 % within'), gateway.p95, odoo.p95),
      row(_t('99 % within'), gateway.p99, odoo.p99),
    ];
  }

  get odooLabel(): string {
    return this.props.result.kind === 'light' ? _t('Odoo’s version') : _t('Odoo’s /json/2');
  }

  get first(): string {
    return formatMs(this.props.result.firstMs);
  }

  /** How the records were read. */
  get way(): { label: string; isCompiled: boolean; text: string } | null {
    const { read } = this.props.result;
    if (read === null) return null;
    if (read.way === 'compiled') {
      const text = _t('Odoo compiled this read once. Postgres answers it by itself, with the same rights.');
      return { label: _t('Compiled'), isCompiled: true, text };
    }
    const text = read.why === '' ? _t("Odoo's ORM read the records.") : _t("Odoo's ORM read the records: %s", read.why);
    return { label: _t('Through Odoo'), isCompiled: false, text };
  }

  /** A sentence that says how many requests a second the median means. */
  get throughput(): string {
    const { gateway, odoo } = this.props.result;
    return _t('A caller that waits for each answer gets %(ours)s a second here, and %(theirs)s from Odoo’s own API.', {
      ours: formatPerSecond(perSecond(gateway.p50)),
      theirs: formatPerSecond(perSecond(odoo.p50)),
    });
  }

  get total(): string {
    return formatMs(phaseNames.reduce((sum, name) => sum + this.props.result.phases[name], 0));
  }

  /** The steps in the order in which they happen, without those that took no time. */
  get parts(): Part[] {
    const { phases } = this.props.result;
    const labels: Record<keyof Phases, [string, string]> = {
      network: [_t('Network'), _t('Between this browser and the sidecar, and in the browser')],
      gateway: [_t('Gateway'), _t('The sidecar itself')],
      auth: [_t('Authentication'), _t('Identifying the caller')],
      throttle: [_t('Limits'), _t('Charging the rate limit')],
      queue: [_t('Queue'), _t('Waiting for a worker of Odoo')],
      odoo: [_t('Odoo'), _t('Odoo without its ORM: HTTP, registry, connection')],
      orm: [_t('ORM'), _t('Reading with the user’s rights')],
      sql: [_t('Postgres'), _t('The statement that Odoo has compiled for this read')],
      shape: [_t('Shaping'), _t('Converting Odoo’s values to those of the API')],
    };
    const sum = phaseNames.reduce((all, name) => all + phases[name], 0);
    return phaseNames
      .map((name) => ({
        name,
        label: labels[name][0],
        hint: labels[name][1],
        ms: phases[name],
        value: formatMs(phases[name]),
        share: sum > 0 ? (phases[name] / sum) * 100 : 0,
      }))
      .filter(({ ms }) => ms >= 0.05);
  }

  get summary(): string {
    return this.parts.map(({ label, value }) => `${label} ${value}`).join(', ');
  }
}
