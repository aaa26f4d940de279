// All records of a list, page by page in the order of their ids. Each page starts after the last id, so no record is returned
// twice.

import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import { asRecords } from '../executor/operations.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Parts, Row, Search } from '../records/collection.ts';
import { Running } from '../running.ts';

/** The number of records in a page. Statements are compiled for this number, and reading a page takes a few milliseconds. */
const mostInPage = 1_000;
const reportEveryMs = 10_000;
/**
 * The maximum number of exports at once on this sidecar. Each has two pages in memory, and its snapshot prevents Postgres from
 * removing old rows.
 */
const most = { ofOneUser: 2, ofAll: 4 };
/** The longest duration of an export. It leaves slow clients enough time. */
const longestMs = 15 * 60_000;
const runningOf = perDatabase(() => new Running());

export interface Page {
  /** The converted records, with the field names of the model. */
  readonly rows: readonly Row[];
  /** The requested fields that the caller may read. */
  readonly names: readonly string[];
  readonly omitted: readonly string[];
}

export interface Range {
  /** The export starts after this id. */
  readonly after: number;
  /** The maximum number of records. */
  readonly most: number;
}

/**
 * The pages of a list, until the caller disconnects. While the client receives a page, the next one is read, so two are in
 * memory. Throws the errors of a list, and `export.busy`.
 */
export async function* pagesOf(parts: Parts, context: RequestContext, search: Search, range: Range): AsyncGenerator<Page> {
  const end = runningOf(context.database).begin(context.holder, most.ofOneUser, most.ofAll);
  if (end === undefined) throw new GatewayError('export.busy');
  const timer = setTimeout(() => context.response.destroy(), longestMs);
  try {
    yield* readPages(parts, context, search, range);
  } finally {
    clearTimeout(timer);
    end();
  }
}

async function* readPages(
  { odoo, shapes }: Parts,
  context: RequestContext,
  { model, domain, fields, grant }: Search,
  { after, most: mostRecords }: Range,
): AsyncGenerator<Page> {
  const progress = new Progress(context, model);
  let size = mostInPage;
  let last = after;
  const next = () =>
    ({ op: 'search', model, domain, fields, limit: size, offset: 0, order: 'id', after: [String(last), null] }) as const;
  let search: ReturnType<typeof next> = next();
  const reader = await odoo.pages(context, search, grant);
  const stop = () => reader.close();
  context.left.addEventListener('abort', stop, { once: true });
  const spentMs = context.spentMs;
  const begun = () => {
    const coming = reader.page(search);
    coming.catch(() => undefined); // the reader of the page gets the error
    return coming;
  };
  const read = () => {
    search = next();
    // Each page may take as long as a request.
    context.idleMs += Math.max(0, context.spentMs - spentMs);
    return begun();
  };
  let outcome = 'an export failed';
  try {
    let coming = begun();
    for (let done = false; !done; ) {
      await context.authenticateAgain();
      const found = await coming.then(asRecords, (error: unknown) => tooLarge(error, size));
      if (found === undefined) {
        size = Math.ceil(size / 4);
        coming = read();
        continue;
      }
      const rows = found.records.slice(0, mostRecords - progress.records);
      last = Number(rows.at(-1)?.['id'] ?? last);
      done = found.next === undefined || progress.records + rows.length >= mostRecords;
      if (!done) coming = read();
      await shapes.shape(context, model, fields, rows);
      progress.add(rows.length);
      yield { rows, names: found.fields, omitted: found.omitted };
    }
    outcome = 'an export is complete';
  } finally {
    progress.end(outcome);
    context.left.removeEventListener('abort', stop);
    stop();
  }
}

/** Returns undefined if the page must be read in smaller parts. Otherwise throws the error. */
function tooLarge(error: unknown, size: number): undefined {
  if (size > 1 && error instanceof GatewayError && error.reason === 'answer.too_large') return undefined;
  throw error;
}

/** Logs the progress of an export. */
class Progress {
  readonly #context: RequestContext;
  readonly #model: string;
  readonly #startedAt = performance.now();
  #reportedAt = this.#startedAt;
  records = 0;

  constructor(context: RequestContext, model: string) {
    this.#context = context;
    this.#model = model;
  }

  add(records: number): void {
    this.records += records;
    if (performance.now() - this.#reportedAt >= reportEveryMs) this.end('export in progress');
  }

  end(sentence: string): void {
    this.#reportedAt = performance.now();
    const { database, requestId, principal, way, bytesOut } = this.#context;
    const seconds = Math.round(performance.now() - this.#startedAt) / 1_000;
    const line = {
      request: requestId,
      user: principal.userId,
      model: this.#model,
      records: this.records,
      bytes: bytesOut,
      seconds,
      way,
    };
    database.log.info(line, sentence);
  }
}
