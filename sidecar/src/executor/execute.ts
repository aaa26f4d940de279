// Executes the operations of one request in Odoo, as the credential's user.

import type { Reason } from '../errors.ts';
import { GatewayError, isReason } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import type { Action, Grant, RequestContext, Target, UsesOf } from '../pipeline/context.ts';
import { contextOf, idempotencyToken } from './caller.ts';
import type { Call, CallError, OdooChannel, Path, Request } from './channel.ts';
import { isWriting } from './exchange.ts';
import type { FileToSend } from './http_post.ts';
import type {
  ClientOperation,
  ContentOperation,
  FilePart,
  LoginResult,
  ModelTypes,
  Operation,
  ReportOperation,
  StoreOperation,
  Written,
} from './operations.ts';
import { asFilePart, asLogin, asTypes, asWritten } from './operations.ts';
import { outcome } from './outcome.ts';
import { noteUses } from './uses.ts';

/** Details from inside Odoo, only for the log, never for the caller. */
class OdooFailure extends Error {
  readonly exception: string;
  readonly traceback: string | undefined;

  constructor(error: CallError) {
    super(`${error.exception ?? 'Odoo'}: ${error.message}`);
    this.name = 'OdooFailure';
    this.exception = error.exception ?? '';
    this.traceback = error.traceback;
  }
}

export type Search = Extract<Operation, { op: 'search' }>;

/** Reads a long list page by page, if possible from one snapshot of the database. */
export interface PageReader {
  /** A raw page of the same list, at another position or with another length. Throws like `Odoo.read`. */
  page(search: Search): Promise<unknown>;
  /** Ends the reading, even while a page is being read. */
  close(): void;
}

/** For calls without a user. */
const nobody = { uid: null, grant: { scopes: null, models: null } };

export class Odoo {
  readonly #channel: OdooChannel;
  readonly #requestTimeoutMs: number;

  constructor(channel: OdooChannel, requestTimeoutMs: number) {
    this.#channel = channel;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** Runs all operations in one READ ONLY transaction. Returns one result per operation. Throws the reasons of the contract. */
  read(context: RequestContext, operations: readonly Operation[], grant = context.principal.grant): Promise<readonly unknown[]> {
    return this.#run('/gateway/read', context, operations, { uid: context.principal.userId, grant });
  }

  /** From now on, the caller's reads show everything committed so far, wherever they run. Odoo itself is never behind. */
  refresh(_context: RequestContext): void {}

  /** @param _first the list's first page. Odoo cannot keep a snapshot, so each page is read in its current state. */
  pages(context: RequestContext, _first: Search, grant = context.principal.grant): Promise<PageReader> {
    return Promise.resolve({
      page: async (search) => (await this.read(context, [search], grant))[0],
      close() {},
    });
  }

  /**
   * The types of models' fields. They are cached for all callers, so the first caller's headers, deadline, queue position and
   * disconnection must not affect them.
   */
  async types(context: RequestContext, models: readonly string[]): Promise<Readonly<Record<string, ModelTypes>>> {
    const { userId: uid, grant } = context.principal;
    const shared = { deadline: Date.now() + this.#requestTimeoutMs, isWanted: () => true, consumer: 'gateway:metadata' };
    const [result] = await this.#run('/gateway/read', context, [{ op: 'types', models }], { uid, grant, context: {} }, shared);
    return asTypes(result);
  }

  /**
   * Runs all operations in one transaction, or none if one fails. Returns one result per operation. A dry run
   * (`context.dryRun`) is rolled back, and sets `context.dryRunReport`. Throws the reasons of the contract.
   */
  execute(
    context: RequestContext,
    operations: readonly Operation[],
    grant = context.principal.grant,
  ): Promise<readonly unknown[]> {
    const uid = context.principal.userId;
    const { dryRun: dry_run, maxAffected: max_affected } = context;
    const once = dry_run === undefined ? { idempotency: idempotencyToken(context) } : { dry_run };
    return this.#run('/gateway/execute', context, operations, { uid, grant, max_affected, ...once });
  }

  /** A part of a file, of at most the operation's `bytes`. Throws `odoo.missing` if there is no file. */
  async content(context: RequestContext, operation: ContentOperation): Promise<FilePart> {
    return asFilePart(await this.#run('/gateway/content', context, [operation]));
  }

  /** Writes a file as the caller, completely or not at all, like `execute`. */
  async store(context: RequestContext, operation: StoreOperation, file: FileToSend): Promise<Written> {
    const once = context.dryRun === undefined ? { idempotency: idempotencyToken(context) } : { dry_run: context.dryRun };
    const caller = { uid: context.principal.userId, grant: context.principal.grant, ...once };
    const [result] = await this.#run('/gateway/file', context, [operation], caller, { file });
    return asWritten(result);
  }

  /** Prints a document. Throws `report.unavailable`, and `odoo.missing` if the user has no such report. */
  async report(context: RequestContext, operation: ReportOperation): Promise<FilePart> {
    return asFilePart(await this.#run('/gateway/file', context, [operation]));
  }

  /** Asks Odoo to check a password as its login page does, for the client's address. */
  async login(context: RequestContext, login: string, password: string): Promise<LoginResult> {
    const [result] = await this.#run('/gateway/execute', context, [{ op: 'login', login, password }], nobody);
    return asLogin(result);
  }

  /** Odoo's version, which is public. */
  async version(context: RequestContext): Promise<unknown> {
    const shared = { deadline: Date.now() + this.#requestTimeoutMs, isWanted: () => true, consumer: 'gateway:version' };
    const [result] = await this.#run('/gateway/read', context, [{ op: 'version' }], { ...nobody, context: {} }, shared);
    return result;
  }

  /**
   * Asks Odoo to compile a read for the principal's user. In the queue, the call counts as one of the gateway's own, because no
   * request waits for it.
   */
  async compile(context: RequestContext, read: Readonly<Record<string, unknown>>, grant: Grant): Promise<unknown> {
    const { result } = await this.#channel.deliver({
      path: '/gateway/read',
      database: context.database,
      call: {
        request_id: context.requestId,
        uid: context.principal.userId,
        address: context.address,
        context: contextOf(context),
        grant,
        operations: [{ op: 'compile', read }],
      },
      consumer: 'gateway:compile',
      deadline: Date.now() + this.#requestTimeoutMs,
      isWanted: () => true,
    });
    if (!result.ok) throw asAnswer(result.error);
    return result.results[0];
  }

  /** Whether the principal's user would need a second factor to log in now. */
  async needsSecondFactor(context: RequestContext): Promise<boolean> {
    const [result] = await this.#run('/gateway/read', context, [{ op: 'second_factor' }]);
    return asLogin(result).mfa;
  }

  async administerClients(context: RequestContext, operation: ClientOperation): Promise<unknown> {
    const [result] = await this.#run('/gateway/execute', context, [operation]);
    return result;
  }

  async #run(
    path: Path,
    context: RequestContext,
    operations: readonly Operation[],
    caller: Partial<Call> & Pick<Call, 'uid' | 'grant'> = { uid: context.principal.userId, grant: context.principal.grant },
    patience: Partial<Pick<Request, 'deadline' | 'isWanted' | 'consumer' | 'file'>> = {},
  ): Promise<readonly unknown[]> {
    const { database, timings } = context;
    const call = {
      request_id: context.requestId,
      address: context.address,
      context: caller.context ?? contextOf(context),
      operations,
      ...caller,
    };
    noteTarget(context, operations);
    const deadline = Math.round(Date.now() - context.spentMs + this.#requestTimeoutMs);
    const isWanted = () => !context.response.destroyed;
    const consumer = context.known.principal?.consumer ?? `address:${subscriberOf(context.address)}`;
    const request = { path, database, call, consumer, deadline, bytes: context.bytesIn, isWanted, ...patience };
    const { result, queueMs, odooMs } = await this.#channel.deliver(request);
    timings.queue += queueMs;
    timings.odoo += odooMs;
    timings.orm += result.ms;
    context.sqlCount += result.sql;
    context.retries += result.retries;
    // Odoo itself reported the error, so it has rolled back.
    const { reason } = result.ok ? {} : result.error;
    if (!result.ok && isWriting(path) && (reason === 'odoo.timeout' || reason === 'database.unavailable')) {
      throw new GatewayError(reason, { ...outcome(false), cause: new OdooFailure(result.error) });
    }
    if (!result.ok) throw asAnswer(result.error);
    if (caller.context === undefined && result.languages !== undefined) context.languages = result.languages;
    if (result.dry_run !== undefined) context.dryRunReport = result.dry_run;
    if (result.replay === true) context.headers.push('Idempotency-Replayed', 'true');
    return result.file === undefined ? result.results : [...result.results, result.file];
  }
}

const kinds: Readonly<Record<string, Action>> = {
  create: 'write',
  write: 'write',
  upsert: 'write',
  write_found: 'write',
  store: 'write',
  unlink: 'delete',
  unlink_found: 'delete',
  call: 'call',
  report: 'call',
};

/**
 * Notes the target of the request for the log, and its uses for `gateway.used`. @param uses the uses of the operations, if they are
 * known
 */
export function noteTarget(context: RequestContext, operations: readonly Operation[], uses?: UsesOf): void {
  context.target ??= targetOf(operations);
  noteUses(context, operations, uses);
}

/** The target for the log; undefined for the gateway's own calls. */
function targetOf(operations: readonly Operation[]): Target | undefined {
  const [first] = operations;
  const model =
    first === undefined ? undefined : 'model' in first ? first.model : first.op === 'describe' ? first.models[0] : undefined;
  if (first === undefined || model === undefined) return undefined;
  return {
    model,
    method: 'method' in first && typeof first.method === 'string' ? first.method : undefined,
    operation: kinds[first.op] ?? 'read',
    operations: operations.length,
  };
}

/** The reasons that the executor may return. */
const ofOdoosEnd =
  /^(?:odoo\.|report\.|auth\.invalid$|scope\.insufficient$|idempotency\.|request\.too_complex$|answer\.too_large$|database\.unavailable$)/;

const withoutDetails: ReadonlySet<Reason> = new Set(['odoo.error', 'odoo.timeout', 'database.unavailable']);

/** Messages of server faults are not shown to callers. The catalogue's text is used instead. */
export function asAnswer(error: CallError): GatewayError {
  const reason = isReason(error.reason) && ofOdoosEnd.test(error.reason) ? error.reason : 'odoo.error';
  const isPublic = !withoutDetails.has(reason) && error.message !== '';
  return new GatewayError(reason, {
    message: isPublic ? error.message : undefined,
    details: isPublic ? error.details : undefined,
    operation: error.operation,
    cause: new OdooFailure(error),
  });
}
