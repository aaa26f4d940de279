import { Component, onWillStart, useState } from '@odoo/owl';
import { Dialog } from '@web/core/dialog/dialog';
import { _t } from '@web/core/l10n/translation';
import type { Orm } from '@web/core/utils/hooks';
import type { ApexOptions } from 'apexcharts';
import type { ChartTable } from '../../core/chart/chart';
import { Chart } from '../../core/chart/chart';
import { paletteOf } from '../../core/chart/colors';
import { errorText } from '../../core/error_text';
import { formatCount, formatMoment, formatRate } from '../../core/format';
import type { Usage } from '../access_keys';
import { readUsage } from '../access_keys';

interface Props {
  keyId: number;
  name: string;
  orm: Orm;
  close: () => void;
}

export const usageDays = 30;

/** The use of a key: requests and errors of the last 30 days, and the models. */
export class UsageDialog extends Component<Props> {
  static template = 'api_gateway.KeyUsageDialog';
  static components = { Chart, Dialog };
  static props = { keyId: Number, name: String, orm: Object, close: Function };

  // The page below the dialog has set this attribute.
  theme = { mode: document.body.dataset['apiGatewayTheme'] === 'dark' ? 'dark' : 'light' } as const;
  state: { usage: Usage | null; error: string | null } = useState({ usage: null, error: null });

  override setup(): void {
    onWillStart(async () => {
      try {
        this.state.usage = await readUsage(this.props.orm, this.props.keyId, usageDays);
      } catch (error) {
        this.state.error = errorText(error);
      }
    });
  }

  get title(): string {
    return _t('Usage of “%s”', this.props.name);
  }

  get chartTitle(): string {
    return _t('Requests of the last %s days', usageDays);
  }

  get summary(): string {
    const { requests, errors, error_rate } = (this.state.usage as Usage).totals;
    return _t('Requests: %(requests)s. Refused or failed: %(errors)s (%(rate)s).', {
      requests: formatCount(requests),
      errors: formatCount(errors),
      rate: formatRate(error_rate ?? 0),
    });
  }

  get options(): ApexOptions {
    const { success, danger } = paletteOf(this.theme.mode);
    const { series } = this.state.usage as Usage;
    return {
      chart: { type: 'bar', stacked: true },
      series: [
        { name: _t('Answered'), data: series.map(({ at, requests, errors }) => [at, requests - errors]) },
        { name: _t('Refused or failed'), data: series.map(({ at, errors }) => [at, errors]) },
      ],
      colors: [success, danger],
      xaxis: { type: 'datetime', labels: { datetimeUTC: false } },
      yaxis: { min: 0, forceNiceScale: true, decimalsInFloat: 0, labels: { formatter: formatCount } },
      tooltip: { x: { formatter: (at: number) => formatMoment(at, { dateStyle: 'medium', timeStyle: 'short' }) } },
    };
  }

  table(): ChartTable {
    return {
      columns: [_t('Time'), _t('Requests'), _t('Errors')],
      rows: (this.state.usage as Usage).series
        .filter(({ requests }) => requests > 0)
        .map(({ at, requests, errors }) => ({
          cells: [formatMoment(at, { dateStyle: 'medium', timeStyle: 'short' }), formatCount(requests), formatCount(errors)],
        })),
    };
  }

  get models(): { name: string; requests: string; errors: string }[] {
    return (this.state.usage as Usage).models.map(({ value, requests, errors }) => ({
      name: value,
      requests: formatCount(requests),
      errors: formatCount(errors),
    }));
  }
}
