import { Component, useState } from '@odoo/owl';
import { Dialog } from '@web/core/dialog/dialog';
import { _t } from '@web/core/l10n/translation';
import type { Services } from '@web/core/utils/hooks';
import { useAutofocus, useService } from '@web/core/utils/hooks';
import { errorText } from '../../core/error_text';
import type { NewKey, Surroundings } from '../access_keys';
import { explainScopes } from '../access_keys';
import { afterDays, durationsUpTo, endOfDay } from './durations';
import { ScopePicker } from './scope_picker';

interface Props {
  surroundings: Surroundings;
  create: (values: NewKey) => Promise<void>;
  close: () => void;
}

type Rights = 'all' | 'read' | 'read write' | 'custom';

/** Asks for a new key's name, lifetime and scopes. */
export class CreateDialog extends Component<Props> {
  static template = 'api_gateway.CreateKeyDialog';
  static components = { Dialog, ScopePicker };
  static props = { surroundings: Object, create: Function, close: Function };

  state: {
    name: string;
    /** A number of days, `never` or `date`. */
    duration: string;
    date: string;
    rights: Rights;
    scopes: string;
    scopesFault: string | null;
    profileId: number | null;
    busy: boolean;
    error: string | null;
  } = useState({
    name: '',
    duration: String(durationsUpTo(this.props.surroundings.longest_days).at(-1)?.days ?? 'date'),
    date: '',
    rights: 'all',
    scopes: '',
    scopesFault: null,
    profileId: null,
    busy: false,
    error: null,
  });

  declare orm: Services['orm'];

  override setup(): void {
    this.orm = useService('orm');
    useAutofocus({ refName: 'name' });
  }

  get durations(): { value: string; name: string }[] {
    const { longest_days } = this.props.surroundings;
    return [
      ...durationsUpTo(longest_days).map(({ days, name }) => ({ value: String(days), name })),
      ...(longest_days === null ? [{ value: 'never', name: _t('Never') }] : []),
      { value: 'date', name: _t('On a date of your choice') },
    ];
  }

  get rights(): { value: Rights; name: string; hint: string }[] {
    return [
      { value: 'all', name: _t('Everything that you may do'), hint: _t('Read, write, delete and call methods.') },
      { value: 'read', name: _t('Read only'), hint: _t('For reports and spreadsheets.') },
      { value: 'read write', name: _t('Read and write'), hint: _t('Without deleting, and without calling methods.') },
      { value: 'custom', name: _t('Chosen scopes'), hint: _t('Limited to single models or resources, if you wish.') },
    ];
  }

  get tomorrow(): string {
    return new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  }

  get isComplete(): boolean {
    const { name, duration, date, rights, scopes } = this.state;
    return name.trim() !== '' && (duration !== 'date' || date !== '') && (rights !== 'custom' || scopes.trim() !== '');
  }

  get values(): NewKey {
    const { name, rights, scopes, profileId } = this.state;
    return {
      name: name.trim(),
      expires_at: this.expiresAt(),
      ...(rights !== 'all' && { scopes: rights === 'custom' ? scopes.trim() : rights }),
      ...(profileId !== null && { profile_id: profileId }),
    };
  }

  expiresAt(): string | false {
    const { duration, date } = this.state;
    if (duration === 'never') return false;
    return duration === 'date' ? endOfDay(date) : afterDays(Number(duration));
  }

  onProfile({ target }: { target: HTMLSelectElement }): void {
    this.state.profileId = Number(target.value) || null;
  }

  changeScopes(scopes: string): void {
    Object.assign(this.state, { scopes, scopesFault: null });
  }

  async submit(): Promise<void> {
    if (!this.isComplete || this.state.busy) return;
    Object.assign(this.state, { busy: true, error: null });
    try {
      // Scopes are checked before the user is asked for a password, because that dialog would replace this one.
      const { fault } = this.state.rights === 'custom' ? await explainScopes(this.orm, this.state.scopes) : { fault: null };
      if (fault !== null) {
        Object.assign(this.state, { busy: false, scopesFault: fault });
        return;
      }
      await this.props.create(this.values);
      this.props.close();
    } catch (error) {
      Object.assign(this.state, { busy: false, error: errorText(error) });
    }
  }
}
