// Field widget `gateway_secret`: a new secret, to be copied. The page that requested the secret gets it, too, for its examples.

import { Component, onMounted } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import type { RecordOfView } from '@web/model/record';
import { standardFieldProps } from '@web/views/fields/standard_field_props';
import { CopyButton } from '../core/copy/copy_button';

interface Props {
  record: RecordOfView;
  name: string;
}

export class SecretField extends Component<Props> {
  static template = 'api_gateway.SecretField';
  static components = { CopyButton };
  static props = { ...standardFieldProps };

  override setup(): void {
    onMounted(() => {
      const { kind, credential_id } = this.props.record.data;
      if (this.value !== '') this.env.bus.trigger('API_GATEWAY:SECRET', { secret: this.value, kind, id: credential_id });
    });
  }

  get value(): string {
    const value = this.props.record.data[this.props.name];
    return typeof value === 'string' ? value : '';
  }

  get label(): string {
    return _t('Copy the secret');
  }

  /** Selects the whole secret with one click. */
  select({ currentTarget }: { currentTarget: HTMLInputElement }): void {
    currentTarget.select();
  }
}

registry.category('fields').add('gateway_secret', {
  component: SecretField,
  displayName: _t('New Secret'),
  supportedTypes: ['char'],
  isEmpty: () => false,
  additionalClasses: ['w-100'],
});
