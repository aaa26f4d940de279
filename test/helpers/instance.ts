// A real instance: a database of its own, cloned from the template with demo data, served by Odoo and a sidecar.
// Test files call useInstance() (use_instance.ts); benches and soaks call createInstance() and close it themselves.
//
//   const answer = await gateway.get('/api/v1/res.partner/3', { key: gateway.keys.demo });
//   answer.status, answer.headers.get('x-request-id'), answer.json.data
//
//   await gateway.orm('res.partner', 'create', { vals_list: [{ name: 'New' }] });   // Odoo itself, as admin
//   await gateway.sql('update … where id = $1', [7]);                               // Postgres, as the databases' owner
//   const second = await gateway.startSidecar();                                    // one more; second.get(…), second.stop()
//
// With `ownOdoo: true`, the instance has an Odoo of its own, which a test may stop: gateway.odoo.stop(), gateway.odoo.start().
// To simulate a lost Postgres, give a sidecar a connection that can be cut: startSidecar({ postgres: await startTcpProxy(port)
// }).

import pg from 'pg';
import { deleteDatabase, sidecarUrl } from '../../scripts/stack/databases.mjs';
import type { Parts } from '../../scripts/stack/odoo.mjs';
import { startOdooServer } from '../../scripts/stack/odoo.mjs';
import { freePort } from '../../scripts/stack/ports.mjs';
import { startSidecar } from '../../scripts/stack/sidecar.mjs';
import { withDatabase } from '../../scripts/stack/sql.mjs';
import { ensureState } from '../../scripts/stack/state.mjs';
import { HttpClient } from './http_client.ts';
import type { Database } from './instance_database.ts';
import { makeDatabase, modelsVersion } from './instance_database.ts';
import type { TcpProxy } from './tcp_proxy.ts';

const workers = 2;

/** The parts from which instances are made. */
export interface Real {
  parts: Parts;
  /** The database that instances are cloned from. */
  template: string;
  /** An Odoo that serves every database; null: each instance has its own. */
  sharedOdooUrl: string | null;
  /** How the names of the instances' databases begin. */
  prefix?: string;
}

export interface InstanceOptions {
  /** Starts an Odoo for this instance only, which the test may stop. */
  ownOdoo?: boolean;
  /** Keeps the limits of a new installation. By default nothing is limited, so that tests may send any number of requests. */
  limits?: boolean;
  /**
   * Shares a database with the other files that set this option, which saves the seconds in which Odoo loads another database. Only
   * for files that change no setting, right, company, language or model, and can tell their own records from those of other files.
   */
  shared?: boolean;
  /** Further GATEWAY_… settings of the first sidecar. */
  env?: Record<string, string>;
}

export interface SidecarOptions {
  env?: Record<string, string>;
  /** The databases that the sidecar serves; only the instance's own by default. */
  databases?: string[];
  /** The proxy to Postgres, if the connection is not direct. */
  postgres?: TcpProxy;
}

type Running = Awaited<ReturnType<typeof startSidecar>>;

/** A sidecar process that tests can send requests to. */
export class Sidecar extends HttpClient {
  readonly pid: number;
  readonly log: string;
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<void>;

  constructor({ url, pid, log, stop, kill, exited }: Running) {
    super(url);
    this.pid = pid;
    this.log = log;
    this.stop = stop;
    this.kill = kill;
    this.exited = exited;
  }
}

/** Requests go to the first sidecar. */
export class Instance extends HttpClient {
  readonly database: string;
  readonly keys: { admin: string; demo: string; bench: string };
  readonly sidecar: Sidecar;
  readonly odoo: OdooProcess;
  readonly #real: Real;
  readonly #pool: pg.Pool;
  readonly #sidecars: Sidecar[];
  readonly #database: Database;

  constructor(real: Real, database: Database, odoo: OdooProcess, sidecar: Sidecar) {
    super(sidecar.url);
    this.#real = real;
    this.database = database.name;
    this.#database = database;
    this.keys = ensureState().keys;
    this.odoo = odoo;
    this.sidecar = sidecar;
    this.#sidecars = [sidecar];
    this.#pool = new pg.Pool({ connectionString: this.databaseUrl, max: 4 });
    this.#pool.on('error', () => {}); // the server ends idle connections when a database is dropped
  }

  /** Connects as the role that owns the database. */
  get databaseUrl(): string {
    return withDatabase(this.#real.parts.cluster.ownerUrl, this.database);
  }

  /** Connects as the role that sidecars use. */
  get sidecarDatabaseUrl(): string {
    return sidecarUrl(this.#real.parts.cluster, this.database);
  }

  async startSidecar(options: SidecarOptions = {}): Promise<Sidecar> {
    const sidecar = await launchSidecar(this.#real, this.database, this.odoo.url, options);
    this.#sidecars.push(sidecar);
    return sidecar;
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#pool.query<Row>(text, values);
    return rows;
  }

  /** Calls a method of Odoo's ORM over Odoo's own HTTP API, as admin unless another key is given. */
  async orm<T>(model: string, method: string, params: Record<string, unknown> = {}, key = this.keys.admin): Promise<T> {
    const headers = { 'X-Odoo-Database': this.database };
    const answer = await new HttpClient(this.odoo.url).post(`/json/2/${model}/${method}`, params, { key, headers });
    if (answer.status !== 200) throw new Error(`${model}.${method}: ${answer.status} ${answer.text.slice(0, 500)}`);
    return answer.json as T;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sidecars.map((sidecar) => sidecar.stop()));
    const stays = await this.#stays();
    await this.#pool.end();
    await this.odoo.close();
    if (!stays) await deleteDatabase(this.#real.parts.cluster, this.database);
  }

  /** Whether the database must be kept, so that no other database gets its name. */
  async #stays(): Promise<boolean> {
    const { use, models } = this.#database;
    if (use !== 'one of its name') return use === 'shared';
    const [now] = await this.sql<{ version: number }>(modelsVersion);
    return now?.version !== models;
  }
}

/** The Odoo that serves an instance: a shared one, or its own. */
export class OdooProcess {
  readonly url: string;
  readonly #launch: (() => Promise<Running>) | null;
  #running: Running | null = null;

  private constructor(url: string, launch: (() => Promise<Running>) | null) {
    this.url = url;
    this.#launch = launch;
  }

  static shared(url: string): OdooProcess {
    return new OdooProcess(url, null);
  }

  static async own(parts: Parts, database: string): Promise<OdooProcess> {
    const [httpPort, geventPort] = [await freePort(), await freePort()];
    const options = { name: `odoo-${database}`, databases: [database], httpPort, geventPort, workers };
    const odoo = new OdooProcess(`http://127.0.0.1:${httpPort}`, () => startOdooServer(parts, options));
    await odoo.start();
    return odoo;
  }

  async start(): Promise<void> {
    if (!this.#launch) throw new Error('The shared Odoo serves others, too: create the instance with { ownOdoo: true }.');
    this.#running = await this.#launch();
  }

  async stop(): Promise<void> {
    if (!this.#launch)
      throw new Error('The shared Odoo also serves other instances: create the instance with { ownOdoo: true }.');
    await this.close();
  }

  /** Ends everything that belongs only to the instance. */
  async close(): Promise<void> {
    await this.#running?.stop();
    this.#running = null;
  }
}

/** Creates an instance: database, Odoo and one sidecar. The caller closes it. */
export async function createInstance(real: Real, options: InstanceOptions = {}): Promise<Instance> {
  const sharedUrl = options.ownOdoo ? null : real.sharedOdooUrl;
  const database = await makeDatabase(real, options, sharedUrl !== null);
  const odoo = sharedUrl ? OdooProcess.shared(sharedUrl) : await OdooProcess.own(real.parts, database.name);
  const sidecar = await launchSidecar(real, database.name, odoo.url, options.env ? { env: options.env } : {});
  return new Instance(real, database, odoo, sidecar);
}

async function launchSidecar(real: Real, database: string, odooUrl: string, options: SidecarOptions): Promise<Sidecar> {
  const databaseUrl = new URL(sidecarUrl(real.parts.cluster, database));
  if (options.postgres) databaseUrl.port = String(options.postgres.port);
  const running = await startSidecar({
    databaseUrl: databaseUrl.href,
    databases: options.databases ?? [database],
    odooUrl,
    odooWorkers: workers,
    env: options.env ?? {},
  });
  return new Sidecar(running);
}
