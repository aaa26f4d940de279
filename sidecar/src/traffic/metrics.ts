// Metrics for Prometheus. They are counted separately from the figures, so that they work while Postgres is down.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../db/database.ts';
import type { Counted } from './figures.ts';
import type { Observer } from './traffic_recorder.ts';
import type { TrafficStore } from './traffic_store.ts';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Tally {
  readonly labels: { route: string; method: string; status: string; reason: string };
  requests: number;
}

/** Calls waiting for Odoo, and calls in Odoo. */
export interface OdooLoad {
  readonly inFlight: number;
  readonly queued: number;
}

/** Checks of credentials that need a hash, here or in Odoo. */
export interface HashLoad {
  readonly kind: 'key' | 'login';
  /** The number of hashes since the start. */
  readonly hashed: number;
  readonly waiting: number;
}

/** The results of a sidecar's deliveries, by database. */
export interface WebhookLoad {
  readonly database: string;
  readonly held: number;
  readonly delivered: number;
  readonly failed: number;
}

export class Metrics {
  readonly #registry = new Registry();
  // prom-client hashes its labels at every call, so requests are added up here and passed on when the metrics are read.
  readonly #tallies = new Map<string, Tally>();
  readonly #ways = new Map<string, number>();
  readonly #duration: Histogram;
  readonly #odooDuration: Histogram;
  readonly #bytes: Counter<'direction'>;

  constructor(
    storeOf: ReadonlyMap<Database, TrafficStore>,
    odoo: () => OdooLoad,
    webhooks: () => readonly WebhookLoad[],
    hashes: () => readonly HashLoad[],
    live: () => { readonly silent: number; readonly watching: number },
    replicas: () => Promise<readonly { readonly database: string; readonly seconds: number }[]>,
  ) {
    const registers = [this.#registry];
    const tallies = this.#tallies;
    const ways = this.#ways;
    collectDefaultMetrics({ register: this.#registry });
    new Counter({
      name: 'gateway_requests_total',
      help: 'Requests answered.',
      labelNames: ['route', 'method', 'status', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { labels, requests } of tallies.values()) this.inc(labels, requests);
      },
    });
    new Counter({
      name: 'gateway_reads_total',
      help: 'Reads of records by how they were answered: compiled, or odoo with the reason.',
      labelNames: ['way', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const [name, reads] of ways) {
          const [way = '', reason = ''] = name.split(':');
          this.inc({ way, reason }, reads);
        }
      },
    });
    this.#duration = new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'Time from the arrival of a request to its answer.',
      buckets: seconds,
      registers,
    });
    this.#odooDuration = new Histogram({
      name: 'gateway_odoo_duration_seconds',
      help: 'Time spent in Odoo, for requests that went there.',
      buckets: seconds,
      registers,
    });
    this.#bytes = new Counter({
      name: 'gateway_body_bytes_total',
      help: 'Bytes of bodies, as sent.',
      labelNames: ['direction'],
      registers,
    });
    new Gauge({
      name: 'gateway_odoo_calls',
      help: 'Calls in Odoo, and calls waiting for a free slot.',
      labelNames: ['state'],
      registers,
      collect() {
        const { inFlight, queued } = odoo();
        this.set({ state: 'in_flight' }, inFlight);
        this.set({ state: 'queued' }, queued);
      },
    });
    new Counter({
      name: 'gateway_credentials_hashed_total',
      help: 'Checks of keys and passwords that need a hash.',
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        for (const { kind, hashed } of hashes()) this.inc({ kind }, hashed);
      },
    });
    new Gauge({
      name: 'gateway_credentials_waiting',
      help: 'Keys and passwords waiting for their check.',
      labelNames: ['kind'],
      registers,
      collect() {
        for (const { kind, waiting } of hashes()) this.set({ kind }, waiting);
      },
    });
    new Gauge({
      name: 'gateway_live_sockets',
      help: 'WebSockets that serve a dashboard, or have sent no ticket yet.',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, sockets] of Object.entries(live())) this.set({ state }, sockets);
      },
    });
    new Gauge({
      name: 'gateway_replica_lag_seconds',
      help: 'How far the replica of compiled reads is behind.',
      labelNames: ['database'],
      registers,
      async collect() {
        this.reset();
        for (const { database, seconds } of await replicas()) this.set({ database }, seconds);
      },
    });
    new Gauge({
      name: 'gateway_database_ready',
      help: '1 while the database can be used.',
      labelNames: ['database'],
      registers,
      collect() {
        for (const database of storeOf.keys()) this.set({ database: database.name }, database.state === 'ready' ? 1 : 0);
      },
    });
    new Gauge({
      name: 'gateway_traffic_backlog',
      help: 'Counted requests and log rows that are not stored yet.',
      labelNames: ['database', 'what'],
      registers,
      collect() {
        for (const [database, store] of storeOf) {
          this.set({ database: database.name, what: 'requests' }, store.backlog.requests);
          this.set({ database: database.name, what: 'log_rows' }, store.backlog.rows);
        }
      },
    });
    new Counter({
      name: 'gateway_webhook_attempts_total',
      help: 'Attempts to deliver an event.',
      labelNames: ['database', 'outcome'],
      registers,
      collect() {
        this.reset();
        for (const { database, delivered, failed } of webhooks()) {
          this.inc({ database, outcome: 'delivered' }, delivered);
          this.inc({ database, outcome: 'failed' }, failed);
        }
      },
    });
    new Gauge({
      name: 'gateway_webhook_jobs_held',
      help: 'Events claimed by this sidecar but not delivered yet.',
      labelNames: ['database'],
      registers,
      collect() {
        for (const { database, held } of webhooks()) this.set({ database }, held);
      },
    });
    const ofStore = (name: string, help: string, read: (store: TrafficStore) => number) =>
      new Counter({
        name,
        help,
        labelNames: ['database'],
        registers,
        collect() {
          this.reset();
          for (const [database, store] of storeOf) this.inc({ database: database.name }, read(store));
        },
      });
    ofStore('gateway_log_rows_dropped_total', 'Log rows lost.', (store) => store.backlog.dropped);
    ofStore('gateway_traffic_failures_total', 'Failed attempts to store figures and logs.', (store) => store.backlog.failures);
  }

  readonly observe: Observer = (counted) => {
    this.#tally(counted).requests += 1;
    if (counted.way !== undefined) this.#ways.set(counted.way, (this.#ways.get(counted.way) ?? 0) + 1);
    this.#duration.observe(counted.gatewayMs / 1_000);
    if (counted.odooMs > 0) this.#odooDuration.observe(counted.odooMs / 1_000);
    if (counted.bytesIn > 0) this.#bytes.inc({ direction: 'in' }, counted.bytesIn);
    if (counted.bytesOut > 0) this.#bytes.inc({ direction: 'out' }, counted.bytesOut);
  };

  get mediaType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #tally({ route, method, status, reason = '' }: Counted): Tally {
    const key = `${route}|${method}|${status}|${reason}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = { labels: { route, method, status: String(status), reason }, requests: 0 };
      this.#tallies.set(key, tally);
    }
    return tally;
  }
}
