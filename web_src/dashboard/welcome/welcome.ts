import { Component, useRef, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import type { Surroundings } from '../data/figures';

/** Three steps to the first request, shown until there is one. */
export class Welcome extends Component<{ surroundings: Surroundings | null }> {
  static template = 'api_gateway.DashboardWelcome';
  static props = { surroundings: { type: [Object, { value: null }] } };

  state = useState({ copied: false });
  code = useRef<HTMLElement>('code');
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

  /** Without HTTPS, browsers offer no clipboard. Then the command is selected, and Ctrl+C copies it. */
  async copy(): Promise<void> {
    try {
      await browser.navigator.clipboard.writeText(this.command);
      this.state.copied = true;
    } catch {
      if (this.code.el !== null) document.getSelection()?.selectAllChildren(this.code.el);
    }
  }
}
