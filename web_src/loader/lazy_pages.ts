// In the backend bundle: names the gateway's pages. Their code comes with the bundle `api_gateway.assets` when one opens.

import { Component, xml } from '@odoo/owl';
import { LazyComponent } from '@web/core/assets';
import { registry } from '@web/core/registry';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';

class LazyPage extends Component {
  static components = { LazyComponent };
  static props = { ...standardActionServiceProps };
  static template = xml`<LazyComponent Component="props.action.tag" bundle="'api_gateway.assets'" props="props"/>`;
}

// A page registers itself in `lazy_components` under the tag of its client action.
const tags = ['api_gateway.dashboard', 'api_gateway.keys', 'api_gateway.speed_test', 'api_gateway.status'];
for (const tag of tags) registry.category('actions').add(tag, LazyPage);
