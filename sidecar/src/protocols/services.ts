// The services of Odoo's older protocols: `common` handles logins and the version, `object` calls methods, `db` returns the
// version.

import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { CallOperation } from '../executor/operations.ts';
import { checkMethod, checkModel } from '../executor/target.ts';
import type { Action, RequestContext } from '../pipeline/context.ts';
import type { Metadata } from '../records/metadata.ts';
import type { RpcCall } from './call.ts';
import { canWrite, fieldsNamed, writeRecords } from './records_xml.ts';

/** Odoo's version is cached, because it changes only with an upgrade, which restarts Odoo. */
const versionFor = 60_000;

/**
 * Methods of every model that only read. If a module has changed one of them so that it writes, the executor refuses to run it
 * as a read, and it then runs as a write.
 */
const reading = new Set(
  (
    'check_access_rights check_object_reference context_get default_get export_data fields_get formatted_read_group get_metadata ' +
    'has_access has_group name_search read read_group search search_count search_read web_read web_search_read'
  ).split(' '),
);

/** The format of a result: `json` unchanged, `xmlrpc` as `<params>…</params>`. */
export type Form = 'json' | 'xmlrpc';

export class Services {
  readonly #odoo: Odoo;
  readonly #metadata: Metadata;
  readonly #versions = perDatabase(() => ({ until: 0, value: undefined as Promise<unknown> | undefined }));

  constructor(odoo: Odoo, metadata: Metadata) {
    this.#odoo = odoo;
    this.#metadata = metadata;
  }

  /** The result of a method: `{raw}` must still be formatted, `{written}` is already formatted. */
  async answer(context: RequestContext, call: RpcCall, form: Form): Promise<{ raw: unknown } | { written: unknown }> {
    if (call.service === 'object') {
      const operation = operationOf(context, call, form);
      const records = await this.#recordsAsXml(context, operation);
      if (records !== undefined) return { written: `<params><param>${records}</param></params>` };
      const result = await this.call(context, operation);
      return form === 'json' || operation.form !== undefined ? { written: result } : { raw: result };
    }
    if (call.service === 'common') return { raw: await this.#common(context, call) };
    if (call.service === 'db') return { raw: await this.#database(context, call) };
    throw new GatewayError('body.form', { message: `There is no service ${call.service.slice(0, 100)}.` });
  }

  async call(context: RequestContext, operation: CallOperation): Promise<unknown> {
    context.asked = { url: context.request.url, headers: headersOf(context), bare: true, body: operation };
    if (reading.has(operation.method)) {
      try {
        return (await this.#odoo.read(context, [operation]))[0];
      } catch (error) {
        const mayWrite = error instanceof GatewayError && error.details?.['may_write'] === true;
        if (!mayWrite) throw error;
      }
    }
    return (await this.#odoo.execute(context, [operation]))[0];
  }

  /** The answer to a read if the types of all its fields show how to write their values; undefined for other calls. */
  async #recordsAsXml(context: RequestContext, { form, ...operation }: CallOperation): Promise<string | undefined> {
    const names = form === undefined ? undefined : fieldsNamed(operation);
    if (names === undefined) return undefined;
    // If there is something wrong with the model, the call itself reports it.
    const typesOf = await this.#metadata.typesBehind(context, operation.model, undefined, names).catch(() => undefined);
    const types = typesOf?.(operation.model) ?? {};
    if (!canWrite(types, names)) return undefined;
    return writeRecords((await this.call(context, operation)) as Parameters<typeof writeRecords>[0], types);
  }

  /** Odoo's version in the format of `exp_version`. */
  version(context: RequestContext): Promise<unknown> {
    const known = this.#versions(context.database);
    if (known.value !== undefined && known.until > performance.now()) return known.value;
    const asked = this.#odoo.version(context);
    known.value = asked;
    known.until = performance.now() + versionFor;
    asked.catch(() => {
      if (known.value === asked) known.value = undefined;
    });
    return asked;
  }

  async #common(context: RequestContext, { method, args }: RpcCall): Promise<unknown> {
    if (method === 'login' || method === 'authenticate') return context.principal.userId;
    if (method === 'version') return this.version(context);
    if (method === 'about') {
      const about = 'See http://openerp.com';
      if (!args[0]) return about;
      const { server_version } = (await this.version(context)) as { server_version: unknown };
      return [about, server_version];
    }
    if (method === 'set_loglevel') return true;
    throw new GatewayError('body.form', { message: `Method not found: ${String(method).slice(0, 100)}` });
  }

  /** Calls of the service `db`. Callers may not list or change databases, as with Odoo's `list_db = False`. */
  async #database(context: RequestContext, { method }: RpcCall): Promise<unknown> {
    if (method !== 'server_version') throw new GatewayError('auth.missing');
    return ((await this.version(context)) as { server_version: unknown }).server_version;
  }
}

/** The kind of a call, for the limits. */
export function kindOf(service: string | undefined, method: unknown): Action {
  if (service !== 'object' || reading.has(String(method))) return 'read';
  if (method === 'unlink') return 'delete';
  return method === 'create' || method === 'write' ? 'write' : 'call';
}

function operationOf(context: RequestContext, { model, method: called, args, kwargs }: RpcCall, form: Form): CallOperation {
  const name = checkModel(context.database, model);
  const method = methodOf(name, called);
  // Ids and counts are whole numbers in JSON, too, so these two methods need no format and may be compiled.
  const isWrittenThere = form === 'xmlrpc' && method !== 'search' && method !== 'search_count';
  return { op: 'call', model: name, method, args, kwargs, ...(isWrittenThere ? { form } : {}) };
}

/** Like `checkMethod`, but the error names the model. */
export function methodOf(model: string, called: unknown): string {
  try {
    return checkMethod(called);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const method = String(called).slice(0, 128);
    throw new GatewayError('odoo.method', {
      message: `The method '${model}.${method}' does not exist`,
      details: { model, method },
    });
  }
}

/** The headers of the request, without those that do not exist in Odoo's protocols. */
function headersOf({ request }: RequestContext): RequestContext['asked']['headers'] {
  const { 'idempotency-key': key } = request.headers;
  return key === undefined ? {} : { 'idempotency-key': key };
}
