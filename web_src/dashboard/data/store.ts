// The dashboard's state, and all that changes it.

import { onMounted, onWillUnmount, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { ORM } from '@web/core/orm_service';
import type { Orm } from '@web/core/utils/hooks';
import { errorText } from '../../core/error_text';
import type { Consumer, Fault, Figures, Question, StatusClass, Surroundings } from './figures';
import { readConsumers, readFaults, readFigures, readSurroundings } from './figures';
import { liveSource } from './live_source';
import type { Connection, Source, SourceEvents, Traffic } from './source';
import { manualSource, pollingSource } from './source';

export type Span = '24h' | '30d' | '1y';
export type Mode = 'live' | 'polling' | 'manual';

const hourMs = 3_600_000;
const spansMs: Record<Span, number> = { '24h': 24 * hourMs, '30d': 30 * 24 * hourMs, '1y': 365 * 24 * hourMs };
export const pollingSeconds = [5, 10, 30, 60] as const;
/** The time between two reads of the figures while there is traffic. In between, only counters go up. */
const rereadEveryMs = 5_000;
export const shownFaults = 50;
const ratesKept = 60;
const storageKey = 'api_gateway.dashboard';

const defaultSpan: Span = '24h';

interface Reading {
  figures: Figures;
  surroundings: Surroundings;
  faults: Fault[];
  consumers: Consumer[];
}

interface Preferences {
  mode: Mode;
  everySeconds: number;
  sound: boolean;
}

export interface DashboardState extends Preferences {
  span: Span;
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
  /** Requests per second of the last minute, the newest last. Empty without a socket. */
  rates: number[];
}

/** Gets traffic as it comes, for sounds and toasts. */
export type TrafficListener = (traffic: Traffic) => void;

export class DashboardStore {
  readonly state: DashboardState;
  readonly #orm: Orm;
  readonly #onTraffic: TrafficListener;
  #source: Source | undefined;
  #reading = 0;
  #readAt = 0;
  #reread: number | undefined;
  #stopped = false;

  constructor(orm: Orm, state: DashboardState, onTraffic: TrafficListener) {
    this.#orm = orm;
    this.state = state;
    this.#onTraffic = onTraffic;
  }

  get question(): Question {
    const { zoom, span, consumer, statusClass } = this.state;
    return { ...(zoom ?? rangeOf(span)), consumer, status_class: statusClass };
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#source?.stop();
    browser.clearTimeout(this.#reread);
  }

  /** Reads everything again. After a later call, an earlier one's answer is ignored. */
  async load(): Promise<void> {
    browser.clearTimeout(this.#reread);
    this.#reread = undefined;
    this.#reading += 1;
    const reading = this.#reading;
    this.#readAt = performance.now();
    this.state.loading = true;
    try {
      const read = await (takeEarly() ?? readAll(this.#orm, this.question, this.state.consumers));
      if (reading !== this.#reading || this.#stopped) return;
      if (this.state.connection === 'polling' || this.state.connection === 'fallback') this.#compare(read.figures);
      Object.assign(this.state, { ...read, error: null, updatedAt: Date.now() });
    } catch (error) {
      if (reading === this.#reading && !this.#stopped) this.state.error = errorText(error);
    } finally {
      if (reading === this.#reading) this.state.loading = false;
    }
  }

  /** The log's faults, as many as a download may hold. */
  allFaults(): Promise<Fault[]> {
    return readFaults(this.#orm, this.question, 1_000);
  }

  chooseSpan(span: Span): void {
    Object.assign(this.state, { span, zoom: null });
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

  /** Choosing the same one again removes the filter. */
  filterConsumer(consumer: string | null): void {
    this.state.consumer = consumer === this.state.consumer ? null : consumer;
    this.state.rates = [];
    this.#source?.select(this.state.consumer);
    void this.load();
  }

  filterClass(statusClass: StatusClass | null): void {
    this.state.statusClass = statusClass === this.state.statusClass ? null : statusClass;
    void this.load();
  }

  clearFilters(): void {
    Object.assign(this.state, { consumer: null, statusClass: null, zoom: null });
    this.#source?.select(null);
    void this.load();
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
    this.state.rates = [];
    const { mode, everySeconds, consumer } = this.state;
    // A stopped source may still have a message under way.
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

  /** A message of the socket raises the counters at once; the figures are read again at most every few seconds. */
  #take(traffic: Traffic): void {
    this.#onTraffic(traffic);
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
    if (totals.requests > 0) totals.success_rate = 1 - totals.errors / totals.requests;
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
    if (requests > 0) this.#onTraffic({ requests, class_2, class_3, class_4, class_5 });
  }

  #keep(): void {
    const { mode, everySeconds, sound } = this.state;
    browser.localStorage.setItem(storageKey, JSON.stringify({ mode, everySeconds, sound } satisfies Preferences));
  }
}

function rangeOf(span: Span): { since: number; until: number } {
  const until = Date.now();
  return { since: until - spansMs[span], until };
}

/** @param known the consumers; they are read again only if the figures name another one */
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

/** The first request of every visit. A page opened by its URL sends it while Odoo's client starts. */
let early = browser.location.pathname.endsWith('/gateway-dashboard') ? readEarly() : undefined;

function readEarly(): Promise<Reading> {
  const reading = readAll(new ORM().silent, { ...rangeOf(defaultSpan), consumer: null, status_class: null }, []);
  reading.catch(() => {}); // the caller that takes it handles the error
  return reading;
}

function takeEarly(): Promise<Reading> | undefined {
  const taken = early;
  early = undefined;
  return taken;
}

/** The store of a component, running as long as the component is mounted. */
export function useDashboard(orm: Orm, onTraffic: TrafficListener): DashboardStore {
  const state: DashboardState = useState({
    ...storedPreferences(),
    span: defaultSpan,
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
  });
  const store = new DashboardStore(orm, state, onTraffic);
  void store.load();
  onMounted(() => store.start());
  onWillUnmount(() => store.stop());
  return store;
}

function storedPreferences(): Preferences {
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(browser.localStorage.getItem(storageKey) ?? '{}');
  } catch {
    // Text from other code is ignored.
  }
  return {
    mode: stored.mode === 'polling' || stored.mode === 'manual' ? stored.mode : 'live',
    everySeconds: pollingSeconds.find((seconds) => seconds === stored.everySeconds) ?? 10,
    sound: stored.sound === true,
  };
}
