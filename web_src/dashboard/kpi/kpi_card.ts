import { Component, onWillUpdateProps, xml } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { usePopover } from '@web/core/popover/popover_hook';
import { formatShare, nothing } from '../../core/format';
import type { Lead } from '../data/lead';
import { useAnimatedNumber } from './animated_number';
import type { Kpi } from './kpis';
import { sparkline } from './sparkline';

interface Props {
  kpi: Kpi;
  large?: boolean;
  /** Whether the number of the previous period is shown, too. */
  compare?: boolean;
  follow: (lead: Lead) => void;
}

class Explanation extends Component<{ text: string }> {
  static template = xml`<p class="o_api_gateway_explanation m-0 p-2" t-esc="props.text"/>`;
  static props = { text: String, close: Function };
}

/** One number with its change and its sparkline. A large number is a card, a small one is a line of a card. */
export class KpiCard extends Component<Props> {
  static template = 'api_gateway.KpiCard';
  static props = {
    kpi: Object,
    large: { type: Boolean, optional: true },
    compare: { type: Boolean, optional: true },
    follow: Function,
  };

  number = useAnimatedNumber(this.props.kpi.value);
  /** The sparkline is computed once per reading, not for each step of the counter. */
  line = sparkline(this.props.kpi.line ?? []);
  declare explanation: ReturnType<typeof usePopover>;

  override setup(): void {
    // A `title` does not work with keyboards and touch screens.
    this.explanation = usePopover(Explanation, { position: 'bottom', popoverClass: 'o_api_gateway_popover' });
    onWillUpdateProps(({ kpi }: Props) => {
      this.number.moveTo(kpi.value);
      this.line = sparkline(kpi.line ?? []);
    });
  }

  explain({ currentTarget }: { currentTarget: HTMLElement }): void {
    const { hint, unfiltered } = this.props.kpi;
    this.explanation.open(currentTarget, { text: [hint, unfiltered && `${unfiltered}.`].filter(Boolean).join(' ') });
  }

  get helpLabel(): string {
    return _t('About “%s”', this.props.kpi.label);
  }

  get text(): string {
    return this.number.value === null ? nothing : this.props.kpi.format(this.number.value);
  }

  /** The number of the previous period; empty if there is no such number. */
  get before(): string {
    const { previous, format } = this.props.kpi;
    if (!this.props.compare || previous === undefined) return '';
    return previous === null ? _t('nothing before') : _t('before: %s', format(previous));
  }

  /** The change from the previous period. From zero, there is no share: the number of that period says it, if it is shown. */
  get change(): { text: string; icon: string; tone: string; title: string } | null {
    const { value, previous, rise, format } = this.props.kpi;
    if (value === null || previous === undefined || previous === null) return null;
    const title = _t('Previous period: %s', format(previous));
    if (previous === 0) {
      if (value === 0 || this.before !== '') return null;
      return { text: _t('zero before'), icon: 'fa-plus', tone: toneOf(rise), title };
    }
    const share = (value - previous) / Math.abs(previous);
    if (Math.abs(share) < 0.001) return { text: formatShare(0), icon: 'fa-arrows-h', tone: 'muted', title };
    const text = Math.abs(share) > 9.99 ? `×${Math.round(share + 1)}` : formatShare(Math.abs(share));
    return { text, icon: share > 0 ? 'fa-caret-up' : 'fa-caret-down', tone: toneOf(rise * Math.sign(share)), title };
  }
}

function toneOf(goodness: number): string {
  if (goodness > 0) return 'good';
  return goodness < 0 ? 'bad' : 'muted';
}
