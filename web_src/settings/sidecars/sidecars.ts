// View widget `gateway_sidecars`: the sidecars of this database, in a few lines.

import { Component, onWillStart, useState } from '@odoo/owl';
import { registry } from '@web/core/registry';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import { standardWidgetProps } from '@web/views/widgets/standard_widget_props';
import { errorText } from '../../core/error_text';

interface Sidecar {
  id: number;
  name: string;
  address: string;
  version: string;
  state: 'alive' | 'stale';
}

const mostShown = 5;

export class SidecarsWidget extends Component {
  static template = 'api_gateway.SidecarsWidget';
  static props = { ...standardWidgetProps };

  declare orm: Services['orm'];
  declare action: Services['action'];
  state: { sidecars: Sidecar[]; error: string | null } = useState({ sidecars: [], error: null });
  mostShown = mostShown;

  override setup(): void {
    this.orm = useService('orm');
    this.action = useService('action');
    onWillStart(() => this.load());
  }

  async load(): Promise<void> {
    try {
      const fields = ['name', 'address', 'version', 'state'];
      this.state.sidecars = await this.orm.searchRead<Sidecar>('gateway.sidecar', [], fields);
      this.state.error = null;
    } catch (error) {
      this.state.error = errorText(error);
    }
  }

  openStatus(): void {
    void this.action.doAction('api_gateway.status_action');
  }
}

registry.category('view_widgets').add('gateway_sidecars', { component: SidecarsWidget });
