// Connections to one database, and the classification of their errors.

import pg from 'pg';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';

/** A prepared statement. Postgres stores its plan per connection under the name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** The longest wait for the answer, in milliseconds; by default the pool's limit. */
  readonly timeoutMs?: number;
}

/** The interface through which the functions of this folder run queries. */
export interface Queryable {
  query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
}

const statementTimeoutMs = 5_000;

// Odoo's times and ours are `timestamp` in UTC; pg would read them in this machine's time zone.
const timestampOid = 1114;
const bigintOid = 20;
const types = new pg.TypeOverrides();
types.setTypeParser(timestampOid, (text: string) => new Date(`${text.replace(' ', 'T')}Z`));
// Ids and counters of this product stay far below 2^53.
types.setTypeParser(bigintOid, Number);

export class ConnectionPool implements Queryable {
  readonly #connect: () => pg.Pool;
  #pool: pg.Pool;

  constructor(url: string, size: number, log: Log) {
    this.#connect = () => connect(url, size, log);
    this.#pool = this.#connect();
  }

  async query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const { name, text, timeoutMs } = statement;
    try {
      const query = { name, text, values: values as unknown[], ...(timeoutMs && { query_timeout: timeoutMs }) };
      return (await this.#pool.query<Row>(query)).rows;
    } catch (error) {
      throw asQueryError(error);
    }
  }

  /**
   * Closes all connections. A connection that a firewall has dropped looks alive, and a query would wait on it for the whole
   * timeout.
   */
  renew(): void {
    const left = this.#pool;
    this.#pool = this.#connect();
    left.end().catch(() => {}); // connections in use close after their query
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

function connect(url: string, size: number, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    types,
    application_name: 'api-gateway',
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // These options are set in the startup packet instead of with SET: this costs no round trip, and leaves no session state
    // that a pooler could mix up.
    options: `-c timezone=UTC -c statement_timeout=${statementTimeoutMs}`,
    // A longer limit on this side, in case the server does not even report its timeout. pg-pool closes the connection of a
    // failed query.
    query_timeout: statementTimeoutMs + 1_000,
  });
  // Without these two handlers, a connection that Postgres closes would end the process: errors of idle clients are emitted by
  // the pool, those of a checked-out client by the client.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle connection to Postgres was lost'));
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ reason: error.message }, 'a connection to Postgres was lost'));
  });
  return pool;
}

/** Codes for: connection lost, refused, out of resources, shutting down, starting up, cancelled by a timeout. */
const unavailable = /^(08|53|57)/;
/** Codes for: no such database or schema, wrong password, no such function or table, no right to it. */
const notPrepared = /^(3D000|3F000|28|42883|42P01|42501)/;

/** The error that the caller gets for a failed query; its cause is logged. */
function asQueryError(error: unknown): GatewayError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (!(error instanceof pg.DatabaseError)) return new GatewayError('database.unavailable', { cause: error });
  if (code !== undefined && unavailable.test(code)) return new GatewayError('database.unavailable', { cause: error });
  if (code !== undefined && notPrepared.test(code)) return new GatewayError('database.not_prepared', { cause: error });
  return new GatewayError('internal.error', { cause: error });
}
