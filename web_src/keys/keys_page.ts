import { Component } from '@odoo/owl';
import { ConfirmationDialog } from '@web/core/confirmation_dialog/confirmation_dialog';
import { _t } from '@web/core/l10n/translation';
import { Pager } from '@web/core/pager/pager';
import { registry } from '@web/core/registry';
import type { Orm, Services } from '@web/core/utils/hooks';
import { useBus, useService } from '@web/core/utils/hooks';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';
import { errorText } from '../core/error_text';
import { GatewayPage } from '../core/page/gateway_page';
import type { AccessKey, ConnectedApp, NewKey, Section, ShownSecret } from './access_keys';
import { createKey, endApp, generateSecret, revokeKey, rotateKey } from './access_keys';
import { ConnectedApps } from './apps/connected_apps';
import { CreateDialog } from './dialogs/create_dialog';
import { RotateDialog } from './dialogs/rotate_dialog';
import { UsageDialog } from './dialogs/usage_dialog';
import { Guide } from './guide/guide';
import type { KeysState, KeysStore } from './keys_store';
import { useKeys } from './keys_store';
import { KeyList } from './list/key_list';

/** The page of the user's keys. It lists, creates, rotates and revokes them, and shows how to use them. */
export class KeysPage extends Component {
  static template = 'api_gateway.KeysPage';
  static components = { ConnectedApps, GatewayPage, Guide, KeyList, Pager };
  static props = { ...standardActionServiceProps };

  declare orm: Orm;
  declare action: Services['action'];
  declare dialog: Services['dialog'];
  declare notification: Services['notification'];
  declare store: KeysStore;
  declare state: KeysState;

  override setup(): void {
    this.orm = useService('orm');
    this.action = useService('action');
    this.dialog = useService('dialog');
    this.notification = useService('notification');
    this.store = useKeys(this.orm.silent);
    this.state = this.store.state;
    useBus<ShownSecret>(this.env.bus, 'API_GATEWAY:SECRET', ({ detail }) => this.store.keepSecret(detail));
  }

  get sections(): { section: Section; name: string }[] {
    return [
      { section: 'active', name: _t('Active') },
      { section: 'expiring', name: _t('Expiring in 14 days') },
      { section: 'unused', name: _t('Unused for 90 days') },
      { section: 'ended', name: _t('Revoked or expired') },
      { section: 'all', name: _t('All') },
    ];
  }

  /** Whether there are no keys yet. */
  get isNew(): boolean {
    return this.state.page?.counts.all === 0 && this.state.query.text === '';
  }

  onSearch({ target }: { target: HTMLInputElement }): void {
    this.store.search(target.value);
  }

  create(): void {
    const { surroundings } = this.state;
    if (surroundings === null) return;
    this.dialog.add(CreateDialog, {
      surroundings,
      create: (values: NewKey) => this.show(createKey(this.orm, values)),
    });
  }

  generate(key: AccessKey): void {
    void this.report(this.show(generateSecret(this.orm, key.id)));
  }

  rotate(key: AccessKey): void {
    this.dialog.add(RotateDialog, {
      name: key.name,
      graceHours: this.state.surroundings?.grace_hours ?? 24,
      rotate: (graceHours: number) => this.show(rotateKey(this.orm, key.id, graceHours)),
    });
  }

  showUsage(key: AccessKey): void {
    this.dialog.add(UsageDialog, { keyId: key.id, name: key.name, orm: this.orm.silent });
  }

  revoke(key: AccessKey): void {
    this.dialog.add(ConfirmationDialog, {
      title: _t('Revoke “%s”?', key.name),
      body: _t('Callers that use this key are refused at once. This cannot be undone.'),
      confirmLabel: _t('Revoke'),
      confirmClass: 'btn-danger',
      confirm: () => this.report(this.end(key)),
      cancel: () => {},
    });
  }

  open(key: AccessKey): void {
    const target = { type: 'ir.actions.act_window', res_model: 'gateway.key', res_id: key.id, views: [[false, 'form']] };
    void this.action.doAction(target);
  }

  endApp(app: ConnectedApp): void {
    const work = async () => {
      await endApp(this.orm, app.id);
      this.notification.add(_t('The access of “%s” has ended.', app.name), { type: 'success' });
      await this.store.reload();
    };
    this.dialog.add(ConfirmationDialog, {
      title: _t('End the access of “%s”?', app.name),
      body: _t('The app is refused at once. To use it again, its user must allow it again.'),
      confirmLabel: _t('End access'),
      confirmClass: 'btn-danger',
      confirm: () => this.report(work()),
      cancel: () => {},
    });
  }

  async end(key: AccessKey): Promise<void> {
    await revokeKey(this.orm, key.id);
    this.notification.add(_t('“%s” is revoked.', key.name), { type: 'success' });
    await this.store.reload();
  }

  /** Opens the dialog that the server asks for. Throws the server's refusals. */
  async show(answer: Promise<Record<string, unknown>>): Promise<void> {
    await this.action.doAction(await answer, { onClose: () => void this.store.reload() });
  }

  async report(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.notification.add(errorText(error), { type: 'danger' });
    }
  }
}

registry.category('lazy_components').add('api_gateway.keys', KeysPage);
