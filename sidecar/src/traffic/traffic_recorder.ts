// The last step of every request: it is counted, logged if the log level requires it, and sent to open dashboards.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Principal, RequestContext } from '../pipeline/context.ts';
import type { Counted } from './figures.ts';
import type { TrafficStore } from './traffic_store.ts';

/** Receives every counted request. Must not wait. */
export type Observer = (counted: Counted, context: RequestContext) => void;

const nobody = { consumer: 'none:0', name: 'No credential', user_id: undefined };
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class TrafficRecorder {
  readonly #storeOf: ReadonlyMap<Database, TrafficStore>;
  readonly #standard: Database;
  readonly #observers: readonly Observer[];
  readonly #log: Log;

  /** @param standard the database that counts the requests that name no served database */
  constructor(storeOf: ReadonlyMap<Database, TrafficStore>, standard: Database, observers: readonly Observer[], log: Log) {
    this.#storeOf = storeOf;
    this.#standard = standard;
    this.#observers = observers;
    this.#log = log;
  }

  record(context: RequestContext): void {
    // Health checks and reads of metrics are not traffic.
    if (context.endpoint.access === 'internal') return;
    try {
      const counted = countedOf(context, Date.now());
      this.#storeOf.get(context.known.database ?? this.#standard)?.record(context, counted);
      for (const observe of this.#observers) observe(counted, context);
    } catch (error) {
      this.#log.error({ err: error, request: context.requestId }, 'request not recorded');
    }
  }
}

/** What is counted about a request. `now` is the time of its answer. */
function countedOf(context: RequestContext, now: number): Counted {
  const { endpoint, request, error, target, timings, countedAs } = context;
  const { principal } = context.known;
  const gatewayMs = context.spentMs;
  const reason = error instanceof GatewayError ? error.reason : undefined;
  return {
    at: now - gatewayMs,
    consumer: principal === undefined ? nobody : consumerOf(principal),
    route: countedAs.route ?? ('path' in endpoint && typeof endpoint.path === 'string' ? endpoint.path : endpoint.name),
    // A model counts only once Odoo has answered for it, so that callers cannot fill the figures with invented names.
    model: timings.odoo + timings.sql > 0 && reason !== 'odoo.model' ? target?.model : undefined,
    method: knownMethods.has(request.method) ? request.method : 'OTHER',
    status: countedAs.status ?? context.status,
    reason,
    way: context.way,
    cost: target?.operations ?? 1,
    gatewayMs,
    odooMs: timings.odoo,
    bytesIn: context.bytesIn,
    bytesOut: context.bytesOut,
  };
}

function consumerOf({ consumer, credentialName, userId }: Principal): Counted['consumer'] {
  return { consumer, name: credentialName, user_id: userId };
}
