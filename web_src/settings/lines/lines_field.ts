// Field widget `gateway_lines`: one entry per line; a line that is not valid is marked at once.
//
//   <field name="ip_list" widget="gateway_lines" options="{'kind': 'address'}"/>     address, origin or model

import { Component, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import type { RecordOfView } from '@web/model/record';
import { standardFieldProps } from '@web/views/fields/standard_field_props';
import { TextField } from '@web/views/fields/text/text_field';
import type { Fault, Kind } from './entries';
import { entriesOf, faultsOf } from './entries';

interface Props {
  record: RecordOfView;
  name: string;
  readonly?: boolean;
  kind: Kind;
  placeholder?: string;
}

const mostShown = 3;

export class LinesField extends Component<Props> {
  static template = 'api_gateway.LinesField';
  static components = { TextField };
  static props = { ...standardFieldProps, kind: String, placeholder: { type: String, optional: true } };

  /** Text in the box that is not yet in the record. */
  state = useState<{ typed: string | null }>({ typed: null });

  get textProps(): object {
    const { kind: _kind, ...props } = this.props;
    return { ...props, rowCount: 2 };
  }

  get text(): string {
    const saved = this.props.record.data[this.props.name];
    return this.state.typed ?? (typeof saved === 'string' ? saved : '');
  }

  get count(): number {
    return entriesOf(this.text).length;
  }

  get faults(): Fault[] {
    return faultsOf(this.text, this.props.kind);
  }

  get shownFaults(): string[] {
    const expected = {
      address: _t('an address such as 203.0.113.7 or a network such as 203.0.113.0/24'),
      origin: _t('an origin such as https://shop.example.com'),
      model: _t('a technical name such as hr.employee or hr.*'),
    }[this.props.kind];
    return this.faults
      .slice(0, mostShown)
      .map(({ line, entry }) => _t('Line %(line)s: “%(entry)s” is not %(expected)s.', { line, entry, expected }));
  }

  get more(): number {
    return Math.max(0, this.faults.length - mostShown);
  }

  onInput(event: Event): void {
    this.state.typed = (event.target as HTMLTextAreaElement).value;
  }

  /** Called when the text has reached the record, or something else has changed the record. */
  onChange(): void {
    this.state.typed = null;
  }
}

registry.category('fields').add('gateway_lines', {
  component: LinesField,
  displayName: _t('Checked Lines'),
  supportedTypes: ['text'],
  extractProps: ({ options, placeholder }: { options: { kind: Kind }; placeholder?: string }) => ({
    kind: options.kind,
    ...(placeholder ? { placeholder } : {}),
  }),
});
