// View widget `gateway_sidecar_check`: tests the address in the field `gateway_sidecar_url`, from Odoo and from this browser.

import { Component, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import type { Orm } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import type { RecordOfView } from '@web/model/record';
import { standardWidgetProps } from '@web/views/widgets/standard_widget_props';
import { errorText } from '../../core/error_text';
import { formatMs } from '../../core/format';
import type { Reach } from './reach';
import { reachFromHere } from './reach';

/** The result of `gateway.sidecar.diagnose`. */
interface Diagnosis {
  state: 'ok' | 'address' | 'unreachable' | 'not_a_gateway' | 'other_database' | 'version' | 'away';
  url: string | null;
  message: string;
  version: string | null;
  total_ms: number | null;
  postgres_ms: number | null;
  odoo_ms: number | null;
}

interface State {
  running: boolean;
  error: string | null;
  diagnosis: Diagnosis | null;
  reach: Reach | null;
}

export class SidecarCheck extends Component<{ record: RecordOfView }> {
  static template = 'api_gateway.SidecarCheck';
  static props = { ...standardWidgetProps };

  declare orm: Orm;
  state: State = useState({ running: false, error: null, diagnosis: null, reach: null });

  override setup(): void {
    this.orm = useService('orm');
  }

  async test(): Promise<void> {
    if (this.state.running) return;
    Object.assign(this.state, { running: true, error: null, diagnosis: null, reach: null });
    try {
      const url = this.props.record.data['gateway_sidecar_url'] || '';
      this.state.diagnosis = await this.orm.call<Diagnosis>('gateway.sidecar', 'diagnose', [url]);
      const { state, url: tested } = this.state.diagnosis;
      if (tested !== null && state !== 'unreachable' && state !== 'not_a_gateway') this.state.reach = await reachFromHere(tested);
    } catch (error) {
      this.state.error = errorText(error);
    } finally {
      this.state.running = false;
    }
  }

  get isGood(): boolean {
    return this.state.diagnosis?.state === 'ok';
  }

  get times(): { label: string; value: string }[] {
    const { diagnosis, reach } = this.state;
    return [
      { label: _t('From Odoo and back'), ms: diagnosis?.total_ms },
      { label: _t('Sidecar to Postgres'), ms: diagnosis?.postgres_ms },
      { label: _t('Sidecar to Odoo'), ms: diagnosis?.odoo_ms },
      { label: _t('From this browser'), ms: reach?.ms },
    ].flatMap(({ label, ms }) => (typeof ms === 'number' ? [{ label, value: formatMs(ms) }] : []));
  }

  /** The problem for this browser; null if there is none. */
  get browserFault(): string | null {
    switch (this.state.reach?.state) {
      case 'mixed':
        return _t('This page came over https, so browsers refuse to call an http address from it.');
      case 'origin':
        return _t(
          'This browser reaches the address, but pages of this Odoo may not call it. Add their origin to “Web Pages That May Call”.',
        );
      case 'unreachable':
        return _t(
          'Odoo reaches this address, but this browser does not. The live dashboard needs an address that also works from outside.',
        );
      default:
        return null;
    }
  }
}

registry.category('view_widgets').add('gateway_sidecar_check', { component: SidecarCheck });
