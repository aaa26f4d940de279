import { Component, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { formatMoment, formatMs } from '../../core/format';
import type { Passed } from '../data/source';
import type { DashboardState, DashboardStore } from '../data/store';

interface Props {
  store: DashboardStore;
}

const shown = 50;

/** Shows requests as they pass, one line each, newest first. */
export class Now extends Component<Props> {
  static template = 'api_gateway.Now';
  static props = { store: Object };

  state: DashboardState = useState(this.props.store.state);
  /** `paused`: the lines at the moment when the user paused the list; null while it runs. */
  view: { text: string; paused: Passed[] | null } = useState({ text: '', paused: null });
  formatMs = formatMs;

  get lines(): { passed: Passed; caller: string }[] {
    const wanted = this.view.text.trim().toLowerCase();
    const { statusClass } = this.state;
    return (this.view.paused ?? this.state.passed)
      .filter(({ status }) => statusClass === null || Math.floor(status / 100) === statusClass)
      .map((passed) => ({ passed, caller: this.callerOf(passed) }))
      .filter(({ passed: { method, path, status }, caller }) =>
        `${status} ${method} ${path} ${caller}`.toLowerCase().includes(wanted),
      )
      .slice(0, shown);
  }

  get emptyText(): string {
    if (this.state.connection !== 'live') return _t('Requests are shown here while the page is connected live.');
    return this.view.text === '' ? _t('No request since this page was opened') : _t('No request matches the filter');
  }

  callerOf({ consumer }: Passed): string {
    if (consumer.startsWith('none:')) return _t('No credential');
    return this.state.consumers.find((known) => known.consumer === consumer)?.name ?? _t('New caller');
  }

  timeOf({ at }: Passed): string {
    return formatMoment(at, { timeStyle: 'medium' });
  }

  togglePause(): void {
    this.view.paused = this.view.paused === null ? [...this.state.passed] : null;
  }
}
