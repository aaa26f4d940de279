import { onMounted, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import type { Orm } from '@web/core/utils/hooks';
import { errorText } from '../core/error_text';
import type { AccessKey, ConnectedApp, KeysPage, KeysQuery, Section, ShownSecret, Surroundings } from './access_keys';
import { readApps, readKeys, readSurroundings } from './access_keys';

const typingMs = 250;

export interface KeysState {
  query: KeysQuery;
  /** The last successful answer. It is kept while later calls fail. */
  page: KeysPage | null;
  apps: ConnectedApp[];
  surroundings: Surroundings | null;
  loading: boolean;
  error: string | null;
  /** The key that the examples use. */
  chosen: AccessKey | null;
  /** Secrets that were created while this page is open, by key. They are kept in memory only. */
  secrets: Record<number, string>;
}

/** The page's state and actions; `useKeys` connects it to a component. */
export class KeysStore {
  readonly state: KeysState;
  readonly #orm: Orm;
  #asked = 0;
  #newest: Promise<void> = Promise.resolve();
  #typing: number | undefined;

  constructor(orm: Orm, state: KeysState) {
    this.#orm = orm;
    this.state = state;
  }

  /** Resolves, for all callers, when the newest request is answered. */
  reload(): Promise<void> {
    this.#newest = this.#read();
    return this.#newest;
  }

  stop(): void {
    this.#asked += 1; // drops answers that have not arrived yet
    browser.clearTimeout(this.#typing);
  }

  showSection(section: Section): void {
    void this.#change({ section });
  }

  showEveryone(everyone: boolean): void {
    void this.#change({ everyone });
  }

  search(text: string): void {
    browser.clearTimeout(this.#typing);
    this.#typing = browser.setTimeout(() => void this.#change({ text }), typingMs);
  }

  turnTo(offset: number, limit: number): void {
    void this.#change({ offset, limit });
  }

  choose(id: number | null): void {
    this.state.chosen = this.#find(id) ?? null;
  }

  keepSecret({ secret, kind, id }: ShownSecret): void {
    if (kind !== 'gateway_key') return;
    this.state.secrets[id] = secret;
    void this.#showKey(id);
  }

  async #read(): Promise<void> {
    const { state } = this;
    this.#asked += 1;
    const turn = this.#asked;
    state.loading = true;
    try {
      const [surroundings, page, apps] = await Promise.all([
        readSurroundings(this.#orm),
        readKeys(this.#orm, { ...state.query }),
        readApps(this.#orm, state.query.everyone),
      ]);
      if (turn !== this.#asked) return this.#newest; // a later request is running
      // The page is empty, for example because its last key was revoked.
      if (page.keys.length === 0 && state.query.offset > 0) return this.#change({ offset: 0 });
      Object.assign(state, { surroundings, page, apps, error: null, loading: false });
      state.chosen = this.#find(state.chosen?.id ?? null) ?? state.chosen;
    } catch (error) {
      if (turn === this.#asked) Object.assign(state, { error: errorText(error), loading: false });
    }
  }

  #change(query: Partial<KeysQuery>): Promise<void> {
    Object.assign(this.state.query, { offset: 0 }, query);
    return this.reload();
  }

  #find(id: number | null): AccessKey | undefined {
    return this.state.page?.keys.find((key) => key.id === id);
  }

  /** Shows a new key. If the current list does not contain it, the list of active keys is shown. */
  async #showKey(id: number): Promise<void> {
    await this.reload();
    if (this.#find(id) === undefined) await this.#change({ section: 'active', text: '', everyone: false });
    this.state.chosen = this.#find(id) ?? this.state.chosen;
  }
}

/** The store of a component, running as long as the component is mounted. */
export function useKeys(orm: Orm): KeysStore {
  const state: KeysState = useState({
    query: { section: 'active', text: '', everyone: false, offset: 0, limit: 20 },
    page: null,
    apps: [],
    surroundings: null,
    loading: true,
    error: null,
    chosen: null,
    secrets: {},
  });
  const store = new KeysStore(orm, state);
  onMounted(() => void store.reload());
  onWillUnmount(() => store.stop());
  return store;
}
