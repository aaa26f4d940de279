import { Component, useState } from '@odoo/owl';
import { Dialog } from '@web/core/dialog/dialog';
import { deserializeDateTime, formatDateTime } from '@web/core/l10n/dates';
import type { SigningState } from './signing_state';

interface Props {
  signing: SigningState | null;
  rotate: (keepTokens: boolean) => Promise<void>;
  close: () => void;
}

/** Asks before the signing secret is rotated: existing tokens either stay valid or end. */
export class RotateDialog extends Component<Props> {
  static template = 'api_gateway.RotateDialog';
  static components = { Dialog };
  static props = { signing: { type: [Object, { value: null }] }, rotate: Function, close: Function };

  state = useState({ keep: true, running: false });

  get tokens(): number {
    return this.props.signing?.tokens ?? 0;
  }

  /** When the last valid token expires; null if there is none. */
  get last(): string | null {
    const last = this.props.signing?.last_expires_at;
    return last ? formatDateTime(deserializeDateTime(last.replace('T', ' ').slice(0, 19))) : null;
  }

  async confirm(): Promise<void> {
    this.state.running = true;
    await this.props.rotate(this.state.keep);
    this.props.close();
  }
}
