// Part of the backend bundle: lists the gateway's pages. Their code is loaded with the bundle `api_gateway.assets` when a page
// opens.

import { Component, useState, xml } from '@odoo/owl';
import { LazyComponent, loadBundle } from '@web/core/assets';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import { user } from '@web/core/user';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';

const bundle = 'api_gateway.assets';

class LazyPage extends Component {
  static components = { LazyComponent };
  static props = { ...standardActionServiceProps };
  static template = xml`
    <LazyComponent t-if="state.isUser" Component="props.action.tag" bundle="'${bundle}'" props="props"/>
    <div t-else="" class="o_api_gateway_stranger o_action o_view_nocontent" role="status">
      <div class="o_nocontent_help">
        <p class="o_view_nocontent_smiling_face" t-esc="title"/>
        <p t-esc="help"/>
      </div>
    </div>`;

  state = useState({ isUser: true });

  override setup(): void {
    // The page does not wait for the answer, because almost everybody who opens it has this role.
    void user.hasGroup('api_gateway.group_user').then((isUser) => {
      this.state.isUser = isUser;
    });
  }

  get title(): string {
    return _t('You have no access to the API Gateway');
  }

  get help(): string {
    return _t('Ask an administrator for the role “User” under “API Gateway” in your user account.');
  }
}

/** The tags of the pages, by path. A page registers itself in `lazy_components` under the tag of its client action. */
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
