// Part of the backend bundle: lists the gateway's pages. Their code comes with the bundle `api_gateway.assets` when one opens.

import { Component, xml } from '@odoo/owl';
import { LazyComponent, loadBundle } from '@web/core/assets';
import { browser } from '@web/core/browser/browser';
import { registry } from '@web/core/registry';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';

const bundle = 'api_gateway.assets';

class LazyPage extends Component {
  static components = { LazyComponent };
  static props = { ...standardActionServiceProps };
  static template = xml`<LazyComponent Component="props.action.tag" bundle="'${bundle}'" props="props"/>`;
}

/** By path. A page registers itself in `lazy_components` under the tag of its client action. */
const tags = {
  'gateway-dashboard': 'api_gateway.dashboard',
  'api-access-keys': 'api_gateway.keys',
  'gateway-agents': 'api_gateway.agents',
  'gateway-speed-test': 'api_gateway.speed_test',
  gateway: 'api_gateway.status',
};
for (const tag of Object.values(tags)) registry.category('actions').add(tag, LazyPage);

// If a page is opened by its URL, its code loads while Odoo's client starts. If that fails, the page tries again and reports the
// error.
const path = browser.location.pathname.split('/').at(-1) ?? '';
if (Object.hasOwn(tags, path)) loadBundle(bundle).catch(() => {});
