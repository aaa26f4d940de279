// Delivers the events of one database: claims due jobs, reads their records as the owners, passes the jobs to the endpoints, and
// records the results. Any number of sidecars do this concurrently; Postgres decides which of them gets a job, and
// `gateway.webhook_finish()` decides whether a failed job is tried again or becomes a dead letter. A notification starts a claim
// at once; without one, a claim starts every second. While an endpoint's last jobs are still being read, new jobs wait for the
// next claim, so that under load more jobs share one claim and one read.

import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { readNumbers, stampChanges } from '../db/change_feed.ts';
import type { Database } from '../db/database.ts';
import type { Job, Result, Webhook } from '../db/webhooks.ts';
import { claimJobs, finishJobs, readWebhooks, renewJobs } from '../db/webhooks.ts';
import { GatewayError } from '../errors.ts';
import type { Wait } from '../wakeable_loop.ts';
import { WakeableLoop } from '../wakeable_loop.ts';
import { deliver } from './deliver.ts';
import { guardedConnector, parseAllowed } from './egress.ts';
import type { Ready } from './endpoint.ts';
import { Endpoint } from './endpoint.ts';
import type { Numbers } from './render.ts';
import { isPassing, renderAll } from './render.ts';

/**
 * Records as a webhook's owner reads them: by id, without deleted or hidden ones. Rejects with the reasons of the channel
 * and of the executor.
 */
type RecordReader = (database: Database, webhook: Webhook, ids: readonly number[]) => Promise<ReadonlyMap<number, unknown>>;

export interface WebhookTally {
  readonly database: string;
  /** The number of currently claimed jobs. */
  readonly held: number;
  readonly delivered: number;
  readonly failed: number;
  /** Jobs that were returned without an attempt. */
  readonly released: number;
}

export interface DispatcherOptions {
  readonly database: Database;
  /** This sidecar's UUID, under which jobs are claimed. */
  readonly instance: string;
  readonly readRecords: RecordReader;
  /** Replaces the system's resolver. */
  readonly lookup?: LookupFunction;
}

const pollEveryMs = 1_000;
/** The configuration is read again this often, because a rotated secret expires without a notification. */
const configureEveryMs = 60_000;
const leaseSeconds = 45;
const renewEveryMs = 15_000;
const retryReportMs = 1_000;
const askOdooAgainSeconds = 3;

export class WebhookDispatcher {
  readonly #options: DispatcherOptions;
  readonly #database: Database;
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #results: Result[] = [];
  readonly #outcomes = { delivered: 0, failed: 0, released: 0 };
  #agent: Agent | undefined;
  #agentOptions = '';
  #configured = false;
  #configuredAt = 0;
  readonly #loop = new WakeableLoop(() => this.#turn());
  #stopped = false;
  #reporting: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#database = options.database;
  }

  /** Since the start of this process, for the metrics. */
  get tally(): WebhookTally {
    let held = 0;
    for (const endpoint of this.#endpoints.values()) held += endpoint.held.size;
    return { database: this.#database.name, held, ...this.#outcomes };
  }

  start(): void {
    const reconfigure = () => {
      this.#configured = false;
      this.#loop.wake();
    };
    for (const entity of ['webhook', 'secret', 'setting', 'user']) this.#database.onChange(entity, reconfigure);
    this.#database.onNotification('webhook', () => this.#loop.wake());
    this.#loop.start();
    this.#renewal = setInterval(() => void this.#renew(), renewEveryMs);
  }

  /** Stops claiming, waits for running requests, releases the rest, and records all results. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop.stop();
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.stop()));
    while (this.#reporting !== undefined) await this.#reporting;
    clearInterval(this.#renewal);
    await this.#agent?.close();
  }

  async #turn(): Promise<Wait> {
    if (this.#database.state !== 'ready') return { ms: pollEveryMs, canBeWoken: true };
    try {
      if (!this.#configured || performance.now() - this.#configuredAt > configureEveryMs) await this.#configure();
      await this.#claim();
      return { ms: pollEveryMs, canBeWoken: true };
    } catch (error) {
      // The database object logs problems with Postgres. Here, the claim is only tried again later.
      this.#database.log.debug({ err: error }, 'webhooks: nothing claimed');
      return { ms: pollEveryMs, canBeWoken: false };
    }
  }

  async #configure(): Promise<void> {
    this.#configured = true;
    this.#configuredAt = performance.now();
    try {
      const webhooks = await readWebhooks(this.#database);
      const known = new Set(webhooks.map((webhook) => webhook.id));
      for (const webhook of webhooks) {
        const endpoint = this.#endpoints.get(webhook.id);
        if (endpoint) endpoint.webhook = webhook;
        else this.#endpoints.set(webhook.id, this.#createEndpoint(webhook));
      }
      for (const [id, endpoint] of this.#endpoints) {
        if (known.has(id)) continue;
        this.#endpoints.delete(id);
        void endpoint.stop();
      }
    } catch (error) {
      this.#configured = false;
      throw error;
    }
  }

  #createEndpoint(webhook: Webhook): Endpoint {
    return new Endpoint({
      webhook,
      mostFailures: () => this.#database.settings['webhook.breaker_failures'],
      send: (target, ready) => this.#send(target, ready),
      report: (result) => this.#report(result),
      onRoom: () => this.#loop.wake(),
    });
  }

  async #claim(): Promise<void> {
    const room = new Map<number, number>();
    for (const [id, endpoint] of this.#endpoints) {
      if (endpoint.room > 0) room.set(id, endpoint.room);
      else endpoint.wantMore();
    }
    if (room.size === 0) return;
    const jobs = await claimJobs(this.#database, this.#options.instance, room, leaseSeconds);
    for (const [id, group] of Map.groupBy(jobs, (job) => job.webhookId)) {
      const endpoint = this.#endpoints.get(id);
      if (endpoint === undefined) continue;
      if (group.length >= (room.get(id) ?? 0)) endpoint.wantMore();
      void this.#prepare(endpoint, group);
    }
  }

  /** Builds the bodies of claimed jobs, with one read for all of them. */
  async #prepare(endpoint: Endpoint, jobs: readonly Job[]): Promise<void> {
    endpoint.hold(jobs);
    const { webhook } = endpoint;
    const read = (ids: readonly number[]) => this.#options.readRecords(this.#database, webhook, ids);
    const { ready, unread } = await this.#numbersOf(webhook, jobs).then(
      (numbers) => renderAll(jobs, numbers, read),
      (error: unknown) => ({ ready: [], unread: jobs.map((job) => ({ job, error })) }),
    );
    for (const { job, error } of unread) {
      if (isPassing(error)) endpoint.release(job, askOdooAgainSeconds);
      else endpoint.refuse(job, `Not read: ${error instanceof Error ? error.message : String(error)}`);
    }
    endpoint.push(ready);
  }

  /**
   * The numbers of the jobs' records in the change feed. The changes are committed, so each gets a number here unless it
   * already has one.
   */
  async #numbersOf({ model }: Webhook, jobs: readonly Job[]): Promise<Numbers> {
    await stampChanges(this.#database);
    return readNumbers(
      this.#database,
      model,
      jobs.map((job) => job.resId),
    );
  }

  #send(webhook: Webhook, { job, body }: Ready): Promise<Result> {
    const timeoutMs = this.#database.settings['webhook.timeout_seconds'] * 1_000;
    return deliver(this.#agentFor(timeoutMs), webhook, job, body, timeoutMs);
  }

  /** Connections are replaced if the settings change which addresses are allowed. */
  #agentFor(timeoutMs: number): Agent {
    const allow = this.#database.settings['webhook.egress_allow'];
    const options = JSON.stringify([allow, timeoutMs]);
    if (this.#agent === undefined || this.#agentOptions !== options) {
      void this.#agent?.close();
      this.#agentOptions = options;
      this.#agent = new Agent({
        connect: guardedConnector(parseAllowed(allow), timeoutMs, { lookup: this.#options.lookup }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        maxHeaderSize: 16_384,
      });
    }
    return this.#agent;
  }

  /** All results that arrive while a statement is running join the next one. */
  #report(result: Result): void {
    this.#results.push(result);
    this.#outcomes[result.outcome] += 1;
    this.#reporting ??= this.#reportAll().finally(() => {
      this.#reporting = undefined;
    });
  }

  async #reportAll(): Promise<void> {
    // Results of one turn of the event loop are recorded together.
    await new Promise(setImmediate);
    while (this.#results.length > 0) {
      const batch = this.#results.splice(0, 500);
      try {
        await finishJobs(this.#database, this.#options.instance, batch);
      } catch (error) {
        if (this.#stopped) {
          this.#giveUp([...batch, ...this.#results.splice(0)], error);
        } else if (isUnavailable(error)) {
          // A delivery cannot be undone, so its result is kept until Postgres is back. No jobs are claimed meanwhile, so the
          // number of results is limited.
          this.#results.unshift(...batch);
          await new Promise((resolve) => setTimeout(resolve, retryReportMs));
        } else {
          await this.#reportSingly(batch);
        }
      }
    }
  }

  /** Records results one by one, because a single result that Postgres refuses must not block the others. */
  async #reportSingly(batch: readonly Result[]): Promise<void> {
    for (const result of batch) {
      await finishJobs(this.#database, this.#options.instance, [result]).catch((error: unknown) => {
        if (isUnavailable(error)) this.#results.push(result);
        else this.#giveUp([result], error);
      });
    }
  }

  /** Drops results. The leases of their jobs expire, and the jobs are sent again. */
  #giveUp(results: readonly Result[], error: unknown): void {
    this.#database.log.error({ err: error, jobs: results.map(({ job }) => job) }, 'webhooks: results could not be recorded');
  }

  async #renew(): Promise<void> {
    const held = [...this.#endpoints.values()].flatMap((endpoint) => [...endpoint.held]);
    if (held.length === 0) return;
    await renewJobs(this.#database, this.#options.instance, held, leaseSeconds).catch((error: unknown) => {
      this.#database.log.warn({ err: error }, 'webhooks: leases could not be renewed');
    });
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === 'database.unavailable';
}
