// The context that a request carries from policy to policy, and the types of policies, endpoints and answers.

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import type { CredentialKind, ProfilePolicy } from '../db/credentials.ts';
import type { Database } from '../db/database.ts';
import type { GatewayError } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import { withoutCredentials } from '../redact/texts.ts';

/** The caller, once its credential was accepted. */
export interface Principal {
  /** The kind of the credential. A token has the kind of the credential it was issued for. */
  readonly kind: CredentialKind;
  readonly credentialId: number;
  readonly credentialName: string;
  readonly userId: number;
  readonly login: string;
  readonly userName: string;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
  /** The end of the key or client itself. A token issued for it may end earlier. */
  readonly credentialExpiresAtMs: number | null;
  /** Whether the caller showed the key itself, not a token or the old secret of a rotated key. */
  readonly isKeyItself: boolean;
  readonly grant: Grant;
  /** The rules of the credential's or its user's profile. */
  readonly policy: ProfilePolicy;
  /** The credential's own list of addresses, on top of its profile's; empty: any. */
  readonly ips: readonly string[];
  /** The subject of the limits: `user:6`, `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`. */
  readonly subject: string;
  /** The consumer in the figures: `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`, `login:6`. */
  readonly consumer: string;
  /** The only company that the caller works in, chosen by a user for an app; null: all companies of its user. */
  readonly companyId: number | null;
  /** The address that its token is valid for, with all paths below (RFC 8707); null: the whole gateway. */
  readonly resource: string | null;
}

/** A credential that a body carried, with whom it is said to be. */
export interface BodyCredential {
  readonly secret: string;
  readonly login?: string;
  readonly uid?: number;
}

/** The scopes and models of a credential, on top of the user's rights in Odoo; null narrows nothing. */
export interface Grant {
  readonly scopes: readonly string[] | null;
  readonly models: readonly string[] | null;
}

/** The kind of an operation: a scope allows it, and the limits charge it. */
export type Action = 'read' | 'write' | 'delete' | 'call';

export interface ScopeNeed {
  /** One of these must be allowed. */
  readonly actions: readonly Action[];
  readonly model: string;
  /** The resource through which the model is reached: `products_read` is then as good as `product.template:read`. */
  readonly resource?: string;
}

/**
 * `internal`: only the policy for the client's address, for health checks and metrics. `anonymous`: all policies that need no
 * caller. `authenticated`: all policies. `optional`: like `authenticated` if the caller presents a credential, else like
 * `anonymous`.
 */
type Access = 'internal' | 'anonymous' | 'authenticated' | 'optional';

/** The policies that apply to a request. `preflight`: a browser's CORS preflight, which is never charged, limited or blocked. */
export type Way = Exclude<Access, 'optional'> | 'preflight';

/** One of the `steps`: returns to let a request pass, throws a GatewayError to refuse it. */
export interface Policy {
  readonly appliesTo: readonly Way[];
  /** Returns undefined instead of a promise if there is nothing to wait for, so that warm requests never leave the tick. */
  check(context: RequestContext, way: Way): undefined | Promise<void>;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  /** The media type of a body that is a string or bytes, and is sent unchanged. */
  readonly type?: string;
  /** Sent instead of a body, one text after the other, as fast as the client reads. Needs `type`. */
  readonly pieces?: AsyncIterable<string>;
  /** The compression of a body of bytes. */
  readonly encoding?: 'br';
  /** `Cache-Control`; by default `no-store`. */
  readonly cache?: string;
  /** Name and value in turn. */
  readonly headers?: readonly string[];
  /** Paths of the gateway with their queries, sent as whole addresses in `Link` and `Location`. */
  readonly next?: string | undefined;
  readonly location?: string | undefined;
}

/** The model and method in Odoo, known once a request has come that far. */
export interface Target {
  readonly model: string | undefined;
  readonly method: string | undefined;
  readonly operation: Action;
  /** The number of operations in the request. */
  readonly operations: number;
}

export interface Asked {
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether records without named fields show only the fields of a list. */
  readonly brief?: boolean;
  /** Odoo takes nothing for granted, not even the user's language: as its own protocols do. */
  readonly bare?: boolean;
  /** The content that an `Idempotency-Key` stands for, if not the request's own body. */
  readonly body?: unknown;
}

/** Odoo's report about a dry run, beside its results (executor/dry_run.py). */
export interface DryRunReport {
  /** E-mails that the real run would queue. */
  readonly mails: number;
  /** Whether code tried to reach another system and continued without it. */
  readonly outside: boolean;
  /** If requested: the raw changes of up to 20 records. `before` null: a new record; `after` null: it would be deleted. */
  readonly differences?: readonly Difference[];
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
  /** The kind of operation for the limits; by default by the HTTP method. A function is called before and after the body. */
  readonly kind?: Action | ((context: RequestContext) => Action);
  /** For endpoints with several operations: the number in the body. The limits count each of them. */
  readonly operations?: (context: RequestContext) => number;
  /** Without a caller: the limit by address; by default `anonymous`. */
  readonly limitedAs?: 'login' | 'token';
  /**
   * The scopes that the path needs; undefined: no scope. Endpoints that find them in the body call `requireScope` themselves.
   */
  readonly needs?: (context: RequestContext) => ScopeNeed | undefined;
  /**
   * `text`: errors answer `{"success": false, "error": "…"}`; `oauth`: the form of RFC 6749, section 5.2; `rpc`: the form of
   * JSON-RPC 2.0; by default the envelope.
   */
  readonly errors?: 'text' | 'oauth' | 'rpc' | ((context: RequestContext, error: GatewayError) => Answer);
  /** For an endpoint without a caller that accepts a body: its kind. At most 16 KiB. */
  readonly smallBody?: 'json' | 'form or json';
  /** One of Odoo's own protocols, whose use is counted: traffic/protocol_uses.ts. */
  readonly protocol?: 'xmlrpc' | 'xmlrpc.2' | 'jsonrpc' | 'json2';
  /** Whether it is logged at every level. Set for steps that would otherwise leave no trace. */
  readonly isAlwaysLogged?: boolean;
  /**
   * For protocols that carry the credential in the body, of any form: gives what becomes `context.body`, and leaves the credential
   * in `context.caller`. With `access: 'optional'`, a body without one has no caller.
   */
  readonly readBody?: (context: RequestContext, bytes: Buffer, weigh: (size: number) => void) => unknown;
  /** With `readBody`: throws before a body is read, if the endpoint is switched off. */
  readonly requireServed?: (context: RequestContext) => void;
  handle(context: RequestContext): Answer | Promise<Answer>;
}

/** An endpoint with its path in express. Longer literal paths come first. */
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
  /** On the monotonic clock, for durations. */
  readonly startedAt = performance.now();
  /**
   * Milliseconds that the request only waited for changes, as its caller asked. They count neither in its time nor in its
   * deadline.
   */
  idleMs = 0;
  /** The client's address, from `pipeline/address.ts`. */
  address = '';
  /** The parsed JSON body; undefined if there was none. */
  body: unknown = undefined;
  /** Who the body says is calling; the step `authenticate` takes it. */
  caller: BodyCredential | undefined = undefined;
  /** If only the credential of the body was parsed: parses the rest, which becomes `body`, for a caller that may call. */
  finishBody: (() => Promise<unknown>) | undefined = undefined;
  /** Extra headers of the answer, name and value in turn. */
  readonly headers: string[] = [];
  cacheControl = 'no-store';
  /**
   * The input of the executor and collections: the request's own path and headers, or their equivalent for a tool's arguments.
   */
  asked: Asked;
  /** Overrides path and status in figures and log: `/mcp search_records`, refused. */
  countedAs: { route?: string; status?: number } = {};
  /** A name for a refused credential and its network. It reveals nothing about the credential. */
  presented: string | undefined = undefined;
  /** Set if the gateway itself has blocked the address. Only verified callers then pass. */
  blocked: GatewayError | undefined = undefined;
  /** Headers about the caller's limits, name and value in turn. */
  limitHeaders: readonly string[] = [];

  /** The languages that Odoo read and wrote in, in the form of RFC 5646. */
  languages: readonly string[] = [];

  /** Milliseconds, for Server-Timing and the log. */
  readonly timings = { auth: 0, throttle: 0, queue: 0, odoo: 0, orm: 0, sql: 0, shape: 0 };
  target: Target | undefined = undefined;
  /** Set before Odoo is asked: the request's writes are carried out, shown and rolled back. */
  dryRun: { readonly differences: boolean } | undefined = undefined;
  /** Set before Odoo is asked: the request's writes notify nobody. */
  isQuiet = false;
  /** Set before Odoo is asked: the request is refused if it creates, changes and deletes more records than this. */
  maxAffected: number | undefined = undefined;
  /** The report of the dry run. */
  dryRunReport: DryRunReport | undefined = undefined;
  /** Odoo's costs for the request's operations. */
  sqlCount = 0;
  retries = 0;
  /** The way of a read of records: `compiled`, or `odoo:` and the reason. */
  way: string | undefined = undefined;
  /** The field or model of that reason. */
  wayDetail = '';
  /** The client holds its body back until it gets `100 Continue` or another answer (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  /** The size of the body, as far as it was read. */
  bytesIn = 0;
  /** Set after the answer was sent. */
  status = 0;
  bytesOut = 0;
  answered: unknown = undefined;
  /** Name and value in turn. */
  sentHeaders: readonly string[] = [];
  /** The reason why the request was refused or failed. */
  error: Error | undefined = undefined;

  /** Checks the credential again, before a long answer goes on. Rejects if it was revoked or narrowed meanwhile. */
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
    this.requestId = isAcceptable ? given : randomUUID(); // it is in every log, Odoo's too
  }

  /** Milliseconds since it came, without those that it only waited for changes. */
  get spentMs(): number {
    return performance.now() - this.startedAt - this.idleMs;
  }

  /** Aborted when the caller has left, for work that ends with it. */
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

  /** The party whose bodies and answers are counted together: the user in its database with all keys, or the subscriber. */
  get holder(): string {
    const { database, principal } = this.known;
    if (database === undefined || principal === undefined) return subscriberOf(this.address);
    return `${database.name}/user:${principal.userId}`;
  }

  /** For records of requests that were refused before these were known. */
  get known(): { readonly database: Database | undefined; readonly principal: Principal | undefined } {
    return { database: this.#database, principal: this.#principal };
  }
}
