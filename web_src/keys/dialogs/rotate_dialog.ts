import { Component, useState } from '@odoo/owl';
import { Dialog } from '@web/core/dialog/dialog';
import { _t } from '@web/core/l10n/translation';
import { errorText } from '../../core/error_text';

interface Props {
  name: string;
  /** How long the old secret keeps working by default, from the settings. */
  graceHours: number;
  rotate: (graceHours: number) => Promise<void>;
  close: () => void;
}

/** Asks how long the old secret keeps working. */
export class RotateDialog extends Component<Props> {
  static template = 'api_gateway.RotateKeyDialog';
  static components = { Dialog };
  static props = { name: String, graceHours: Number, rotate: Function, close: Function };

  state: { hours: string; busy: boolean; error: string | null } = useState({
    hours: String(this.props.graceHours),
    busy: false,
    error: null,
  });

  get title(): string {
    return _t('Rotate “%s”', this.props.name);
  }

  get periods(): { value: string; name: string }[] {
    const offered = new Map<number, string>([
      [0, _t('not at all')],
      [1, _t('for an hour')],
      [24, _t('for a day')],
      [168, _t('for a week')],
      [720, _t('for 30 days')],
    ]);
    const suggested = this.props.graceHours;
    if (!offered.has(suggested)) offered.set(suggested, _t('for %s hours', suggested));
    return [...offered].sort(([a], [b]) => a - b).map(([hours, name]) => ({ value: String(hours), name }));
  }

  async submit(): Promise<void> {
    if (this.state.busy) return;
    Object.assign(this.state, { busy: true, error: null });
    try {
      await this.props.rotate(Number(this.state.hours));
      this.props.close();
    } catch (error) {
      Object.assign(this.state, { busy: false, error: errorText(error) });
    }
  }
}
