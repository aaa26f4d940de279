// Sounds and toasts for traffic that needs attention. A toast represents a state, not a single event: it opens at a threshold,
// counts while the state lasts, and closes below a lower threshold.

import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import type { Services } from '@web/core/utils/hooks';
import { formatCount, formatRate } from '../core/format';
import type { OpenAlert, Surroundings } from './data/figures';
import type { Traffic } from './data/source';

const windowMs = 60_000;
const tickMs = 2_000;
/** The class of the body that moves toasts away from the page's buttons. */
const placing = 'o_api_gateway_toasts_below';
/** If there were fewer requests than this, a share is not meaningful. */
const leastRequests = 20;
/** For rules about these metrics, the page does not show the toast of the rule, because its own toast appears sooner. */
const watchedHere = new Set<OpenAlert['metric']>(['server_errors', 'sidecar_gone']);
/** The shares of refused requests at which the toast opens and closes. */
const opensAt = 0.1;
const closesAt = 0.05;

export interface AlarmOptions {
  notification: Services['notification'];
  isSoundOn: () => boolean;
  /** Opens the latest failure. */
  inspectLatest: () => void;
  openAlerts: (ids: number[]) => void;
}

interface State {
  title: string;
  type: 'warning' | 'danger';
  /** The text of the toast; null: the state is over. */
  text: () => string | null;
  inspect?: () => void;
}

interface Toast {
  text: string;
  close: () => void;
}

export interface Alarm {
  /** Call this with traffic as it arrives. */
  hear(traffic: Traffic): void;
  /** Call this each time the state of the sidecars has been read. */
  watch(surroundings: Surroundings): void;
  stop(): void;
}

export function createAlarm({ notification, isSoundOn, inspectLatest, openAlerts }: AlarmOptions): Alarm {
  let recent: ({ at: number } & Traffic)[] = [];
  let isRefusing = false;
  let sidecars: Surroundings['sidecars'] = { alive: 1, stale: 0 };
  let alerts: OpenAlert[] = [];
  const toasts = new Map<State, Toast>();
  /** States whose toast the user has closed. A toast reappears when its state begins again. */
  const read = new Set<State>();
  const sum = (name: keyof Traffic) => recent.reduce((all, traffic) => all + traffic[name], 0);

  const states: State[] = [
    {
      title: _t('Server error'),
      type: 'danger',
      inspect: inspectLatest,
      text() {
        const failed = sum('class_5');
        if (failed === 0) return null;
        return failed === 1
          ? _t('A request failed with a server error.')
          : _t('%s requests failed with a server error within a minute.', formatCount(failed));
      },
    },
    {
      title: _t('Many refusals'),
      type: 'warning',
      inspect: inspectLatest,
      text() {
        const [requests, refused] = [sum('requests'), sum('class_4')];
        const rate = refused / Math.max(1, requests);
        isRefusing = isRefusing ? rate >= closesAt : requests >= leastRequests && rate > opensAt;
        // If a manager's rule has an alert about refusals, its toast is better, because it says whose requests were refused.
        if (!isRefusing || alerts.some(({ metric }) => metric === 'refusals')) return null;
        const values = { rate: formatRate(rate), requests: formatCount(requests) };
        return _t('%(rate)s of the last %(requests)s requests were refused (4xx).', values);
      },
    },
    {
      title: _t('No sidecar is alive'),
      type: 'danger',
      text: () => (sidecars.alive === 0 ? _t('Callers get no answers. Start the sidecar.') : null),
    },
  ];

  /** The states of managers' rules, by rule. A state that has ended stays until its toast is closed. */
  const ruled = new Map<number, State>();

  function addRuled(): void {
    for (const { id, metric, name } of alerts) {
      if (watchedHere.has(metric) || ruled.has(id)) continue;
      const current = () => alerts.find((alert) => alert.id === id);
      const text = () => current()?.text ?? null;
      ruled.set(id, { title: name, type: 'warning', text, inspect: () => openAlerts(current()?.alerts ?? []) });
    }
  }

  function show(state: State): void {
    const text = state.text();
    const toast = toasts.get(state);
    if (text === null) read.delete(state);
    // A toast covers dialogs, so it waits until they are closed.
    const isWanted = text !== null && !read.has(state) && !document.body.classList.contains('modal-open');
    if (toast !== undefined && isWanted && toast.text === text) return;
    if (toast !== undefined) {
      toasts.delete(state);
      toast.close();
    }
    if (!isWanted) return;
    const opened: Toast = {
      text,
      close: notification.add(text, {
        type: state.type,
        title: state.title,
        sticky: true,
        onClose: () => {
          if (toasts.get(state) !== opened) return; // not closed by the user
          toasts.delete(state);
          read.add(state);
        },
        buttons:
          state.inspect === undefined
            ? []
            : [
                {
                  name: _t('Inspect'),
                  onClick: () => {
                    opened.close();
                    state.inspect?.();
                  },
                },
              ],
      }),
    };
    toasts.set(state, opened);
  }

  const tick = () => {
    const now = performance.now();
    recent = recent.filter(({ at }) => now - at < windowMs);
    for (const state of [...states, ...ruled.values()]) show(state);
    for (const id of ruled.keys()) if (!alerts.some((alert) => alert.id === id)) ruled.delete(id);
  };
  const timer = browser.setInterval(tick, tickMs);
  document.body.classList.add(placing);

  return {
    hear(traffic) {
      if (traffic.class_5 > 0 && isSoundOn()) beep();
      recent.push({ ...traffic, at: performance.now() });
      // The first toast opens at once. Updates wait for the timer, because nobody can read a toast that changes all the time.
      if (toasts.size === 0) tick();
    },
    watch(surroundings) {
      ({ sidecars, alerts } = surroundings);
      addRuled();
    },
    stop() {
      browser.clearInterval(timer);
      document.body.classList.remove(placing);
      const open = [...toasts.values()];
      toasts.clear();
      for (const toast of open) toast.close();
    },
  };
}

let audio: AudioContext | undefined;
let soundedAt = Number.NEGATIVE_INFINITY;

/** Two falling tones, at most every two seconds. Browsers allow sound only after the user has clicked on the page. */
function beep(): void {
  const now = performance.now();
  if (now - soundedAt < 2_000) return;
  soundedAt = now;
  audio ??= new AudioContext();
  void audio.resume();
  const start = audio.currentTime;
  for (const [index, hertz] of [660, 440].entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = start + index * 0.16;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.15, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.15);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.16);
  }
}
