import { onMounted, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { errorText } from './error_text';

export interface Polling<T> {
  /** The last successful answer. It is kept while later calls fail. */
  data: T | null;
  /** The last call's error, for the reader; null if it succeeded. */
  error: string | null;
  loading: boolean;
  reload: () => Promise<void>;
}

/**
 * Calls `load` when the component is mounted and again `intervalMs` after each answer, while the page is visible. A page in the
 * background makes no calls and catches up when it is shown.
 */
export function usePolling<T>(load: () => Promise<T>, intervalMs: number): Polling<T> {
  let timer: number | undefined;
  let running: Promise<void> | null = null;
  let mounted = false;

  const state: Polling<T> = useState({ data: null, error: null, loading: true, reload });

  function reload(): Promise<void> {
    running ??= run().finally(() => {
      running = null;
      if (mounted) timer = browser.setTimeout(tick, intervalMs);
    });
    return running;
  }

  async function run(): Promise<void> {
    browser.clearTimeout(timer);
    state.loading = true;
    try {
      const data = await load();
      if (mounted) Object.assign(state, { data, error: null });
    } catch (error) {
      if (mounted) state.error = errorText(error);
    } finally {
      if (mounted) state.loading = false;
    }
  }

  function tick(): void {
    if (!document.hidden) void reload();
  }

  onMounted(() => {
    mounted = true;
    document.addEventListener('visibilitychange', tick);
    void reload();
  });
  onWillUnmount(() => {
    mounted = false;
    document.removeEventListener('visibilitychange', tick);
    browser.clearTimeout(timer);
  });
  return state;
}
