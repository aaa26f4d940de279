// The counters of the time since the last flush. They are sums, so they stay small however long Postgres is down.

import type { Consumer, Fact, FiguresBatch, Latency } from '../db/traffic.ts';
import type { Histogram } from './histogram.ts';
import { add, count } from './histogram.ts';

/** What is counted about one answered request. */
export interface Counted {
  /** The time of its arrival, in milliseconds since 1970. */
  readonly at: number;
  readonly consumer: Consumer;
  readonly route: string;
  readonly model: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly reason: string | undefined;
  /** How a read of records was answered. */
  readonly way: string | undefined;
  readonly cost: number;
  readonly gatewayMs: number;
  readonly odooMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

// Callers must not be able to create a counter for each invented name. A model counts only once Odoo has answered for it, and
// after this many different rows, further rows are stored without their model and route.
const mostFacts = 20_000;
const mostPerBatch = 1_000;
const otherRoute = 'other';

export class Figures {
  readonly #facts = new Map<string, Fact>();
  readonly #latencies = new Map<string, Latency>();
  readonly #consumers = new Map<string, Consumer>();
  #dropped = 0;
  #requests = 0;

  /** The number of counted requests. */
  get requests(): number {
    return this.#requests;
  }

  get isEmpty(): boolean {
    return this.#requests === 0 && this.#dropped === 0;
  }

  count(request: Counted): void {
    this.#requests += 1;
    const minute = Math.floor(request.at / 60_000);
    const fact = this.#fact(minute, request);
    fact.requests += 1;
    fact.cost += request.cost;
    fact.gateway_ms += request.gatewayMs;
    fact.odoo_ms += request.odooMs;
    fact.bytes_in += request.bytesIn;
    fact.bytes_out += request.bytesOut;
    const { consumer } = request.consumer;
    const key = `${minute} ${Math.floor(request.status / 100)} ${consumer}`;
    let latency = this.#latencies.get(key);
    if (latency === undefined) {
      latency = { minute, consumer, class: Math.floor(request.status / 100), counts: [] };
      this.#latencies.set(key, latency);
      this.#consumers.set(consumer, request.consumer);
    }
    count(latency.counts, request.gatewayMs);
  }

  countDropped(rows: number): void {
    this.#dropped += rows;
  }

  /** The figures in batches, each of which Postgres can store in well under a second. There is at least one batch. */
  batches(): FiguresBatch[] {
    const facts = [...this.#facts.values()].map(rounded);
    const latencies = [...this.#latencies.values(), ...this.#ofAll()];
    const consumers = [...this.#consumers.values()];
    const portions = Math.max(1, Math.ceil(Math.max(facts.length, latencies.length, consumers.length) / mostPerBatch));
    return Array.from({ length: portions }, (_, i) => {
      const portion = <Row>(rows: readonly Row[]) => rows.slice(i * mostPerBatch, (i + 1) * mostPerBatch);
      return {
        facts: portion(facts),
        latencies: portion(latencies),
        consumers: portion(consumers),
        dropped: i === 0 ? this.#dropped : 0,
      };
    });
  }

  #fact(minute: number, request: Counted): Fact {
    const { method, status, reason, way } = request;
    const { consumer } = request.consumer;
    let { route, model } = request;
    let key = `${minute}|${consumer}|${route}|${model}|${method}|${status}|${reason}|${way}`;
    let fact = this.#facts.get(key);
    if (fact === undefined && this.#facts.size >= mostFacts) {
      route = otherRoute;
      model = undefined;
      key = `${minute}|${consumer}|${route}|${model}|${method}|${status}|${reason}|${way}`;
      fact = this.#facts.get(key);
    }
    if (fact === undefined) {
      const sums = { requests: 0, cost: 0, gateway_ms: 0, odoo_ms: 0, bytes_in: 0, bytes_out: 0 };
      fact = { minute, consumer, route, model, method, status, reason, way, ...sums };
      this.#facts.set(key, fact);
    }
    return fact;
  }

  #ofAll(): Latency[] {
    const sums = new Map<string, Latency & { readonly counts: Histogram }>();
    for (const { minute, class: statusClass, counts } of this.#latencies.values()) {
      const key = `${minute} ${statusClass}`;
      const sum = sums.get(key) ?? { minute, consumer: '*', class: statusClass, counts: [] };
      add(sum.counts, counts);
      sums.set(key, sum);
    }
    return [...sums.values()];
  }
}

/** Rounds times to microseconds, which are exact enough and shorter to send. */
function rounded(fact: Fact): Fact {
  return { ...fact, gateway_ms: microseconds(fact.gateway_ms), odoo_ms: microseconds(fact.odoo_ms) };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
