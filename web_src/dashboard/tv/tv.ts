// The display mode: the page fills the screen of a wall display and needs no input.

import { Component, useEffect, useExternalListener, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import { formatMoment } from '../../core/format';
import type { DashboardState, DashboardStore } from '../data/store';

/** Without traffic, no message asks for new figures, but the range moves on. */
const rereadEveryMs = 60_000;
const bodyClass = 'o_api_gateway_tv';

/** Follows the state `tv`: hides Odoo's own bars, keeps the figures current, and ends with Escape or when the full screen ends. */
export function useTv(store: DashboardStore): void {
  let wasFull = false;
  const leave = () => {
    if (store.state.tv) store.showTv(false);
  };
  useExternalListener(document, 'fullscreenchange', () => {
    const isFull = document.fullscreenElement !== null;
    if (wasFull && !isFull) leave();
    wasFull = isFull;
  });
  useExternalListener(window, 'keydown', (event) => {
    if ((event as KeyboardEvent).key === 'Escape') leave();
  });
  useEffect(
    (tv) => {
      if (!tv) return undefined;
      document.body.classList.add(bodyClass);
      const timer = browser.setInterval(() => void store.load(), rereadEveryMs);
      return () => {
        document.body.classList.remove(bodyClass);
        browser.clearInterval(timer);
        if (document.fullscreenElement !== null) void document.exitFullscreen();
      };
    },
    () => [store.state.tv],
  );
}

/** The only line of text above the figures: what they show, how current they are, and the way out. */
export class TvHead extends Component<{ store: DashboardStore }> {
  static template = 'api_gateway.TvHead';
  static props = { store: Object };

  state: DashboardState = useState(this.props.store.state);

  get title(): string {
    const { figures, consumer, consumers } = this.state;
    const options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
    const range = figures === null ? '' : formatMoment(figures.range.since, options);
    const name = consumers.find((entry) => entry.consumer === consumer)?.name;
    return name === undefined ? _t('API since %s', range) : _t('%(name)s since %(range)s', { name, range });
  }

  get updated(): string {
    const { updatedAt, connection } = this.state;
    if (connection === 'fallback') return _t('Reconnecting; polling meanwhile');
    return updatedAt === null ? '' : _t('Updated %s', formatMoment(updatedAt, { timeStyle: 'medium' }));
  }
}
