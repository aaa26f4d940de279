import { Component, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import type { Surroundings } from '../data/figures';

/** Before the first request: how to make one. */
export class Welcome extends Component<{ surroundings: Surroundings | null }> {
  static template = 'api_gateway.DashboardWelcome';
  static props = { surroundings: { type: [Object, { value: null }] } };

  state = useState({ copied: false });

  get command(): string {
    const url = this.props.surroundings?.url ?? 'http://127.0.0.1:8080';
    return `curl -H "Authorization: Bearer YOUR_KEY" "${url}/api/v1/res.partner?limit=3"`;
  }

  async copy(): Promise<void> {
    await browser.navigator.clipboard.writeText(this.command);
    this.state.copied = true;
  }
}
