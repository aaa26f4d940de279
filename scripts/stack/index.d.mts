/** The stack as a library. Steps are told on stderr; a failed one throws with `hint`, `log` and `tail`. */

export interface Keys {
  /** Odoo's administrator. */
  readonly admin: string;
  /** `demo_api`: exactly the group `base.group_user`. */
  readonly demo: string;
  /** `bench_api`: the groups of the administrator, no limits. */
  readonly bench: string;
}

export interface Login {
  readonly login: string;
  readonly password: string;
}

/** What a program needs to use an instance. */
export interface Instance {
  readonly gatewayUrl: string;
  readonly odooUrl: string;
  /** As the role that owns the database. */
  readonly databaseUrl: string;
  readonly database: string;
  readonly admin: Login;
  readonly keys: Keys;
}

export interface RunningProcess {
  readonly url: string;
  /** Also the id of its process group. */
  readonly pid: number;
  /** Path of the file with all it printed. */
  readonly log: string;
  readonly exited: Promise<void>;
  /** Asks it to end; kills it when it has not after 20 s. */
  stop(): Promise<void>;
  /** Sends a signal to it and its children; nothing when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

export interface RunningOdoo extends RunningProcess {
  /** Where the WebSocket is served. */
  readonly geventUrl: string;
}

export interface Database {
  readonly name: string;
  /** As Odoo's role: owner of the database, no superuser. */
  readonly ownerUrl: string;
  /** null on a server that DATABASE_URL names. */
  readonly superuserUrl: string | null;
  /** As the sidecar's role, with the rights that `gateway.grant_to` gives. */
  readonly sidecarUrl: string;
  readonly admin: Login;
  readonly keys: Keys;
}

export interface Odoo {
  readonly version: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly addonsPaths: readonly string[];
}

export interface Cluster {
  /** Role that owns the databases; database `postgres`. */
  readonly ownerUrl: string;
  readonly ownerRole: string;
  readonly superuserUrl: string | null;
  readonly sidecarRole: string;
  readonly sidecarPassword: string;
  readonly templatePrefix: string;
  readonly own: boolean;
}

export type PackageGroup = 'odoo' | 'postgres' | 'postgresClient' | 'browser' | 'bench' | 'proxy' | 'python';

export interface OdooOptions {
  /** The databases it serves; without `X-Odoo-Database`, one database is chosen by itself. */
  readonly databases: readonly string[];
  /** A free one by default. */
  readonly httpPort?: number | undefined;
  /** A free one by default. */
  readonly geventPort?: number | undefined;
  /** 2 by default; 0: one process with threads. */
  readonly workers?: number | undefined;
  readonly logFile?: string | undefined;
  readonly extraArgs?: readonly string[] | undefined;
  /** Unique in the stack; by default the kind and the port. */
  readonly name?: string | undefined;
  /** True: survives this process, until `npm run stack -- down`. */
  readonly background?: boolean | undefined;
}

export interface SidecarOptions {
  /** The first database it serves: `Database.sidecarUrl`. */
  readonly databaseUrl: string;
  /** Names of all databases that it serves; by default the one above. */
  readonly databases?: readonly string[] | undefined;
  readonly odooUrl: string;
  /** A free one by default. */
  readonly port?: number | undefined;
  /** How many workers that Odoo has; 2 by default. */
  readonly odooWorkers?: number | undefined;
  /** Further `GATEWAY_…` settings. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly logFile?: string | undefined;
  readonly name?: string | undefined;
  readonly background?: boolean | undefined;
}

/** Installs Debian packages that are missing; by default what an instance needs. */
export function ensureSystem(groups?: readonly PackageGroup[]): Promise<void>;
/** `npm ci`, unless exactly the locked packages are there. */
export function ensureNpmPackages(): Promise<void>;
/** Builds the web client into the addon. */
export function ensureWebClient(): Promise<void>;
export function ensureOdoo(): Promise<Odoo>;
/** anyPort: when the standard port is busy, take a free one instead of failing. */
export function ensureCluster(options?: { readonly anyPort?: boolean }): Promise<Cluster>;
export function ensureParts(): Promise<{ readonly odoo: Odoo; readonly cluster: Cluster }>;
/** The name of the template with Odoo, apps, demo data and the addon as it is in the work tree. */
export function ensureTemplate(): Promise<string>;

/** Clones the template (half a second) as a database with an identity of its own; replaces one that a killed run left. */
export function createDatabase(name: string): Promise<Database>;
export function dropDatabase(name: string): Promise<void>;
/** Ends with this process, or when the next run finds it orphaned. */
export function startOdoo(options: OdooOptions): Promise<RunningOdoo>;
/** Ends with this process, or when the next run finds it orphaned. */
export function startSidecar(options: SidecarOptions): Promise<RunningProcess>;

/** The port on which this clone's cluster answers, or null. */
export function clusterPort(): Promise<number | null>;
/** immediately: as a crash would. */
export function stopCluster(options?: { readonly immediately?: boolean }): Promise<void>;
/** Rows as psql prints them: columns separated by |. Values: :'name', identifiers: :"name". */
export function sql(url: string, text: string, values?: Readonly<Record<string, string>>): Promise<string>;
export function withDatabase(url: string, database: string): string;
export function freePort(): Promise<number>;
/** The Node that runs the sidecar. */
export function nodeBin(): string;

/** What `npm start` (background: false) and `npm run stack -- up` do. */
export function bringUp(options: {
  readonly background: boolean;
}): Promise<{ readonly instance: Instance; readonly started: readonly RunningProcess[] }>;
export function takeDown(): Promise<void>;
export function wipe(): Promise<void>;
export function inspectInstance(): Promise<
  { readonly running: boolean; readonly postgres: string; readonly odoo: string; readonly sidecar: string } & Partial<Instance>
>;
