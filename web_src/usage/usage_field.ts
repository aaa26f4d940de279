// Field widget `gateway_usage`: the used part of a limit as a bar, and the time until it is reset.
//
//   <field name="used" widget="gateway_usage" options="{'limit_field': 'most', 'resets_field': 'resets_at'}"/>
//
// The fields that the options name must be in the view. A limit of 0 means no limit.

import { Component, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import type { RecordOfView } from '@web/model/record';
import { standardFieldProps } from '@web/views/fields/standard_field_props';
import { formatCount } from '../core/format';
import { countdown, levelOf, shareOf } from './usage';

interface Props {
  record: RecordOfView;
  name: string;
  limitField: string;
  resetsField?: string;
}

export class UsageField extends Component<Props> {
  static template = 'api_gateway.UsageField';
  static props = { ...standardFieldProps, limitField: String, resetsField: { type: String, optional: true } };

  clock = useState({ now: Date.now() });

  override setup(): void {
    const timer = browser.setInterval(() => {
      this.clock.now = Date.now();
    }, 1000);
    onWillUnmount(() => browser.clearInterval(timer));
  }

  get limit(): number {
    return this.number(this.props.limitField);
  }

  get timeLeft(): string {
    const resetsAt = this.props.resetsField && this.props.record.data[this.props.resetsField];
    return isMoment(resetsAt) ? countdown(resetsAt.toMillis() - this.clock.now) : '';
  }

  /** The used part. It is 0 if the window has ended since the field was read. */
  get used(): number {
    return this.props.resetsField && this.timeLeft === '' ? 0 : this.number(this.props.name);
  }

  get share(): number {
    return shareOf(this.used, this.limit);
  }

  get level(): string {
    return levelOf(this.share);
  }

  get text(): string {
    if (this.limit === 0) return _t('No limit');
    return _t('%(used)s of %(limit)s', { used: formatCount(this.used), limit: formatCount(this.limit) });
  }

  get resetText(): string {
    return this.timeLeft === '' ? '' : _t('resets in %s', this.timeLeft);
  }

  number(name: string): number {
    const value = this.props.record.data[name];
    return typeof value === 'number' ? value : 0;
  }
}

function isMoment(value: unknown): value is { toMillis(): number } {
  return typeof value === 'object' && value !== null && 'toMillis' in value;
}

registry.category('fields').add('gateway_usage', {
  component: UsageField,
  displayName: _t('Usage Bar'),
  supportedTypes: ['integer'],
  isEmpty: () => false,
  additionalClasses: ['w-100'],
  extractProps: ({ options }: { options: { limit_field: string; resets_field?: string } }) => ({
    limitField: options.limit_field,
    ...(options.resets_field ? { resetsField: options.resets_field } : {}),
  }),
});
