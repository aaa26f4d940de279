import { Component, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import { copyText } from './copy_text';

interface Props {
  text: string;
  /** A name for the copied text, for screen readers. */
  label: string;
  /** Bootstrap's classes, in addition to `btn`. */
  class?: string;
}

const shownMs = 2_000;

/** Copies text and confirms it. */
export class CopyButton extends Component<Props> {
  static template = 'api_gateway.CopyButton';
  static props = { text: String, label: String, class: { type: String, optional: true } };

  static defaultProps = { class: 'btn-secondary' };

  state: { outcome: 'copied' | 'refused' | null } = useState({ outcome: null });
  timer: number | undefined = undefined;

  override setup(): void {
    onWillUnmount(() => browser.clearTimeout(this.timer));
  }

  get caption(): string {
    if (this.state.outcome === 'copied') return _t('Copied');
    return this.state.outcome === 'refused' ? _t('Select it and copy it') : _t('Copy');
  }

  async copy(): Promise<void> {
    this.state.outcome = (await copyText(this.props.text)) ? 'copied' : 'refused';
    browser.clearTimeout(this.timer);
    this.timer = browser.setTimeout(() => {
      this.state.outcome = null;
    }, shownMs);
  }
}
