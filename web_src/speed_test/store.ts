// The page's state and actions: prepare, measure, store, list.

import { onMounted, onWillUnmount, useExternalListener, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import type { Services } from '@web/core/utils/hooks';
import { errorText } from '../core/error_text';
import type { Kind, Measured, Prepared } from './measure';
import { MeasureError, measure } from './measure';
import { phaseNames } from './statistics';

const model = 'gateway.speed.test';
const listed = 100;

/** A stored result. Times are milliseconds, `create_date` is in Odoo's format, in UTC. */
export interface Entry {
  id: number;
  create_date: string;
  kind: Kind;
  state: 'ok' | 'failed';
  runs: number;
  details: string | false;
  way: 'compiled' | 'odoo' | false;
  p50_ms: number;
  p95_ms: number;
  odoo_p50_ms: number;
  user_id: [number, string];
}

export interface SpeedTestState {
  runs: number;
  /** The running test and its progress. */
  running: Kind | null;
  done: number;
  /** The last test's error. */
  error: string | null;
  result: Measured | null;
  /** The past tests; null until they have been read. */
  history: Entry[] | null;
  historyError: string | null;
}

export class SpeedTestStore {
  readonly state: SpeedTestState;
  readonly #orm: Services['orm'];
  readonly #action: Services['action'];
  #prepared: { at: number; data: Prepared } | null = null;

  constructor(orm: Services['orm'], action: Services['action'], state: SpeedTestState) {
    this.#orm = orm;
    this.#action = action;
    this.state = state;
  }

  async load(): Promise<void> {
    const fields = ['create_date', 'kind', 'state', 'runs', 'details', 'way', 'p50_ms', 'p95_ms', 'odoo_p50_ms', 'user_id'];
    try {
      this.state.history = await this.#orm.silent.searchRead<Entry>(model, [], fields, { limit: listed, order: 'id desc' });
      this.state.historyError = null;
    } catch (error) {
      this.state.historyError = errorText(error);
    }
  }

  async run(kind: Kind): Promise<void> {
    const { state } = this;
    if (state.running !== null) return;
    Object.assign(state, { running: kind, done: 0, error: null });
    try {
      const prepared = await this.#prepare();
      if (prepared === null) return; // the user gave no password
      const result = await measure(kind, state.runs, prepared, (done) => {
        state.done = done;
      });
      state.result = result;
      await this.#keep({ ...rowOf(result), url: prepared.url });
    } catch (error) {
      state.error = error instanceof MeasureError ? error.message : errorText(error);
      if (error instanceof MeasureError) await this.#keep({ kind, state: 'failed', runs: 0, details: error.message });
    } finally {
      state.running = null;
    }
  }

  /** Ends the keys that were created for this page. */
  async finish(): Promise<void> {
    if (this.#prepared === null) return;
    const { odoo_key_name } = this.#prepared.data;
    this.#prepared = null;
    await this.#orm.silent.call(model, 'finish', [odoo_key_name]);
  }

  /** Ends the keys when the browser leaves the page. No code of the page runs after this, so nothing waits for the answer. */
  abandon(): void {
    if (this.#prepared === null) return;
    const params = { model, method: 'finish', args: [this.#prepared.data.odoo_key_name], kwargs: {} };
    this.#prepared = null;
    void fetch('/web/dataset/call_kw', {
      method: 'POST',
      keepalive: true,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', params }),
    });
  }

  /** Returns null if the user enters no password. Throws if there is nothing to measure. */
  async #prepare(): Promise<Prepared | null> {
    const madeAgo = Date.now() - (this.#prepared?.at ?? 0);
    if (this.#prepared !== null && madeAgo < 8 * 60_000) return this.#prepared.data;
    if (!(await this.#confirmed())) return null;
    const data = await this.#orm.call<Prepared | { url: undefined }>(model, 'prepare');
    if (data.url === undefined) return null;
    if (data.url === null) throw new MeasureError(_t('No sidecar is alive: there is nothing to measure.'));
    this.#prepared = { at: Date.now(), data };
    return data;
  }

  async #confirmed(): Promise<boolean> {
    const answer = await this.#orm.call<Record<string, unknown>>(model, 'confirm_identity');
    if (answer['res_model'] !== 'res.users.identitycheck') return true;
    await new Promise<void>((resolve) => void this.#action.doAction(answer, { onClose: () => resolve() }));
    const again = await this.#orm.call<Record<string, unknown>>(model, 'confirm_identity');
    return again['res_model'] !== 'res.users.identitycheck';
  }

  async #keep(values: object): Promise<void> {
    await this.#orm.silent.call(model, 'record', [values]);
    await this.load();
  }
}

/** The store of a component: its history is read at once, and its keys are revoked with it or with the browser's page. */
export function useSpeedTest(orm: Services['orm'], action: Services['action']): SpeedTestStore {
  const state: SpeedTestState = useState({
    runs: 10,
    running: null,
    done: 0,
    error: null,
    result: null,
    history: null,
    historyError: null,
  });
  const store = new SpeedTestStore(orm, action, state);
  onMounted(() => void store.load());
  onWillUnmount(() => void store.finish());
  useExternalListener(window, 'pagehide', () => store.abandon());
  return store;
}

function rowOf({ kind, runs, firstMs, gateway, odoo, phases, read, details }: Measured): object {
  return {
    kind,
    runs,
    details,
    way: read?.way ?? false,
    state: 'ok',
    first_ms: firstMs,
    p50_ms: gateway.p50,
    p95_ms: gateway.p95,
    p99_ms: gateway.p99,
    odoo_p50_ms: odoo.p50,
    odoo_p95_ms: odoo.p95,
    odoo_p99_ms: odoo.p99,
    ...Object.fromEntries(phaseNames.map((name) => [`${name}_ms`, phases[name]])),
  };
}
