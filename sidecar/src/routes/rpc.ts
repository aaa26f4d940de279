// Odoo's own protocols: XML-RPC in both versions, JSON-RPC, JSON-2, and the paths at which clients ask for the version.

import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import { checkModel } from '../executor/target.ts';
import type { Answer, Endpoint, RequestContext, Route } from '../pipeline/context.ts';
import { parse } from '../pipeline/json_body.ts';
import type { RpcCall } from '../protocols/call.ts';
import { credentialParams, readCall, takeCredential, withoutEmptyContext } from '../protocols/call.ts';
import { faultOf, serialized, xmlAnswer, xmlFault } from '../protocols/faults.ts';
import { longestWithoutCaller, readJsonRpc } from '../protocols/jsonrpc_body.ts';
import { kindOf, methodOf, Services } from '../protocols/services.ts';
import { BegunCall, writeValue } from '../protocols/xml.ts';
import type { Metadata } from '../records/metadata.ts';

type Protocol = 'xmlrpc' | 'jsonrpc' | 'json2';

export function rpcRoutes(odoo: Odoo, metadata: Metadata): Route[] {
  const services = new Services(odoo, metadata);
  const older = { method: 'POST', access: 'optional', kind: kindOfBody } as const satisfies Partial<Route>;
  return [
    ...([1, 2] as const).map(
      (version): Route => ({
        ...older,
        name: `xmlrpc.${version}`,
        protocol: version === 1 ? 'xmlrpc' : 'xmlrpc.2',
        path: version === 1 ? '/xmlrpc/:service' : '/xmlrpc/2/:service',
        requireServed: (context) => requireServed(context, 'xmlrpc'),
        readBody: (context, bytes, weigh) => readXml(context, new BegunCall(bytes, credentialParams, weigh), bytes.length),
        errors: (context, error) => (isFailedLogin(context, error) ? written(false) : xmlFault(context, error, version)),
        async handle(context) {
          const answer = await services.answer(context, callOf(context, 'xmlrpc'), 'xmlrpc');
          return 'raw' in answer ? written(answer.raw) : xmlAnswer(String(answer.written));
        },
      }),
    ),
    {
      ...older,
      name: 'jsonrpc',
      protocol: 'jsonrpc',
      path: '/jsonrpc',
      requireServed: (context) => requireServed(context, 'jsonrpc'),
      readBody: (context, bytes, weigh) => readJsonRpc(context, bytes, () => parse(bytes, weigh)),
      errors: (context, error) => (isFailedLogin(context, error) ? jsonRpc(context, false) : jsonRpcError(context, error)),
      async handle(context) {
        const answer = await services.answer(context, callOf(context, 'jsonrpc'), 'json');
        return jsonRpc(context, 'raw' in answer ? answer.raw : answer.written);
      },
    },
    {
      method: 'POST',
      path: '/web/webclient/version_info',
      name: 'jsonrpc.version',
      access: 'anonymous',
      smallBody: 'json',
      async handle(context) {
        requireServed(context, 'jsonrpc');
        return jsonRpc(context, await services.version(context));
      },
    },
    ...['/web/version', '/json/version'].map(
      (path): Route => ({
        method: 'GET',
        path,
        name: 'version',
        access: 'anonymous',
        async handle(context) {
          requireServed(context, 'json2');
          const { server_version, server_version_info } = (await services.version(context)) as Record<string, unknown>;
          return { status: 200, body: { version_info: server_version_info, version: server_version } };
        },
      }),
    ),
    {
      method: 'POST',
      path: '/json/2/:model/:method',
      name: 'json2.method',
      protocol: 'json2',
      access: 'authenticated',
      kind: ({ request }) => kindOf('object', request.params['method']),
      errors: json2Error,
      async handle(context) {
        requireServed(context, 'json2');
        const { ids, ...kwargs } = withoutEmptyContext(keywords(context.body));
        const model = checkModel(context.database, context.request.params['model']);
        const method = methodOf(model, context.request.params['method']);
        const on = ids === undefined ? [] : Array.isArray(ids) ? ids : [ids];
        const body = await services.call(context, { op: 'call', model, method, ids: on, args: [], kwargs });
        return { status: 200, body: method === 'create' && typeof body === 'number' ? [body] : (body ?? null) };
      },
    },
    {
      method: 'GET',
      path: '/doc-bearer/:model.json',
      name: 'json2.document',
      access: 'authenticated',
      errors: json2Error,
      async handle(context) {
        requireServed(context, 'json2');
        const model = checkModel(context.database, context.request.params['model']);
        const [document] = await odoo.read(context, [{ op: 'document', model }]);
        if (document === null) throw new GatewayError('route.unknown');
        return { status: 200, body: document };
      },
    },
  ];
}

const servedBy = { xmlrpc: 'rpc.xmlrpc', jsonrpc: 'rpc.jsonrpc', json2: 'rpc.json2' } as const;

function requireServed({ database }: RequestContext, protocol: Protocol): void {
  if (!database.settings[servedBy[protocol]]) throw new GatewayError('route.unknown');
}

function callOf(context: RequestContext, protocol: Protocol): RpcCall {
  requireServed(context, protocol);
  if (context.body === undefined) throw new GatewayError(protocol === 'xmlrpc' ? 'request.xml' : 'request.json');
  return context.body as RpcCall;
}

function kindOfBody({ body }: RequestContext): ReturnType<typeof kindOf> {
  const { service, method } = (body ?? {}) as Partial<RpcCall>;
  return kindOf(service, method);
}

/** `login` and `authenticate` answer a wrong password with false. */
function isFailedLogin(context: RequestContext, { reason, status }: GatewayError): boolean {
  const { service, method } = (context.body ?? {}) as Partial<RpcCall>;
  if (service !== 'common' || (method !== 'login' && method !== 'authenticate')) return false;
  if (reason !== 'auth.invalid' && reason !== 'auth.missing' && reason !== 'auth.mfa') return false;
  context.countedAs.status = status;
  return true;
}

function written(value: unknown): Answer {
  return xmlAnswer(`<params>\n<param>\n${writeValue(value)}\n</param>\n</params>`);
}

function readXml(context: RequestContext, begun: BegunCall, length: number): unknown {
  const service = String(context.request.params['service']);
  const hasCaller = takeCredential(context, service, begun.method, begun.params);
  if (!hasCaller && length > longestWithoutCaller) throw new GatewayError('request.too_large');
  context.finishBody = async () => readCall(service, begun.method, await begun.finish());
  return context.body;
}

/** A result of None is omitted, as in Odoo. */
function jsonRpc(context: RequestContext, result: unknown): Answer {
  return { status: 200, body: { jsonrpc: '2.0', id: idOf(context), result: result ?? undefined } };
}

function jsonRpcError(context: RequestContext, error: GatewayError): Answer {
  const isNoCall = context.body === undefined || error.reason === 'request.json';
  if (isNoCall && (error.status === 400 || error.status === 415)) {
    const text =
      error.reason === 'request.json' && error.message !== 'Invalid JSON-RPC data' ? 'Invalid JSON data' : error.message;
    return { status: error.status, body: text, type: 'text/html; charset=utf-8' };
  }
  context.countedAs.status = error.status;
  const data = serialized(faultOf(error), context.requestId);
  return { status: 200, body: { jsonrpc: '2.0', id: idOf(context), error: { code: 0, message: 'Odoo Server Error', data } } };
}

function idOf({ body }: RequestContext): unknown {
  return (typeof body === 'object' && body !== null && 'id' in body ? body.id : null) ?? null;
}

const json2Error: Exclude<Endpoint['errors'], string | undefined> = (context, error) => {
  const fault = faultOf(error);
  const { request, requestId } = context;
  const { reason } = error;
  const [model, method] = [String(request.params['model']), String(request.params['method'])];
  const at = (name: string, message: string, status: number) => ({ name: `werkzeug.exceptions.${name}`, message, status });
  const hasKey = /^bearer\s+\S/i.test(request.headers.authorization ?? '');
  const shown =
    reason === 'auth.missing' || (reason === 'auth.invalid' && !hasKey)
      ? at('Unauthorized', 'User not authenticated, use an API Key with a Bearer Authorization header.', 401)
      : reason === 'auth.invalid'
        ? at('Unauthorized', 'Invalid apikey', 401)
        : reason === 'odoo.model'
          ? at('NotFound', `the model '${model}' does not exist`, 404)
          : fault.name === 'builtins.AttributeError'
            ? at('NotFound', `The method '${model}.${method}' does not exist`, 404)
            : reason === 'odoo.arguments'
              ? at('UnprocessableEntity', error.message.replace(`${model}.${method}: `, '').replace(/\.$/, ''), 422)
              : reason === 'request.json'
                ? at('BadRequest', `could not parse the body as json: ${error.message}`, 400)
                : fault;
  return { status: shown.status, body: serialized(shown, requestId) };
};

function keywords(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {};
}
