import { Component } from '@odoo/owl';
import { deserializeDateTime, formatDate, formatDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import { formatCount } from '../../core/format';
import type { AccessKey, KeyState } from '../access_keys';

interface Props {
  keys: AccessKey[];
  withOwner: boolean;
  chosenId: number | null;
  open: (key: AccessKey) => void;
  generate: (key: AccessKey) => void;
  rotate: (key: AccessKey) => void;
  revoke: (key: AccessKey) => void;
  use: (key: AccessKey) => void;
  usage: (key: AccessKey) => void;
}

interface Moment {
  text: string;
  /** The moment to the minute. */
  exact: string;
}

/** The keys as a table; on a phone, as cards. */
export class KeyList extends Component<Props> {
  static template = 'api_gateway.KeyList';
  static props = {
    keys: Array,
    withOwner: Boolean,
    chosenId: { type: [Number, { value: null }] },
    open: Function,
    generate: Function,
    rotate: Function,
    revoke: Function,
    use: Function,
    usage: Function,
  };

  formatCount = formatCount;

  /** The column titles. On a phone, each value has its title beside it. */
  get labels(): Record<'user' | 'prefix' | 'created' | 'expires' | 'used' | 'requests' | 'status', string> {
    return {
      user: _t('User'),
      prefix: _t('API Key Prefix'),
      created: _t('Created At'),
      expires: _t('Expires At'),
      used: _t('Last Used'),
      requests: _t('Requests'),
      status: _t('Status'),
    };
  }

  date(value: string | false): Moment | null {
    if (!value) return null;
    const at = deserializeDateTime(value);
    return { text: formatDate(at), exact: formatDateTime(at) };
  }

  /** A moment in words, such as "3 hours ago". */
  ago(value: string | false): Moment | null {
    if (!value) return null;
    const at = deserializeDateTime(value);
    return { text: at.toRelative() ?? '', exact: formatDateTime(at) };
  }

  lastUse({ last_used_at, last_address }: AccessKey): Moment | null {
    const used = this.ago(last_used_at);
    return used && last_address
      ? { ...used, exact: _t('%(time)s from %(address)s', { time: used.exact, address: last_address }) }
      : used;
  }

  status({ state }: AccessKey): string {
    const names: Record<KeyState, string> = {
      new: _t('No secret'),
      active: _t('Active'),
      expiring: _t('Expires soon'),
      expired: _t('Expired'),
      archived: _t('Archived'),
      revoked: _t('Revoked'),
    };
    return names[state];
  }

  /** The text that says how long a rotated key's old secret still works. */
  grace({ grace_ends_at, state }: AccessKey): string | null {
    if (!grace_ends_at || state === 'revoked') return null;
    return _t('The old secret works until %s', formatDateTime(deserializeDateTime(grace_ends_at)));
  }

  /** Whether the key has been neither revoked nor archived. It may have expired. */
  isLiving({ state }: AccessKey): boolean {
    return state !== 'revoked' && state !== 'archived';
  }

  canRotate(key: AccessKey): boolean {
    return key.renewable && this.isLiving(key) && key.state !== 'new';
  }

  canGenerate(key: AccessKey): boolean {
    return key.renewable && key.state === 'new';
  }

  label(action: 'use' | 'usage' | 'generate' | 'rotate' | 'revoke', { name }: AccessKey): string {
    return {
      use: _t('Show examples with “%s”', name),
      usage: _t('Usage of “%s”', name),
      generate: _t('Generate the secret of “%s”', name),
      rotate: _t('Rotate “%s”', name),
      revoke: _t('Revoke “%s”', name),
    }[action];
  }
}
