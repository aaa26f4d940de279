import { Component } from '@odoo/owl';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import { CopyButton } from '../../core/copy/copy_button';
import type { Surroundings } from '../data/figures';

/** Three steps to the first request, shown until there is one. */
export class Welcome extends Component<{ surroundings: Surroundings | null }> {
  static template = 'api_gateway.DashboardWelcome';
  static components = { CopyButton };
  static props = { surroundings: { type: [Object, { value: null }] } };

  declare action: Services['action'];

  override setup(): void {
    this.action = useService('action');
  }

  get hasKey(): boolean {
    return (this.props.surroundings?.keys ?? 0) > 0;
  }

  get isAlive(): boolean {
    return (this.props.surroundings?.sidecars.alive ?? 0) > 0;
  }

  get command(): string {
    const url = this.props.surroundings?.url ?? 'http://127.0.0.1:8080';
    return `curl -H "Authorization: Bearer YOUR_KEY" "${url}/api/v1/res.partner?limit=3"`;
  }

  openKeys(): void {
    void this.action.doAction('api_gateway.access_keys_action');
  }
}
