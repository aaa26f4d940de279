import { Component } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { Layout } from '@web/search/layout';
import type { ThemeChoice } from '../theme';
import { useTheme } from '../theme';

/** The frame of every gateway page: control panel, theme and the switch between themes. */
export class GatewayPage extends Component<{ slots: object }> {
  static template = 'api_gateway.GatewayPage';
  static components = { Layout };
  static props = { slots: Object };

  theme = useTheme();
  display = { controlPanel: {} };

  get themes(): { choice: ThemeChoice; icon: string; label: string }[] {
    return [
      { choice: 'light', icon: 'fa-sun-o', label: _t('Light theme') },
      { choice: 'dark', icon: 'fa-moon-o', label: _t('Dark theme') },
      { choice: 'auto', icon: 'fa-adjust', label: _t('System theme') },
    ];
  }
}
