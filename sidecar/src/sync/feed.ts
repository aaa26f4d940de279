// Follows the change feed of one database: numbers new changes, and wakes the requests that wait for them.
//
// Numbering is started by a notification, or by a request for changes. Only one numbering runs at a time, on this sidecar and
// across all sidecars. So a change costs one statement, however many requests wait for it.

import { setTimeout as delay } from 'node:timers/promises';
import { stampChanges } from '../db/change_feed.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';

export class Feed {
  readonly #database: Database;
  readonly #waiting = new Set<() => void>();
  #running: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #stopped = false;

  constructor(database: Database) {
    this.#database = database;
    database.onNotification('change', () => {
      if (this.#waiting.size === 0) return; // the next request numbers it
      this.stamp().catch((error: unknown) => database.log.warn({ err: error }, 'changes could not be numbered'));
    });
  }

  /** When this resolves, all changes that were committed before the call have their numbers. */
  stamp(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#stampAll().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // The run in progress may miss the latest changes. One more run follows it, for all calls that arrive meanwhile.
    this.#following ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#following = undefined;
        return this.stamp();
      });
    return this.#following;
  }

  /** Waits until there may be changes, until `ms` have passed, or until the caller disconnects. */
  async news(ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const stop = AbortSignal.any([signal, timer.signal]);
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(wake);
    });
    try {
      await Promise.race([woken, delay(ms, undefined, { signal: stop }).catch(() => undefined)]);
    } finally {
      this.#waiting.delete(wake);
      timer.abort();
    }
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async #stampAll(): Promise<void> {
    await stampChanges(this.#database);
    this.#wakeAll();
  }
}

export class ChangeFeeds {
  readonly #all: Feed[] = [];
  #stopped = false;
  readonly of = perDatabase((database) => {
    const feed = new Feed(database);
    this.#all.push(feed);
    if (this.#stopped) feed.stop();
    return feed;
  });

  /** Ends the wait of all requests at once; later requests do not wait. */
  stop(): void {
    this.#stopped = true;
    for (const feed of this.#all) feed.stop();
  }
}
