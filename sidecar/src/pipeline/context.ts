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
  /** What the caller holds; a token has the kind of what it was issued for. */
  readonly kind: CredentialKind;
  readonly credentialId: number;
  readonly credentialName: string;
  readonly userId: number;
  readonly login: string;
  readonly userName: string;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
  /** Of the key or client itself; a token issued for it may end earlier. */
  readonly credentialExpiresAtMs: number | null;
  /** Whether it showed the key itself: no token, and no secret that a rotation has left for a while. */
  readonly isKeyItself: boolean;
  readonly grant: Grant;
  /** What the credential's or its user's profile prescribes. */
  readonly policy: ProfilePolicy;
  /** The credential's own list of addresses, on top of its profile's; empty: any. */
  readonly ips: readonly string[];
  /** Under what the limits count: `user:6`, `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`. */
  readonly subject: string;
  /** Under what the figures are kept: `odoo_key:12`, `gateway_key:4`, `client:3`, `app:5`, `login:6`. */
  readonly consumer: string;
  /** The one company that the caller works in, which a user chose for an app; null: any of its user's. */
  readonly companyId: number | null;
  /** The address that its token is for, with everything below it (RFC 8707); null: the whole gateway. */
  readonly resource: string | null;
}

/** The scopes and models of a credential, on top of the user's rights in Odoo; null narrows nothing. */
export interface Grant {
  readonly scopes: readonly string[] | null;
  readonly models: readonly string[] | null;
}

/** What a scope allows. */
export type Action = OperationKind;

export interface ScopeNeed {
  /** One of them has to be allowed. */
  readonly actions: readonly Action[];
  readonly model: string;
  /** The resource under whose name the model is asked for: `products_read` then does as well as `product.template:read`. */
  readonly resource?: string;
}

/**
 * `internal`: no policy but the client's address, for health checks and metrics. `anonymous`: all that need no caller.
 * `authenticated`: all of them. `optional`: as `authenticated` if the caller presents a credential, else as `anonymous`.
 */
type Access = 'internal' | 'anonymous' | 'authenticated' | 'optional';

/** Which policies a request meets. `preflight`: what a browser asks before it calls; never charged, limited or blocked. */
export type Way = Exclude<Access, 'optional'> | 'preflight';

/** One of the `steps`: returns to let a request pass, throws a GatewayError to refuse it. */
export interface Policy {
  readonly appliesTo: readonly Way[];
  /** Undefined rather than a promise when nothing has to be waited for: warm requests then never leave the tick. */
  check(context: RequestContext, way: Way): undefined | Promise<void>;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  /** Media type of a body that is a string, or bytes, and sent as it is. */
  readonly type?: string;
  /** Instead of a body: texts that are sent one after the other, as fast as the client takes them. Needs `type`. */
  readonly pieces?: AsyncIterable<string>;
  /** How a body of bytes is compressed already. */
  readonly encoding?: 'br';
  /** `Cache-Control`; `no-store` when nothing is said. */
  readonly cache?: string;
  /** Name and value in turn. */
  readonly headers?: readonly string[];
  /** Paths of the gateway with their queries, sent as whole addresses in `Link` and `Location`. */
  readonly next?: string | undefined;
  readonly location?: string | undefined;
}

export type OperationKind = 'read' | 'write' | 'delete' | 'call';

/** What Odoo was asked for: known once a request has come that far. */
export interface Target {
  readonly model: string | undefined;
  readonly method: string | undefined;
  readonly operation: OperationKind;
  /** How many operations the request stands for. */
  readonly operations: number;
}

export interface Asked {
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of records whose fields nobody names: only those that a list of them would show. */
  readonly brief?: boolean;
  /** What an `Idempotency-Key` stands for, if not for the request's own body. */
  readonly body?: unknown;
}

/** Odoo's report about a dry run, beside its results (executor/dry_run.py). */
export interface DryRunReport {
  /** E-mails that the real run would queue. */
  readonly mails: number;
  /** Whether something tried to reach another system, and went on without. */
  readonly outside: boolean;
  /** If asked for: of up to 20 records what would change, raw. `before` null: it is new; `after` null: it would be gone. */
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
  /** Under which requests are counted and logged. */
  readonly name: string;
  readonly access: Access;
  /** The kind it is charged as; by default, that of its HTTP method. A function is asked before and after the body. */
  readonly kind?: OperationKind | ((context: RequestContext) => OperationKind);
  /** For endpoints that take several operations at once: how many the body holds. The limits count each of them. */
  readonly operations?: (context: RequestContext) => number;
  /** Without a caller: the limit by address that applies; `anonymous` by default. */
  readonly limitedAs?: 'login' | 'token';
  /**
   * What the caller's scopes must allow, as far as the path tells; nothing said: no scope is needed. Endpoints that learn
   * it from the body call `requireScope` themselves.
   */
  readonly needs?: (context: RequestContext) => ScopeNeed | undefined;
  /**
   * `text`: errors answer `{"success": false, "error": "…"}`; `oauth`: as RFC 6749, section 5.2, says; `rpc`: as JSON-RPC
   * 2.0 says; otherwise in the envelope.
   */
  readonly errors?: 'text' | 'oauth' | 'rpc';
  /** An endpoint without a caller that takes a body nevertheless: 16 KiB at most, of this kind. */
  readonly smallBody?: 'json' | 'form or json';
  /** In the log at every level, for steps that nobody could follow otherwise. */
  readonly isAlwaysLogged?: boolean;
  handle(context: RequestContext): Answer | Promise<Answer>;
}

/** An endpoint with its place: a path of express, the longer literal first. */
export interface Route extends Endpoint {
  readonly method: Method;
  readonly path: string;
}

/** Called once for each answered request: to count and to log. Must not throw, must not wait. */
export type Recorder = (context: RequestContext) => void;

const acceptableRequestId = /^[A-Za-z0-9._-]{1,64}$/;

export class RequestContext {
  readonly request: Request;
  readonly response: Response;
  readonly endpoint: Endpoint;
  readonly requestId: string;
  /** On the monotonic clock, for durations. */
  readonly startedAt = performance.now();
  /** Milliseconds in which the request only waited for news, as its caller asked: no part of its time, nor of its deadline. */
  idleMs = 0;
  /** The client's, as `pipeline/address.ts` found it. */
  address = '';
  /** The parsed JSON body, undefined when there was none. */
  body: unknown = undefined;
  /** Extra headers of the answer, name and value in turn. */
  readonly headers: string[] = [];
  cacheControl = 'no-store';
  /** What the executor and collections go by: the request's own address and headers, or what a tool's arguments stand for. */
  asked: Asked;
  /** For the record, where a request is more than its path and its status say: `/mcp search_records`, refused. */
  countedAs: { route?: string; status?: number } = {};
  /** A name for a credential that was refused and the network that it came from; it reveals nothing about it. */
  presented: string | undefined = undefined;
  /** Set when the gateway itself has blocked the address: only a caller that it can verify passes. */
  blocked: GatewayError | undefined = undefined;
  /** Headers about the caller's limits, name and value in turn. */
  limitHeaders: readonly string[] = [];

  /** The languages that Odoo read and wrote in, as RFC 5646 names them. */
  languages: readonly string[] = [];

  /** Milliseconds, for Server-Timing and the record. */
  readonly timings = { auth: 0, throttle: 0, queue: 0, odoo: 0, orm: 0, sql: 0, shape: 0 };
  target: Target | undefined = undefined;
  /** Set before Odoo is asked: what the request writes is carried out, shown and rolled back. */
  dryRun: { readonly differences: boolean } | undefined = undefined;
  /** What came of it. */
  dryRunReport: DryRunReport | undefined = undefined;
  /** What Odoo reported of the request's operations. */
  sqlCount = 0;
  retries = 0;
  /** Which way a read of records went: `compiled`, or `odoo:` and why. */
  way: string | undefined = undefined;
  /** What that reason is about: a field, a model. */
  wayDetail = '';
  /** The client holds its body back until it gets `100 Continue` or another answer (`Expect: 100-continue`). */
  awaitsContinue: boolean;
  /** Size of the body, as far as it was read. */
  bytesIn = 0;
  /** Set when the answer was sent. */
  status = 0;
  bytesOut = 0;
  answered: unknown = undefined;
  /** Name and value in turn. */
  sentHeaders: readonly string[] = [];
  /** Why the request was refused or failed. */
  error: Error | undefined = undefined;

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
    this.requestId = isAcceptable ? given : randomUUID(); // it stands in every log, Odoo's too
  }

  /** Milliseconds since it came, without those in which it only waited for news. */
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

  /** Whose bodies and answers the request's are counted with: its user's in its database, of all keys, or its subscriber's. */
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
