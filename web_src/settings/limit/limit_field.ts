// Field widget `gateway_limit`: a number whose 0 means that there is no such limit, or that the default applies. Nobody has to
// know that: 0 is an empty box with words in it.
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
