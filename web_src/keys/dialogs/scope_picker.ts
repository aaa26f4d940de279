import { Component, onWillStart, onWillUnmount, useState } from '@odoo/owl';
import { AutoComplete } from '@web/core/autocomplete/autocomplete';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import type { Scopes, ScopeTarget } from '../access_keys';
import { explainScopes, readScopeTargets } from '../access_keys';

interface Props {
  value: string;
  change: (value: string) => void;
  /** Why the dialog does not accept the scopes; the picker itself shows what is wrong while the user types. */
  fault: string | null;
}

const typingMs = 300;
const mostOffered = 8;
const actions = ['read', 'write', 'delete', 'call'] as const;
type Action = (typeof actions)[number];

/** Chooses scopes by model or resource and action, or as text, and explains what they allow. */
export class ScopePicker extends Component<Props> {
  static template = 'api_gateway.ScopePicker';
  static components = { AutoComplete };
  static props = { value: String, change: Function, fault: { type: [String, { value: null }] } };

  declare orm: Services['orm'];
  declare targets: ScopeTarget[];
  state: { target: ScopeTarget | null; actions: Record<Action, boolean>; said: Scopes } = useState({
    target: null,
    actions: { read: true, write: false, delete: false, call: false },
    said: { fault: null, lines: [] },
  });
  #typing: number | undefined;

  override setup(): void {
    this.orm = useService('orm').silent;
    onWillStart(async () => {
      this.targets = await readScopeTargets(this.orm);
    });
    onWillUnmount(() => browser.clearTimeout(this.#typing));
  }

  get actionNames(): { action: Action; name: string }[] {
    const names = { read: _t('Read'), write: _t('Create and change'), delete: _t('Delete'), call: _t('Call methods') };
    return actions.map((action) => ({ action, name: names[action] }));
  }

  get fault(): string | null {
    return this.props.fault ?? this.state.said.fault;
  }

  get sources(): object[] {
    return [{ options: (request: string) => this.offered(request) }];
  }

  offered(request: string): { label: string; onSelect: () => void }[] {
    const wanted = request.trim().toLowerCase();
    const isMeant = ({ name }: ScopeTarget) => name === wanted || name.endsWith(`.${wanted}`);
    return this.targets
      .filter(({ name, label }) => name.includes(wanted) || label.toLowerCase().includes(wanted))
      .sort((a, b) => Number(isMeant(b)) - Number(isMeant(a)))
      .slice(0, mostOffered)
      .map((target) => ({ label: nameOf(target), onSelect: () => Object.assign(this.state, { target }) }));
  }

  get chosenName(): string {
    return this.state.target === null ? '' : nameOf(this.state.target);
  }

  get added(): string[] {
    const { target } = this.state;
    if (target === null) return [];
    const chosen = actions.filter((action) => this.state.actions[action]);
    return chosen.map((action) => (target.kind === 'model' ? `${target.name}:${action}` : `${target.name}_${action}`));
  }

  add(): void {
    const words = this.props.value.split(/[\s,]+/).filter(Boolean);
    this.write([...new Set([...words, ...this.added])].join(' '));
    this.state.target = null;
  }

  write(text: string): void {
    this.props.change(text);
    browser.clearTimeout(this.#typing);
    this.#typing = browser.setTimeout(async () => {
      const said = text.trim() === '' ? { fault: null, lines: [] } : await explainScopes(this.orm, text);
      if (text === this.props.value) this.state.said = said; // otherwise more was typed meanwhile
    }, typingMs);
  }
}

function nameOf({ label, name }: ScopeTarget): string {
  return `${label} (${name})`;
}
