import { Component } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import type { Orm } from '@web/core/utils/hooks';

/** The answer of `gateway.health.parts`. */
export interface Part {
  part: string;
  name: string;
  state: 'ok' | 'warning' | 'danger' | 'off';
  text: string;
  /** What the reader should do; null: nothing. */
  todo: string | null;
}

/** The parts; empty for users who are not managers. */
export function readHealth(orm: Orm): Promise<Part[]> {
  return orm.call<Part[]>('gateway.health', 'parts');
}

/** The parts that a request passes through, each with its state and what to do about it. */
export class Health extends Component<{ parts: Part[] }> {
  static template = 'api_gateway.Health';
  static props = { parts: Array };

  lookOf(state: Part['state']): { label: string; color: string } {
    return {
      ok: { label: _t('OK'), color: 'text-bg-success' },
      warning: { label: _t('Needs attention'), color: 'text-bg-warning' },
      danger: { label: _t('Failing'), color: 'text-bg-danger' },
      off: { label: _t('Not used'), color: 'text-bg-secondary' },
    }[state];
  }
}
