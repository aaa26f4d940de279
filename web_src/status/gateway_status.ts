import { Component } from '@odoo/owl';
import { registry } from '@web/core/registry';
import { useService } from '@web/core/utils/hooks';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';
import { GatewayPage } from '../core/page/gateway_page';
import type { Polling } from '../core/polling';
import { usePolling } from '../core/polling';
import type { Part } from './health';
import { Health, readHealth } from './health';
import type { Sidecar } from './sidecar';
import { readSidecars } from './sidecar';
import { SidecarCard } from './sidecar_card';

const refreshMs = 3_000;
const healthMs = 15_000;

/** The sidecars of this database, and the health of all parts that a request passes through. */
export class GatewayStatus extends Component {
  static template = 'api_gateway.GatewayStatus';
  static components = { GatewayPage, Health, SidecarCard };
  static props = { ...standardActionServiceProps };

  declare polling: Polling<Sidecar[]>;
  declare health: Polling<Part[]>;

  override setup(): void {
    const orm = useService('orm');
    this.polling = usePolling(() => readSidecars(orm.silent), refreshMs);
    this.health = usePolling(() => readHealth(orm.silent), healthMs);
  }

  async reload(): Promise<void> {
    await Promise.all([this.polling.reload(), this.health.reload()]);
  }

  get sidecars(): Sidecar[] {
    return this.polling.data ?? [];
  }

  get aliveCount(): number {
    return this.sidecars.filter((sidecar) => sidecar.state === 'alive').length;
  }
}

registry.category('lazy_components').add('api_gateway.status', GatewayStatus);
