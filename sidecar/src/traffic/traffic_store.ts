// Counts every request and logs those that the log level requires, without making any of them wait: counters and rows are kept
// in memory and sent to Postgres within a second. Each batch is kept until it is certain to be stored.

import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import type { FiguresBatch, ProtocolUse } from '../db/traffic.ts';
import { ensureLogPartitions, recordFigures, recordLog, recordProtocols, rollUp } from '../db/traffic.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Counted } from './figures.ts';
import { Figures } from './figures.ts';
import { isKept, logRow } from './log_row.ts';
import { ProtocolUses } from './protocol_uses.ts';

/** A sidecar that is killed loses at most its last second, including the time that Postgres takes to store a batch. */
const flushEveryMs = 800;
const maintainEveryMs = 60_000;
/** A batch that Postgres refuses this many times is dropped, because it would hold up all later batches. */
const mostTries = 10;

const mostBufferedRows = 50_000;
const mostBufferedCharacters = 64 * 1024 * 1024;
const mostRowsPerBatch = 2_000;
const mostCharactersPerBatch = 4 * 1024 * 1024;

export interface RecorderOptions {
  readonly database: Database;
  /** The stream of this process. With a sequence number, it identifies a batch. */
  readonly instance: string;
  /** The name shown in the log. */
  readonly sidecar: string;
  /**
   * Called when a batch is closed. The function that it returns is called when this batch, or an earlier one, has been stored.
   */
  readonly onFlush?: () => () => void;
}

interface Batch<Content> {
  readonly sequence: number;
  readonly content: Content;
  tries: number;
}

/** Requests and rows that are not stored yet, and rows that were lost. */
export interface Backlog {
  readonly requests: number;
  readonly rows: number;
  readonly dropped: number;
  readonly failures: number;
}

/** The traffic of one database. */
export class TrafficStore {
  readonly #options: RecorderOptions;
  #figures = new Figures();
  #pendingFigures: Batch<FiguresBatch>[] = [];
  #rows: string[] = [];
  #characters = 0;
  #pendingRows: Batch<readonly string[]> | undefined;
  readonly #uses = new ProtocolUses();
  #pendingUses: Batch<readonly ProtocolUse[]> | undefined;
  #figuresSequence = 0;
  #usesSequence = 0;
  #rowsSequence = 0;
  #dropped = 0;
  #failures = 0;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #maintenance: Promise<void> | undefined;
  #maintainedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get backlog(): Backlog {
    return {
      requests: this.#figures.requests + this.#pendingFigures.reduce((sum, { content }) => sum + requestsOf(content), 0),
      rows: this.#rows.length + (this.#pendingRows?.content.length ?? 0),
      dropped: this.#dropped,
      failures: this.#failures,
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Sends everything that is left. Rejects if `signal` aborts. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#maintenance;
    for (;;) {
      await this.#flush();
      const hasUses = this.#pendingUses !== undefined || !this.#uses.isEmpty;
      if (this.#pendingFigures.length === 0 && this.#figures.isEmpty && this.backlog.rows === 0 && !hasUses) return;
      await delay(100, undefined, { signal });
    }
  }

  /** Called once for each answered request. */
  record(context: RequestContext, counted: Counted): void {
    this.#figures.count(counted);
    this.#uses.count(context, counted);
    const { settings } = this.#options.database;
    const level = context.known.principal?.policy.log_level ?? settings['log.level'];
    if (context.endpoint.isAlwaysLogged === true || isKept(level, counted.status)) {
      this.#keep(logRow(context, counted, level, this.#options.sidecar, settings['log.body_bytes']));
    }
  }

  #keep(row: string): void {
    if (this.#rows.length >= mostBufferedRows || this.#characters + row.length > mostBufferedCharacters) {
      this.#drop(1);
      return;
    }
    this.#rows.push(row);
    this.#characters += row.length;
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#figures.countDropped(rows);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(flushEveryMs, undefined, { signal }).catch(() => {});
      await this.#flush();
      if (performance.now() - this.#maintainedAt > maintainEveryMs) this.#maintain();
    }
  }

  async #flush(): Promise<void> {
    const { database } = this.#options;
    if (database.state !== 'ready') return;
    const flushed = this.#options.onFlush?.();
    await this.#flushFigures();
    await this.#flushUses();
    await this.#flushRows();
    flushed?.();
  }

  async #flushFigures(): Promise<void> {
    const { database, instance } = this.#options;
    if (this.#pendingFigures.length === 0 && !this.#figures.isEmpty) {
      for (const content of this.#figures.batches()) {
        this.#figuresSequence += 1;
        this.#pendingFigures.push({ sequence: this.#figuresSequence, content, tries: 0 });
      }
      this.#figures = new Figures();
    }
    for (let batch = this.#pendingFigures[0]; batch !== undefined; batch = this.#pendingFigures[0]) {
      const { sequence, content } = batch;
      if (!(await this.#attempt(batch, () => recordFigures(database, instance, sequence, content)))) return;
      this.#pendingFigures.shift();
    }
  }

  async #flushUses(): Promise<void> {
    const { database, instance } = this.#options;
    if (this.#pendingUses === undefined) {
      if (this.#uses.isEmpty) return;
      this.#usesSequence += 1;
      this.#pendingUses = { sequence: this.#usesSequence, content: this.#uses.take(), tries: 0 };
    }
    const { sequence, content } = this.#pendingUses;
    const isDone = await this.#attempt(this.#pendingUses, () => recordProtocols(database, instance, sequence, content));
    if (isDone) this.#pendingUses = undefined;
  }

  async #flushRows(): Promise<void> {
    const { database, instance } = this.#options;
    while (this.#pendingRows !== undefined || this.#rows.length > 0) {
      if (this.#pendingRows === undefined) {
        this.#rowsSequence += 1;
        this.#pendingRows = { sequence: this.#rowsSequence, content: this.#takeRows(), tries: 0 };
      }
      const pending = this.#pendingRows;
      const { sequence, content } = pending;
      if (!(await this.#attempt(pending, () => recordLog(database, instance, sequence, content)))) return;
      if (pending.tries >= mostTries) this.#drop(content.length);
      this.#pendingRows = undefined;
    }
  }

  #takeRows(): readonly string[] {
    let rows = 0;
    let characters = 0;
    for (const row of this.#rows) {
      if (rows > 0 && (rows >= mostRowsPerBatch || characters + row.length > mostCharactersPerBatch)) break;
      rows += 1;
      characters += row.length;
    }
    this.#characters -= characters;
    return this.#rows.splice(0, rows);
  }

  /**
   * Sends a batch. Resolves with true if it was stored or dropped. An attempt that may have succeeded is repeated with the same
   * number.
   */
  async #attempt(batch: Batch<unknown>, send: () => Promise<void>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      this.#failures += 1;
      const isAway = error instanceof GatewayError && error.reason !== 'internal.error';
      if (isAway) return false;
      batch.tries += 1;
      const { log } = this.#options.database;
      log.error({ err: error, tries: batch.tries, sequence: batch.sequence }, 'traffic not stored');
      return batch.tries >= mostTries;
    }
  }

  /** Runs roll-ups concurrently with the flushes, because a roll-up takes a long time. */
  #maintain(): void {
    const { database } = this.#options;
    if (this.#maintenance !== undefined || database.state !== 'ready') return;
    this.#maintainedAt = performance.now();
    this.#maintenance = this.#rollUp()
      .catch((error: unknown) => database.log.warn({ err: error }, 'figures not rolled up'))
      .finally(() => {
        this.#maintenance = undefined;
      });
  }

  async #rollUp(): Promise<void> {
    const { database } = this.#options;
    await ensureLogPartitions(database);
    while (!this.#stopping.signal.aborted && (await rollUp(database)));
  }
}

function requestsOf({ facts }: FiguresBatch): number {
  return facts.reduce((sum, { requests }) => sum + requests, 0);
}
