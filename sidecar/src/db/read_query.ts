// A compiled statement in Postgres' protocol. Values stay strings, as Postgres writes them. For a prepared statement, Postgres
// is asked for the columns only once per connection; pg's own Query asks each time.

import type pg from 'pg';

export interface ReadStatement {
  /** A name for the statement; equal strings have equal names. */
  readonly name: string;
  readonly text: string;
  /** Whether the statement runs often enough to be prepared. */
  readonly isFrequent: boolean;
}

export interface ReadResult {
  readonly names: readonly string[];
  /** Values in Postgres' text format. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Thrown if the result exceeds the maximum size of an answer. */
export class TooLargeError extends Error {}

/** The columns of the statements that a connection has prepared, by their names. */
export type Prepared = Map<string, readonly string[]>;

export interface Reading {
  readonly statement: ReadStatement;
  readonly values: readonly unknown[];
  readonly mostBytes: number;
  /** How long to wait for a result, in case the server does not even report a statement's timeout. */
  readonly patienceMs: number;
}

/** Rejects with TooLargeError, or the error of Postgres or the connection. After other errors, the connection must be closed. */
export function runOn(client: pg.ClientBase, prepared: Prepared, reading: Reading): Promise<ReadResult> {
  return new Promise((resolve, reject) => {
    client.query(new ReadQuery(prepared, reading, resolve, reject));
  });
}

/** Reads row by row, so an oversized result is never held in memory as a whole. The methods are those that pg calls. */
class ReadQuery implements pg.Submittable {
  readonly #prepared: Prepared;
  readonly #reading: Reading;
  readonly #resolve: (result: ReadResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #rows: (readonly (string | null)[])[] = [];
  #names: readonly string[] | undefined;
  #bytes = 0;

  constructor(prepared: Prepared, reading: Reading, resolve: (result: ReadResult) => void, reject: (error: Error) => void) {
    const { patienceMs } = reading;
    this.#prepared = prepared;
    this.#reading = reading;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  }

  submit(connection: pg.Connection): void {
    const { statement, values } = this.#reading;
    this.#names = this.#prepared.get(statement.name);
    const name = statement.isFrequent || this.#names !== undefined ? statement.name : '';
    // All messages are sent together.
    connection.stream.cork();
    if (this.#names === undefined) {
      // An earlier attempt may have failed after the statement was prepared.
      if (name !== '') connection.close({ type: 'S', name }, true);
      connection.parse({ name, text: statement.text, types: [] }, true);
    }
    connection.bind({ statement: name, values: values.map(textOf) }, true);
    if (this.#names === undefined) connection.describe({ type: 'P' }, true);
    connection.execute(null, true);
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly name: string }[] }): void {
    this.#names = fields.map(({ name }) => name);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    for (const text of fields) if (text !== null) this.#bytes += text.length;
    if (this.#bytes <= this.#reading.mostBytes) this.#rows.push(fields);
    else this.handleError(new TooLargeError());
  }

  handleCommandComplete(): void {
    const { name, isFrequent } = this.#reading.statement;
    if (isFrequent && this.#names !== undefined) this.#prepared.set(name, this.#names);
  }

  handleError(error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(error);
  }

  /** After an error, the promise is already settled. */
  handleReadyForQuery(): void {
    clearTimeout(this.#timer);
    this.#resolve({ names: this.#names ?? [], rows: this.#rows });
  }
}

/** A parameter in Postgres' text format. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value)) return String(value);
  return `{${value.map((item) => (typeof item === 'number' ? String(item) : `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`)).join()}}`;
}
