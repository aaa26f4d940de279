import { Component } from '@odoo/owl';
import { deserializeDateTime, formatDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import { user } from '@web/core/user';
import { formatMs, formatRatio, nothing } from '../../core/format';
import type { Entry } from '../store';

/** The past tests, the newest first. */
export class HistoryTable extends Component<{ entries: Entry[] }> {
  static template = 'api_gateway.SpeedTestHistory';
  static props = { entries: Array };

  get labels(): Record<string, string> {
    return {
      kind: _t('Test type'),
      latency: _t('Latency'),
      p95: '95 %',
      odoo: _t("Odoo's own"),
      status: _t('Status'),
      at: _t('Tested at'),
      details: _t('Details / errors'),
    };
  }

  get rows(): Record<'kind' | 'latency' | 'p95' | 'odoo' | 'at' | 'details' | 'who', string>[] {
    return this.props.entries.map((entry) => {
      const good = entry.state === 'ok';
      const ratio = good && entry.p50_ms > 0 ? ` (${formatRatio(entry.odoo_p50_ms / entry.p50_ms)})` : '';
      return {
        id: entry.id,
        state: entry.state,
        kind: entry.kind === 'light' ? _t('Light') : _t('Heavy'),
        latency: good ? formatMs(entry.p50_ms) : nothing,
        p95: good ? formatMs(entry.p95_ms) : nothing,
        odoo: good ? `${formatMs(entry.odoo_p50_ms)}${ratio}` : nothing,
        at: formatDateTime(deserializeDateTime(entry.create_date)),
        details: [entry.details || '', good ? _t('%s runs', entry.runs) : '', wayOf(entry)].filter(Boolean).join(' · '),
        who: entry.user_id[0] === user.userId ? '' : entry.user_id[1],
      };
    });
  }
}

function wayOf({ way }: Entry): string {
  if (way === false) return '';
  return way === 'compiled' ? _t('compiled') : _t('through Odoo');
}
