// View widget `gateway_signing_secret`: the age of the secret that signs tokens, the old secrets that are still valid, and a
// button for a new one.

import { Component, onWillStart, useState } from '@odoo/owl';
import { deserializeDateTime, formatDateTime } from '@web/core/l10n/dates';
import { registry } from '@web/core/registry';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import { standardWidgetProps } from '@web/views/widgets/standard_widget_props';
import { errorText } from '../../core/error_text';
import { RotateDialog } from './rotate_dialog';
import type { SigningState } from './signing_state';

export class SigningSecret extends Component {
  static template = 'api_gateway.SigningSecret';
  static props = { ...standardWidgetProps };

  declare orm: Services['orm'];
  declare dialog: Services['dialog'];
  state: { signing: SigningState | null; error: string | null } = useState({ signing: null, error: null });

  override setup(): void {
    this.orm = useService('orm');
    this.dialog = useService('dialog');
    onWillStart(() => this.show(() => this.orm.call<SigningState>('gateway.signing.secret', 'state')));
  }

  ask(): void {
    this.dialog.add(RotateDialog, {
      signing: this.state.signing,
      rotate: (keepTokens: boolean) =>
        this.show(() => this.orm.call<SigningState>('gateway.signing.secret', 'rotate', [keepTokens])),
    });
  }

  moment(text: string): string {
    return formatDateTime(deserializeDateTime(text.replace('T', ' ').slice(0, 19)));
  }

  private async show(load: () => Promise<SigningState>): Promise<void> {
    try {
      Object.assign(this.state, { signing: await load(), error: null });
    } catch (error) {
      this.state.error = errorText(error);
    }
  }
}

registry.category('view_widgets').add('gateway_signing_secret', { component: SigningSecret });
