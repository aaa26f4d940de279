// A request's context, which is passed from policy to policy, and the types of policies, endpoints and answers.

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import type { CredentialKind, ProfilePolicy } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import type { Used } from '../db/used.ts';
import type { GatewayError } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import { withoutCredentials } from '../redact/texts.ts';

/** The caller, once its credential has been accepted. */
export interface Principal {
  /** The kind of the credential. A token has the kind of the credential for which it was issued. */
  readonly kind: CredentialKind;
  readonly credentialId: number;
  readonly credentialName: string;
  readonly userId: number;
  readonly login: string;
  readonly userName: string;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
  /** The expiry of the key or client itself. A token issued for it may expire earlier. */
  readonly credentialExpiresAtMs: number | null;
  /** Whether the caller sent the key itself, not a token or the old secret of a rotated key. */
  readonly isKeyItself: boolean;
  readonly grant: Grant;
  /** The rules of the credential's or its user's profile. */
  readonly policy: ProfilePolicy;
  /** The credential's own list of addresses, in addition to its profile's list; empty: any address is allowed. */
  readonly ips: readonly string[];
  /** The subject for the limits: `user:6`, `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`. */
  readonly subject: string;
  /** The consumer for the figures: `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`, `login:6`. */
  readonly consumer: string;
  /** The only company in which the caller works, chosen by a user for an app; null: all companies of its user. */
  readonly companyId: number | null;
  /** The URL for which the caller's token is valid, including all paths below it (RFC 8707); null: the whole gateway. */
  readonly resource: string | null;
}

/** A credential from a body, with the login or uid that was sent with it. */
export interface BodyCredential {
  readonly secret: string;
  readonly login?: string;
  readonly uid?: number;
}

/** The scopes and models of a credential, in addition to the user's rights in Odoo; null means no restriction. */
export interface Grant {
  readonly scopes: readonly string[] | null;
  readonly models: readonly string[] | null;
}

/** The kind of an operation, for scopes and for the limits. */
export type Action = 'read' | 'write' | 'delete' | 'call';

export interface ScopeNeed {
  /** At least one of these actions must be allowed. */
  readonly actions: readonly Action[];
  readonly model: string;
  /** The resource through which the model is reached: a scope `products_read` is then equivalent to `product.template:read`. */
  readonly resource?: string;
}

/**
 * `internal`: only the policy for the client's address, for health checks and metrics. `anonymous`: all policies that need no
 * caller. `authenticated`: all policies. `optional`: like `authenticated` if the request has a credential, otherwise like
 * `anonymous`.
 */
type Access = 'internal' | 'anonymous' | 'authenticated' | 'optional';

/** The policies that apply to a request. `preflight`: a browser's CORS preflight, which is never charged, limited or blocked. */
export type Way = Exclude<Access, 'optional'> | 'preflight';

/** A policy is one of the `steps`. It returns to let a request pass, and throws a GatewayError to refuse it. */
export interface Policy {
  readonly appliesTo: readonly Way[];
  /**
   * Returns undefined instead of a promise if there is nothing to wait for, so that requests with cached data run in a single
   * tick.
   */
  check(context: RequestContext, way: Way): undefined | Promise<void>;
}

export interface Answer {
  readonly status: number;
  /** The body, which is sent as JSON. */
  readonly body: unknown;
  /** The media type of a body that is a string or bytes, and is sent unchanged. */
  readonly type?: string;
  /** Sent instead of a body, one piece after the other, as fast as the client reads. Needs `type`. */
  readonly pieces?: AsyncIterable<string | Uint8Array>;
  /** How many bytes the pieces have together, if that is known. They are then not compressed. */
  readonly length?: number;
  /** The compression of a body of bytes. */
  readonly encoding?: 'br';
  /** `Cache-Control`; by default `no-store`. */
  readonly cache?: string;
  /** Names and values, alternating. */
  readonly headers?: readonly string[];
  /** Paths of the gateway with their queries, sent as absolute URLs in `Link` and `Location`. */
  readonly next?: string | undefined;
  readonly location?: string | undefined;
}

/** The model and method in Odoo, once they are known. */
export interface Target {
  readonly model: string | undefined;
  readonly method: string | undefined;
  readonly operation: Action;
  /** The number of operations in the request. */
  readonly operations: number;
}

/** What a request has used of a model; see `gateway.used`. */
export type Use = Pick<Used, 'model' | 'action' | 'name'>;
/** The type of the field at the end of a path through relations, such as `partner_id.name`; undefined if it is not known. */
export type TypeAt = (model: string, path: string) => string | undefined;

/** What operations use. The same use may appear more than once. */
export interface UsesOf {
  (typeAt: TypeAt): Iterable<Use>;
  /** Whether many requests share this function. Its result is then cached. */
  readonly isShared?: true;
}

export interface Asked {
  /** The path with the query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether records show only the fields of a list if the request names no fields. */
  readonly brief?: boolean;
  /** Whether no defaults apply, not even the user's language, as in Odoo's own protocols. */
  readonly bare?: boolean;
  /** The content to which an `Idempotency-Key` applies, if it is not the request's own body. */
  readonly body?: unknown;
}

/** Odoo's report about a dry run, sent with its results (executor/dry_run.py). */
export interface DryRunReport {
  /** E-mails that the real run would queue. */
  readonly mails: number;
  /** Whether code tried to reach another system and continued without it. */
  readonly outside: boolean;
  /** If requested: the raw changes of up to 20 records. `before` null: a new record; `after` null: it would be deleted. */
  readonly differences?: readonly Difference[];
  /** How many more records are touched than `differences` shows. */
  readonly unseen?: number;
}

interface Difference {
  readonly model: string;
  readonly id: number;
  readonly name: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Endpoint {
  /** The name for figures and the log. */
  readonly name: string;
  readonly access: Access;
  /**
   * The kind of operation for the limits; by default determined by the HTTP method. If it is a function, it is called before
   * and after the body is read.
   */
  readonly kind?: Action | ((context: RequestContext) => Action);
  /** For endpoints with several operations: the number of operations in the body. The limits count each of them. */
  readonly operations?: (context: RequestContext) => number;
  /** For requests without a caller: which limit per address applies; by default `anonymous`. */
  readonly limitedAs?: 'login' | 'token';
  /**
   * The scopes that the path needs; undefined: no scope. Endpoints that learn the scopes from the body call `requireScope`
   * themselves.
   */
  readonly needs?: (context: RequestContext) => ScopeNeed | undefined;
  /**
   * `text`: errors answer `{"success": false, "error": "…"}`; `oauth`: in the format of RFC 6749, section 5.2; `rpc`: in the
   * format of JSON-RPC 2.0; by default in the envelope.
   */
  readonly errors?: 'text' | 'oauth' | 'rpc' | ((context: RequestContext, error: GatewayError) => Answer);
  /** For an endpoint without a caller: the kind of body that it accepts, up to 16 KiB. */
  readonly smallBody?: 'json' | 'form or json';
  /** The protocol, if it is one of Odoo's own, whose use is counted (traffic/protocol_uses.ts). */
  readonly protocol?: 'xmlrpc' | 'xmlrpc.2' | 'jsonrpc' | 'json2';
  /** Whether the request is logged at every level. Set for requests that would otherwise leave no trace. */
  readonly isAlwaysLogged?: boolean;
  /**
   * For protocols whose body contains the credential. Parses the body, returns the value for `context.body`, and stores the
   * credential in `context.caller`. With `access: 'optional'`, a body without a credential has no caller.
   */
  readonly readBody?: (context: RequestContext, bytes: Buffer, weigh: (size: number) => void) => unknown;
  /** With `readBody`: throws before a body is read, if the endpoint is switched off. */
  readonly requireServed?: (context: RequestContext) => void;
  /** The body is a file of any type, in `context.file`. */
  readonly takesFile?: true;
  handle(context: RequestContext): Answer | Promise<Answer>;
}

/** A file that has arrived. It is deleted at the end of its request. */
export interface ReceivedFile {
  readonly bytes: number;
  /** The SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** The file's name as the client sent it, without a path. */
  readonly name: string | undefined;
  /** The media type that the client has sent. */
  readonly type: string | undefined;
  /** The file's content from its beginning. Each piece is valid until the next one is requested. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** An endpoint with its path in express. */
export interface Route extends Endpoint {
  readonly method: Method;
  readonly path: string;
}

/** Called once for each answered request, to count and log it. Must not throw or wait. */
export type Recorder = (context: RequestContext) => void;

const acceptableRequestId = /^[A-Za-z0-9._-]{1,64}$/;

const nobodyToAuthenticate = async () => undefined;

export class RequestContext {
  readonly request: Request;
  readonly response: Response;
  readonly endpoint: Endpoint;
  readonly requestId: string;
  /** The time of arrival on the monotonic clock, for durations. */
  readonly startedAt = performance.now();
  /**
   * Milliseconds that the request spent waiting: for changes, for a file to arrive, or for the caller to read a part of a file.
   * They are not included in its duration or its deadline.
   */
  idleMs = 0;
  /** The client's address, from `pipeline/address.ts`. */
  address = '';
  /** The parsed JSON body; undefined if there was none. */
  body: unknown = undefined;
  /** The body of an endpoint that takes a file. */
  file: ReceivedFile | undefined = undefined;
  /** The credential from the body; the step `authenticate` uses it. */
  caller: BodyCredential | undefined = undefined;
  /**
   * Set if only the credential in the body was parsed. Called once the caller is authenticated: parses the rest, and returns the
   * value for `body`.
   */
  finishBody: (() => Promise<unknown>) | undefined = undefined;
  /** Additional headers of the answer: names and values, alternating. */
  readonly headers: string[] = [];
  cacheControl = 'no-store';
  /**
   * What the executor and collections read: the request's own path and headers, or their equivalent for a tool's arguments.
   */
  asked: Asked;
  /**
   * Replaces the path and status in figures and the log, for example with `/mcp search_records` and the status of a refusal.
   */
  countedAs: { route?: string; status?: number } = {};
  /** Identifies a refused credential and its network, without revealing the credential. */
  presented: string | undefined = undefined;
  /** Set if the address is blocked automatically. Only verified callers then pass. */
  blocked: GatewayError | undefined = undefined;
  /** Headers about the caller's limits: names and values, alternating. */
  limitHeaders: readonly string[] = [];

  /** The languages in which Odoo read and wrote, in the format of RFC 5646. */
  languages: readonly string[] = [];

  /** Milliseconds, for Server-Timing and the log. */
  readonly timings = { auth: 0, throttle: 0, queue: 0, odoo: 0, orm: 0, sql: 0, shape: 0 };
  target: Target | undefined = undefined;
  /** What its operations use, computed by the recorder. */
  readonly uses: UsesOf[] = [];
  /** Set before Odoo is asked: the request's writes are executed, shown and rolled back. */
  dryRun: { readonly differences: boolean } | undefined = undefined;
  /** Set before Odoo is asked: nobody is notified of the request's writes. */
  isQuiet = false;
  /** Set before Odoo is asked: the request is refused if it creates, changes and deletes more records than this. */
  maxAffected: number | undefined = undefined;
  /** The report of the dry run. */
  dryRunReport: DryRunReport | undefined = undefined;
  /** What the request's operations cost in Odoo. */
  sqlCount = 0;
  retries = 0;
  /** How a read of records was answered: `compiled`, or `odoo:` and the reason. */
  way: string | undefined = undefined;
  /** The field or model of that reason. */
  wayDetail = '';
  /** The client does not send its body until it gets `100 Continue` or another answer (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  /** The size of the body, as far as it was read. */
  bytesIn = 0;
  /** The status of the answer, set after it was sent. */
  status = 0;
  bytesOut = 0;
  answered: unknown = undefined;
  /** Names and values, alternating. */
  sentHeaders: readonly string[] = [];
  /** The reason why the request was refused or failed. */
  error: Error | undefined = undefined;

  /** Checks the credential again before a long answer continues. Rejects if it was revoked or restricted meanwhile. */
  authenticateAgain: () => Promise<void> = nobodyToAuthenticate;

  #database: Database | undefined;
  #principal: Principal | undefined;
  #left: AbortController | undefined;

  constructor(request: Request, response: Response, endpoint: Endpoint) {
    this.request = request;
    this.response = response;
    this.endpoint = endpoint;
    this.asked = request;
    const { expect } = request.headers;
    this.awaitsContinue = expect !== undefined && /(?:^|\W)100-continue(?:$|\W)/i.test(expect) && request.httpVersion === '1.1';
    const given = request.headers['x-request-id'];
    const isAcceptable = typeof given === 'string' && acceptableRequestId.test(given) && withoutCredentials(given) === given;
    this.requestId = isAcceptable ? given : randomUUID(); // it appears in every log, including Odoo's
  }

  /** Milliseconds since the request arrived, without `idleMs`. */
  get spentMs(): number {
    return performance.now() - this.startedAt - this.idleMs;
  }

  /** Calls a function once when the answer was sent or the caller has disconnected, even if that has already happened. */
  whenOver(end: () => void): void {
    if (this.response.destroyed || this.response.closed) end();
    else this.response.once('close', end);
  }

  /** Aborted when the caller disconnects, for work that should then stop. */
  get left(): AbortSignal {
    if (this.#left === undefined) {
      const left = new AbortController();
      if (this.response.destroyed) left.abort();
      else this.response.once('close', () => left.abort());
      this.#left = left;
    }
    return this.#left.signal;
  }

  sayContinue(): void {
    this.response.writeContinue();
    this.awaitsContinue = false;
  }

  get database(): Database {
    if (this.#database === undefined) throw new Error(`${this.endpoint.name}: no policy has chosen a database`);
    return this.#database;
  }

  set database(database: Database) {
    this.#database = database;
  }

  get principal(): Principal {
    if (this.#principal === undefined) throw new Error(`${this.endpoint.name}: no policy has authenticated a caller`);
    return this.#principal;
  }

  set principal(principal: Principal) {
    this.#principal = principal;
  }

  /** The party whose bodies and answers are counted together: a user of a database with all its keys, or the subscriber. */
  get holder(): string {
    const { database, principal } = this.known;
    if (database === undefined || principal === undefined) return subscriberOf(this.address);
    return `${database.name}/user:${principal.userId}`;
  }

  /** The database and the caller, as far as known, for log rows of requests that were refused early. */
  get known(): { readonly database: Database | undefined; readonly principal: Principal | undefined } {
    return { database: this.#database, principal: this.#principal };
  }
}
