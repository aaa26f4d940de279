import { Component } from '@odoo/owl';
import { deserializeDateTime, formatDate, formatDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import type { ConnectedApp } from '../access_keys';

interface Props {
  apps: ConnectedApp[];
  withOwner: boolean;
  end: (app: ConnectedApp) => void;
}

/** Apps that act for the user, with their permissions, their expiry and a button that ends the access. */
export class ConnectedApps extends Component<Props> {
  static template = 'api_gateway.ConnectedApps';
  static props = { apps: Array, withOwner: Boolean, end: Function };

  source({ source }: ConnectedApp): string {
    return {
      registered: _t('registered by a manager'),
      document: _t('known by its web address'),
      dynamic: _t('registered itself: nobody vouches for its name'),
    }[source];
  }

  date(value: string): { text: string; exact: string } {
    const at = deserializeDateTime(value);
    return { text: formatDate(at), exact: formatDateTime(at) };
  }

  ago({ last_used_at }: ConnectedApp): string {
    return last_used_at ? (deserializeDateTime(last_used_at).toRelative() ?? '') : _t('never');
  }

  endLabel({ name }: ConnectedApp): string {
    return _t('End the access of “%s”', name);
  }
}
