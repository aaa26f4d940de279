// Runs LISTEN on a separate connection. A notification only shortens a wait: the poll in `database.ts` finds the same changes
// within half a second, so losing this connection costs nothing but time.

import pg from 'pg';
import type { Log } from '../log.ts';
import { liveChannel } from './live.ts';

const firstDelayMs = 200;
const longestDelayMs = 10_000;
/** A connection that a firewall has silently dropped looks alive until data is sent. */
const probeEveryMs = 15_000;

export class Listener {
  readonly #url: string;
  readonly #onHint: (payload: string | undefined) => void;
  readonly #onLive: (payload: string) => void;
  readonly #log: Log;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = firstDelayMs;
  #stopped = false;

  /**
   * @param onLive receives the live figures that sidecars send each other; figures that come late are useless, so they are
   * never repeated
   */
  constructor(url: string, onHint: (payload: string | undefined) => void, onLive: (payload: string) => void, log: Log) {
    this.#url = url;
    this.#onHint = onHint;
    this.#onLive = onLive;
    this.#log = log;
  }

  start(): void {
    void this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'api-gateway-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      query_timeout: 5_000,
    });
    this.#client = client;
    let lost = false;
    const onLost = (error?: Error) => {
      if (lost) return;
      lost = true;
      client.end().catch(() => undefined);
      this.#reconnectLater(error);
    };
    client.on('error', onLost);
    client.on('end', () => onLost());
    client.on('notification', ({ channel, payload }) => {
      if (channel === liveChannel) this.#onLive(payload ?? '');
      else this.#onHint(payload);
    });
    try {
      await client.connect();
      await client.query(`listen gateway; listen ${liveChannel}`);
    } catch (error) {
      onLost(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#delayMs = firstDelayMs;
    // Catches up on notifications that were sent while the connection was down.
    this.#onHint(undefined);
    this.#probe(client, onLost);
  }

  #probe(client: pg.Client, onLost: (error: Error) => void): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      client.query('select 1').then(() => this.#probe(client, onLost), onLost);
    }, probeEveryMs);
    this.#timer.unref();
  }

  #reconnectLater(error: Error | undefined): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const delayMs = this.#delayMs * (0.5 + Math.random() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
    this.#log.warn(
      { reason: error?.message ?? 'closed by the server', delayMs: Math.round(delayMs) },
      'listening to Postgres was lost',
    );
    this.#timer = setTimeout(() => void this.#connect(), delayMs);
    this.#timer.unref();
  }
}
