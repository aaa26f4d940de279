import { Component } from '@odoo/owl';
import { deserializeDateTime, formatDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import { formatDuration } from '../core/duration';
import type { Sidecar } from './sidecar';

/** One sidecar: its state and the facts of its heartbeat. */
export class SidecarCard extends Component<{ sidecar: Sidecar }> {
  static template = 'api_gateway.SidecarCard';
  static props = { sidecar: Object };

  get isAlive(): boolean {
    return this.props.sidecar.state === 'alive';
  }

  get facts(): { label: string; value: string; title?: string; wide?: boolean }[] {
    const { version, schema_version, uptime_s, started_at, seen_at, address, host, pid } = this.props.sidecar;
    const seen = deserializeDateTime(seen_at);
    return [
      { label: _t('Version'), value: version },
      { label: _t('Schema'), value: String(schema_version) },
      { label: _t('Uptime'), value: formatDuration(uptime_s), title: formatDateTime(deserializeDateTime(started_at)) },
      { label: _t('Last seen'), value: formatDateTime(seen, { showSeconds: true }) },
      { label: _t('Address'), value: address, wide: true },
      { label: _t('Process'), value: _t('%(pid)s on %(host)s', { pid, host }), wide: true },
    ];
  }
}
