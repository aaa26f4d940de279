import { Component, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import { CopyButton } from '../../core/copy/copy_button';
import type { AccessKey, Surroundings } from '../access_keys';
import type { Language } from './snippets';
import { snippets } from './snippets';
import type { Lesson, Topic } from './topics';
import { lessons } from './topics';

interface Props {
  surroundings: Surroundings;
  keys: AccessKey[];
  chosen: AccessKey | null;
  secrets: Record<number, string>;
  choose: (id: number | null) => void;
}

const unknownUrl = 'https://gateway.example.com';

/** A guide to using a key in a program, written for this gateway and the chosen key. */
export class Guide extends Component<Props> {
  static template = 'api_gateway.KeysGuide';
  static components = { CopyButton };
  static props = {
    surroundings: Object,
    keys: Array,
    chosen: { type: [Object, { value: null }] },
    secrets: Object,
    choose: Function,
  };

  state: { topic: Topic; language: Language } = useState({ topic: 'read', language: 'fetch' });

  get lessons(): Lesson[] {
    return lessons(this.props.surroundings.example_model);
  }

  get lesson(): Lesson {
    const [first, ...others] = this.lessons;
    return others.find(({ topic }) => topic === this.state.topic) ?? (first as Lesson);
  }

  get address(): string {
    return `${this.lesson.asked.method} ${this.url}${this.lesson.asked.path.split('?')[0]}`;
  }

  get languages(): { language: Language; name: string }[] {
    return [
      { language: 'fetch', name: 'JavaScript' },
      { language: 'typed', name: 'TypeScript (typed)' },
      { language: 'apps_script', name: 'Google Apps Script' },
      { language: 'curl', name: 'curl' },
      { language: 'python', name: 'Python' },
    ];
  }

  get url(): string {
    return this.props.surroundings.url ?? unknownUrl;
  }

  /** The secret if it was created on this page, otherwise a placeholder. */
  get key(): string {
    const { chosen, secrets } = this.props;
    if (chosen === null) return 'YOUR_API_KEY';
    return secrets[chosen.id] ?? (chosen.prefix ? `${chosen.prefix}…` : 'YOUR_API_KEY');
  }

  get hasSecret(): boolean {
    const { chosen, secrets } = this.props;
    return chosen !== null && chosen.id in secrets;
  }

  /** The keys to choose from. The chosen key stays among them when the list shows another page. */
  get choices(): AccessKey[] {
    const { keys, chosen } = this.props;
    const usable = keys.filter(({ own, state }) => own && (state === 'active' || state === 'expiring'));
    return chosen === null || usable.some(({ id }) => id === chosen.id) ? usable : [chosen, ...usable];
  }

  get headers(): string {
    const type = this.lesson.asked.body === undefined ? '' : 'Content-Type: application/json\n';
    return `${type}X-API-KEY: ${this.key}\n`;
  }

  get snippet(): string {
    return snippets[this.state.language]({ url: this.url, key: this.key, asked: this.lesson.asked });
  }

  get keyNote(): string {
    if (this.hasSecret) return _t('The examples contain your new secret until you leave this page.');
    if (this.props.chosen !== null) return _t('Replace the first characters with the whole secret.');
    return _t('Replace YOUR_API_KEY with your key.');
  }

  onChoose({ target }: { target: HTMLSelectElement }): void {
    this.props.choose(Number(target.value) || null);
  }

  /** Arrow keys move from tab to tab, as the ARIA practices recommend. */
  onTabKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const names = this.languages.map(({ language }) => language);
    const next = names[(names.indexOf(this.state.language) + step + names.length) % names.length];
    if (next === undefined) return;
    event.preventDefault();
    this.state.language = next;
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-language=${next}]`)?.focus();
  }
}
