import { Component } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import { useService } from '@web/core/utils/hooks';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';
import { formatMs, nothing } from '../core/format';
import { GatewayPage } from '../core/page/gateway_page';
import { HistoryTable } from './history/history_table';
import { LatencyChart } from './history/latency_chart';
import type { Kind } from './measure';
import { Result } from './result/result';
import type { SpeedTestState, SpeedTestStore } from './store';
import { useSpeedTest } from './store';

/** Measures the gateway's answers to this browser by step, compared with Odoo's own API. */
export class SpeedTest extends Component {
  static template = 'api_gateway.SpeedTest';
  static components = { GatewayPage, HistoryTable, LatencyChart, Result };
  static props = { ...standardActionServiceProps };

  declare store: SpeedTestStore;
  declare state: SpeedTestState;
  choices = [5, 10, 25, 50];

  override setup(): void {
    this.store = useSpeedTest(useService('orm'), useService('action'));
    this.state = this.store.state;
  }

  get tests(): { kind: Kind; icon: string; title: string; description: string; hotkey: string }[] {
    return [
      {
        kind: 'light',
        icon: 'fa-bolt',
        title: _t('Light Test'),
        description: _t('Pings the gateway: connection, authentication and limits, without Odoo’s data.'),
        hotkey: 'l',
      },
      {
        kind: 'heavy',
        icon: 'fa-database',
        title: _t('Heavy Test'),
        description: _t('Authenticates and reads 25 sales orders with several fields (contacts if you see no orders).'),
        hotkey: 'h',
      },
    ];
  }

  /** The latency of the last successful test of a kind. */
  last(kind: Kind): string {
    const entry = this.state.history?.find((found) => found.kind === kind && found.state === 'ok');
    return entry === undefined ? nothing : formatMs(entry.p50_ms);
  }

  get progress(): string {
    return _t('%(done)s of %(runs)s', { done: this.state.done, runs: this.state.runs });
  }

  chooseRuns(event: Event): void {
    this.state.runs = Number((event.target as HTMLSelectElement).value);
  }
}

registry.category('lazy_components').add('api_gateway.speed_test', SpeedTest);
