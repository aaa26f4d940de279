// The dashboard's state, and all functions that change it.

import { onMounted, onWillDestroy, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { ORM } from '@web/core/orm_service';
import type { Orm } from '@web/core/utils/hooks';
import { errorText } from '../../core/error_text';
import type { Alarm } from '../alarm';
import type { View } from './address';
import { readAddress } from './address';
import type { Consumer, Fault, Figures, Question, StatusClass, Surroundings } from './figures';
import { readConsumers, readFaults, readFigures, readFirstSpan, readSurroundings } from './figures';
import { liveSource } from './live_source';
import type { Connection, Passed, Source, SourceEvents, Traffic } from './source';
import { manualSource, pollingSource } from './source';
import type { Span } from './spans';
import { parseSpan, rangeOf } from './spans';

export type Mode = 'live' | 'polling' | 'manual';

export const pollingSeconds = [5, 10, 30, 60] as const;
/** The time between two reads of the figures while there is traffic. In between, only counters increase. */
const rereadEveryMs = 5_000;
export const shownFaults = 50;
const ratesKept = 60;
const passedKept = 100;
const storageKey = 'api_gateway.dashboard';

interface Reading {
  figures: Figures;
  surroundings: Surroundings;
  faults: Fault[];
  consumers: Consumer[];
}

interface Preferences {
  /** The span that the user has chosen; null: none yet, and the span is derived from the figures. */
  span: Span | null;
  mode: Mode;
  everySeconds: number;
  sound: boolean;
}

export interface DashboardState extends Preferences, View {
  /** The part of the time that the user has zoomed into. */
  zoom: { since: number; until: number } | null;
  consumer: string | null;
  statusClass: StatusClass | null;
  connection: Connection;
  figures: Figures | null;
  surroundings: Surroundings | null;
  faults: Fault[];
  consumers: Consumer[];
  loading: boolean;
  error: string | null;
  updatedAt: number | null;
  /** Requests per second of the last minute, newest last. Empty without a socket. */
  rates: number[];
  /** The latest requests, newest first. Empty without a socket. */
  passed: Passed[];
}

export class DashboardStore {
  readonly state: DashboardState;
  readonly #orm: Orm;
  readonly #alarm: Alarm;
  #source: Source | undefined;
  /** The span that the user has chosen. Only this is stored, because the state's span may be derived from the figures. */
  #chosenSpan: Span | null;
  /**
   * The selection for which the last figures were read. The difference between the figures of two selections is not traffic.
   */
  #selection = '';
  #reading = 0;
  #readAt = 0;
  #reread: number | undefined;
  #stopped = false;

  constructor(orm: Orm, state: DashboardState, alarm: Alarm) {
    this.#orm = orm;
    this.state = state;
    this.#alarm = alarm;
    this.#chosenSpan = state.span;
  }

  get question(): Question {
    const { zoom, span, consumer, statusClass, compare } = this.state;
    return { ...(zoom ?? rangeOf(span ?? '24h')), consumer, status_class: statusClass, compare };
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#source?.stop();
    this.#alarm.stop();
    browser.clearTimeout(this.#reread);
  }

  /** Reads everything again. If it is called again meanwhile, the answer to the earlier call is ignored. */
  async load(): Promise<void> {
    browser.clearTimeout(this.#reread);
    this.#reread = undefined;
    this.#reading += 1;
    const reading = this.#reading;
    this.#readAt = performance.now();
    this.state.loading = true;
    try {
      const first = takeEarly();
      if (this.state.span === null) {
        const fitting = await (first?.span ?? readFirstSpan(this.#orm));
        if (reading !== this.#reading || this.#stopped) return;
        this.state.span = fitting;
      }
      const read = await (first?.reading ?? readAll(this.#orm, this.question, this.state.consumers));
      if (reading !== this.#reading || this.#stopped) return;
      const { span, zoom, consumer, statusClass, connection } = this.state;
      const selection = JSON.stringify([span, zoom, consumer, statusClass]);
      const isPolled = connection === 'polling' || connection === 'fallback';
      if (isPolled && selection === this.#selection) this.#compare(read.figures);
      this.#selection = selection;
      this.#alarm.watch(read.surroundings);
      Object.assign(this.state, { ...read, error: null, updatedAt: Date.now() });
    } catch (error) {
      if (reading === this.#reading && !this.#stopped) this.state.error = errorText(error);
    } finally {
      if (reading === this.#reading) this.state.loading = false;
    }
  }

  /** The latest faults in the log, as many as a download may contain. */
  allFaults(): Promise<Fault[]> {
    return readFaults(this.#orm, this.question, 1_000);
  }

  chooseSpan(span: Span): void {
    this.#chosenSpan = span;
    Object.assign(this.state, { span, zoom: null });
    this.#keep();
    void this.load();
  }

  zoom(since: number, until: number): void {
    if (until - since < 60_000) return;
    this.state.zoom = { since: Math.floor(since), until: Math.ceil(until) };
    void this.load();
  }

  unzoom(): void {
    this.state.zoom = null;
    void this.load();
  }

  /** Filters by a consumer. Choosing the same consumer again removes the filter. */
  filterConsumer(consumer: string | null): void {
    this.state.consumer = consumer === this.state.consumer ? null : consumer;
    Object.assign(this.state, { rates: [], passed: [] });
    this.#source?.select(this.state.consumer);
    void this.load();
  }

  filterClass(statusClass: StatusClass | null): void {
    this.state.statusClass = statusClass === this.state.statusClass ? null : statusClass;
    void this.load();
  }

  clearFilters(): void {
    if (this.state.consumer !== null) Object.assign(this.state, { rates: [], passed: [] });
    Object.assign(this.state, { consumer: null, statusClass: null, zoom: null });
    this.#source?.select(null);
    void this.load();
  }

  toggleComparison(): void {
    this.state.compare = !this.state.compare;
    void this.load();
  }

  /** A display on a wall has no button to refresh: it is live. */
  showTv(tv: boolean): void {
    this.state.tv = tv;
    if (this.state.mode === 'manual') this.#connect();
  }

  chooseMode(mode: Mode, everySeconds = this.state.everySeconds): void {
    Object.assign(this.state, { mode, everySeconds });
    this.#keep();
    this.#connect();
  }

  toggleSound(): void {
    this.state.sound = !this.state.sound;
    this.#keep();
  }

  #connect(): void {
    this.#source?.stop();
    Object.assign(this.state, { rates: [], passed: [] });
    const { everySeconds, consumer, tv } = this.state;
    const mode = tv && this.state.mode === 'manual' ? 'live' : this.state.mode;
    // A stopped source may still deliver a message.
    const ifCurrent = (act: () => void) => {
      if (this.#source === source && !this.#stopped) act();
    };
    const events: SourceEvents = {
      onConnection: (connection) =>
        ifCurrent(() => {
          this.state.connection = connection;
          if (connection === 'fallback') this.state.rates = [];
        }),
      onTraffic: (traffic) => ifCurrent(() => this.#take(traffic)),
      onPassed: (passed) =>
        ifCurrent(() => {
          if (passed.length > 0) this.state.passed = [...passed.reverse(), ...this.state.passed].slice(0, passedKept);
        }),
      onHeartbeat: (perSecond) =>
        ifCurrent(() => {
          this.state.rates = [...this.state.rates.slice(1 - ratesKept), perSecond];
        }),
      onStale: () => ifCurrent(() => void this.load()),
    };
    const source =
      mode === 'live'
        ? liveSource(events)
        : mode === 'polling'
          ? pollingSource(events, everySeconds * 1_000)
          : manualSource(events);
    this.#source = source;
    source.select(consumer);
    source.start();
  }

  /** Each message of the socket increases the counters at once; the figures are read again at most every few seconds. */
  #take(traffic: Traffic): void {
    this.#alarm.hear(traffic);
    const { figures, zoom, statusClass } = this.state;
    if (zoom !== null || figures === null) return;
    const { totals } = figures;
    for (const place of [2, 3, 4, 5] as const) {
      if (statusClass !== null && statusClass !== place) continue;
      const more = traffic[`class_${place}`];
      totals.requests += more;
      totals[`class_${place}`] += more;
      if (place >= 4) totals.errors += more;
    }
    if (totals.requests > 0) totals.error_rate = totals.errors / totals.requests;
    if (totals.error_rate !== null) totals.success_rate = 1 - totals.error_rate;
    if (this.#reread !== undefined) return;
    const waitMs = Math.max(0, this.#readAt + rereadEveryMs - performance.now());
    this.#reread = browser.setTimeout(() => void this.load(), waitMs);
  }

  /** Without a socket, traffic is the difference between two reads. */
  #compare({ totals }: Figures): void {
    const before = this.state.figures?.totals;
    if (before === undefined || this.state.zoom !== null) return;
    const more = (name: keyof Traffic) => Math.max(0, totals[name] - before[name]);
    const [class_2, class_3, class_4, class_5] = [more('class_2'), more('class_3'), more('class_4'), more('class_5')];
    const requests = class_2 + class_3 + class_4 + class_5;
    if (requests > 0) this.#alarm.hear({ requests, class_2, class_3, class_4, class_5 });
  }

  #keep(): void {
    const { mode, everySeconds, sound } = this.state;
    const span = this.#chosenSpan;
    browser.localStorage.setItem(storageKey, JSON.stringify({ span, mode, everySeconds, sound } satisfies Preferences));
  }
}

/** @param known the known consumers; they are read again only if the figures contain another one */
async function readAll(orm: Orm, question: Question, known: readonly Consumer[]): Promise<Reading> {
  const [figures, surroundings, faults, consumers] = await Promise.all([
    readFigures(orm, question),
    readSurroundings(orm, question),
    readFaults(orm, question, shownFaults),
    known.length === 0 ? readConsumers(orm) : [...known],
  ]);
  const isKnown = figures.consumers.every(({ value }) => consumers.some(({ consumer }) => consumer === value));
  return { figures, surroundings, faults, consumers: isKnown ? consumers : await readConsumers(orm) };
}

/** The first request of every visit. A page that is opened by its URL sends it while Odoo's client starts. */
let early = browser.location.pathname.endsWith('/gateway-dashboard') ? readEarly() : undefined;

interface Early {
  span: Promise<Span>;
  reading: Promise<Reading>;
}

function readEarly(): Early {
  const orm = new ORM().silent;
  const { compare, span: wanted } = readAddress();
  const chosen = wanted ?? storedPreferences().span;
  const span = chosen === null ? readFirstSpan(orm) : Promise.resolve(chosen);
  const reading = span.then((found) => readAll(orm, { ...rangeOf(found), consumer: null, status_class: null, compare }, []));
  reading.catch(() => {}); // the code that uses the reading handles the error
  return { span, reading };
}

function takeEarly(): Early | undefined {
  const taken = early;
  early = undefined;
  return taken;
}

/** The store of a component, running as long as the component is mounted. */
export function useDashboard(orm: Orm, alarm: Alarm): DashboardStore {
  const preferences = storedPreferences();
  const { compare, tv, span } = readAddress();
  const state: DashboardState = useState({
    ...preferences,
    ...{ compare, tv, span: span ?? preferences.span },
    zoom: null,
    consumer: null,
    statusClass: null,
    connection: 'connecting',
    figures: null,
    surroundings: null,
    faults: [],
    consumers: [],
    loading: true,
    error: null,
    updatedAt: null,
    rates: [],
    passed: [],
  });
  const store = new DashboardStore(orm, state, alarm);
  void store.load();
  onMounted(() => store.start());
  // The store is stopped even if the page is left before it is mounted, because the alarm's timer runs from the beginning.
  onWillDestroy(() => store.stop());
  return store;
}

function storedPreferences(): Preferences {
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(browser.localStorage.getItem(storageKey) ?? '{}');
  } catch {
    // Text that other code has stored is ignored.
  }
  return {
    span: parseSpan(stored.span),
    mode: stored.mode === 'polling' || stored.mode === 'manual' ? stored.mode : 'live',
    everySeconds: pollingSeconds.find((seconds) => seconds === stored.everySeconds) ?? 10,
    sound: stored.sound === true,
  };
}
