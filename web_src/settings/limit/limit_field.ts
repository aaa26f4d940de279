// Field widget `gateway_limit`: a number for which 0 means no limit, or the default. Users need not know that: instead of 0, the
// field is empty and shows a placeholder.
//
//   <field name="minute_limit" widget="gateway_limit" placeholder="unlimited"/>

import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import { IntegerField, integerField } from '@web/views/fields/integer/integer_field';

export class LimitField extends IntegerField {
  static override template = 'api_gateway.LimitField';
  static override props = { ...IntegerField.props, placeholder: { type: String, optional: true } };

  override get formattedValue(): string {
    return this.value === 0 ? '' : super.formattedValue;
  }
}

registry.category('fields').add('gateway_limit', {
  ...integerField,
  component: LimitField,
  displayName: _t('Limit'),
  extractProps: (field: { placeholder?: string }) => ({ ...integerField.extractProps(field), placeholder: field.placeholder }),
});
