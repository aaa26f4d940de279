import { onMounted, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import type { Orm } from '@web/core/utils/hooks';
import { errorText } from '../core/error_text';
import type { AccessKey, KeysPage, KeysQuery, Section, ShownSecret, Surroundings } from './access_keys';
import { readKeys, readSurroundings } from './access_keys';

const typingMs = 250;

export interface KeysState {
  query: KeysQuery;
  /** The last answer; stays while later ones fail. */
  page: KeysPage | null;
  surroundings: Surroundings | null;
  loading: boolean;
  error: string | null;
  /** The key that the examples are written for. */
  chosen: AccessKey | null;
  /** Secrets that were made while this page is open, by key. In memory alone. */
  secrets: Record<number, string>;
}

export interface KeysStore {
  state: KeysState;
  reload(): Promise<void>;
  showSection(section: Section): void;
  showEveryone(everyone: boolean): void;
  search(text: string): void;
  turnTo(offset: number, limit: number): void;
  choose(id: number | null): void;
  keepSecret(shown: ShownSecret): void;
}

/** What the page knows and does, for as long as its component lives. */
export function useKeys(orm: Orm): KeysStore {
  let asked = 0;
  let newest: Promise<void> = Promise.resolve();
  let typing: number | undefined;
  const state: KeysState = useState({
    query: { section: 'active', text: '', everyone: false, offset: 0, limit: 20 },
    page: null,
    surroundings: null,
    loading: true,
    error: null,
    chosen: null,
    secrets: {},
  });

  /** Resolves when the newest question is answered, whoever asked it. */
  function reload(): Promise<void> {
    newest = read();
    return newest;
  }

  async function read(): Promise<void> {
    asked += 1;
    const turn = asked;
    state.loading = true;
    try {
      const [surroundings, page] = await Promise.all([readSurroundings(orm), readKeys(orm, { ...state.query })]);
      if (turn !== asked) return newest; // a later question is under way
      // The last key of a page was revoked, say.
      if (page.keys.length === 0 && state.query.offset > 0) return change({ offset: 0 });
      Object.assign(state, { surroundings, page, error: null, loading: false });
      state.chosen = page.keys.find(({ id }) => id === state.chosen?.id) ?? state.chosen;
    } catch (error) {
      if (turn === asked) Object.assign(state, { error: errorText(error), loading: false });
    }
  }

  function change(query: Partial<KeysQuery>): Promise<void> {
    Object.assign(state.query, { offset: 0 }, query);
    return reload();
  }

  /** A new key may not belong to what is shown at the moment. */
  async function showKey(id: number): Promise<void> {
    const find = () => state.page?.keys.find((key) => key.id === id);
    await reload();
    if (find() === undefined) await change({ section: 'active', text: '', everyone: false });
    state.chosen = find() ?? state.chosen;
  }

  onMounted(() => void reload());
  onWillUnmount(() => {
    asked += 1; // what is still under way concerns nobody
    browser.clearTimeout(typing);
  });
  return {
    state,
    reload,
    showSection: (section) => void change({ section }),
    showEveryone: (everyone) => void change({ everyone }),
    search(text) {
      browser.clearTimeout(typing);
      typing = browser.setTimeout(() => void change({ text }), typingMs);
    },
    turnTo: (offset, limit) => void change({ offset, limit }),
    choose(id) {
      state.chosen = state.page?.keys.find((key) => key.id === id) ?? null;
    },
    keepSecret({ secret, kind, id }) {
      if (kind !== 'gateway_key') return;
      state.secrets[id] = secret;
      void showKey(id);
    },
  };
}
