import { Component, onMounted, onWillUnmount, useExternalListener, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { formatMoment } from '../../core/format';
import { classNames } from '../chart/definition';
import type { StatusClass } from '../data/figures';
import type { Span } from '../data/spans';
import { spans } from '../data/spans';
import type { DashboardState, DashboardStore, Mode } from '../data/store';
import { pollingSeconds } from '../data/store';

interface Props {
  store: DashboardStore;
}

/** The filters, and how new figures are received. */
export class Toolbar extends Component<Props> {
  static template = 'api_gateway.DashboardToolbar';
  static props = { store: Object };

  state: DashboardState = useState(this.props.store.state);
  screen = useState({ isFull: document.fullscreenElement !== null });
  spans = spans;
  pollingSeconds = pollingSeconds;

  override setup(): void {
    const follow = () => {
      this.screen.isFull = document.fullscreenElement !== null;
      document.body.classList.toggle('o_api_gateway_full_screen', this.screen.isFull);
    };
    useExternalListener(document, 'fullscreenchange', follow);
    onMounted(follow);
    onWillUnmount(() => document.body.classList.remove('o_api_gateway_full_screen'));
  }

  get spanNames(): Record<Span, string> {
    return { '15m': _t('15M'), '1h': _t('1H'), '24h': _t('24H'), '7d': _t('7D'), '30d': _t('30D'), '1y': _t('1Y') };
  }

  get classes(): { value: StatusClass; name: string }[] {
    const names = classNames();
    return ([2, 3, 4, 5] as const).map((value) => ({ value, name: names[value] }));
  }

  get modes(): { mode: Mode; name: string }[] {
    return [
      { mode: 'live', name: _t('Live') },
      { mode: 'polling', name: _t('Polling') },
      { mode: 'manual', name: _t('Manual') },
    ];
  }

  get connectionName(): string {
    return {
      connecting: _t('Connecting'),
      live: _t('Live'),
      fallback: _t('Reconnecting; polling meanwhile'),
      polling: _t('Every %s s', this.state.everySeconds),
      manual: _t('Manual'),
    }[this.state.connection];
  }

  get hasFilter(): boolean {
    const { consumer, statusClass, zoom } = this.state;
    return consumer !== null || statusClass !== null || zoom !== null;
  }

  get zoomText(): string {
    const { zoom } = this.state;
    if (zoom === null) return '';
    const options: Intl.DateTimeFormatOptions = { dateStyle: 'short', timeStyle: 'short' };
    return `${formatMoment(zoom.since, options)} – ${formatMoment(zoom.until, options)}`;
  }

  nameOf({ name, user_name }: { name: string; user_name: string | null }): string {
    return user_name ? `${name} (${user_name})` : name;
  }

  onConsumer({ target }: { target: HTMLSelectElement }): void {
    this.props.store.filterConsumer(target.value || null);
  }

  onClass({ target }: { target: HTMLSelectElement }): void {
    const chosen = this.classes.find(({ value }) => String(value) === target.value);
    this.props.store.filterClass(chosen?.value ?? null);
  }

  onEvery({ target }: { target: HTMLSelectElement }): void {
    this.props.store.chooseMode('polling', Number(target.value));
  }

  /** Leaving the full screen, such as by Escape, leaves the display mode, too. */
  showTv(): void {
    this.props.store.showTv(true);
    void document.documentElement.requestFullscreen().catch(() => {});
  }

  /** The whole page goes full screen, not one element, because dialogs and notifications are outside that element. */
  toggleFullScreen(): void {
    if (document.fullscreenElement === null) void document.documentElement.requestFullscreen();
    else void document.exitFullscreen();
  }
}
