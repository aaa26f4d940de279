// The body of `/jsonrpc`. The credential in it decides whether a large body is parsed beyond its beginning.

import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { readCall, takeCredential } from './call.ts';
import { headOf, idAtEnd } from './json_head.ts';

/**
 * The longest body of a call without a caller, in bytes. Of a larger body, only this much is parsed before its caller is known.
 */
export const longestWithoutCaller = 16_384;

/**
 * Leaves the credential in `context.caller`, and in the body only the values that may be logged.
 * @param parse returns the whole body
 * Throws `request.json`, `request.too_large`, and what `takeCredential` and `readCall` throw.
 */
export function readJsonRpc(context: RequestContext, bytes: Buffer, parse: () => unknown): unknown {
  if (bytes.length > longestWithoutCaller) return beginJsonRpc(context, bytes, parse);
  const { id, service, method, args } = callIn(context, parse());
  try {
    takeCredential(context, service, method, args);
    return { ...readCall(service, method, args), id };
  } finally {
    context.body = { ...(context.body as object), id };
  }
}

function beginJsonRpc(context: RequestContext, bytes: Buffer, parse: () => unknown): unknown {
  const id = idAtEnd(bytes.toString('utf8', bytes.length - 200));
  context.body = { id };
  const head = headOf(bytes.toString('utf8', 0, longestWithoutCaller));
  if (head === undefined) {
    const message = `params.args with a credential must come in the first ${longestWithoutCaller} bytes of a larger body.`;
    throw new GatewayError('request.too_large', { message });
  }
  // Only calls with a caller may be large, so a call whose service and method have not come yet is taken to be execute_kw.
  const { service = 'object', method = 'execute_kw', args } = head;
  try {
    const hasCaller = takeCredential(context, String(service), String(method), args);
    if (!hasCaller) throw new GatewayError('request.too_large');
  } finally {
    context.body = { ...(context.body as object), id };
  }
  context.finishBody = async () => {
    const { id, service, method, args } = callIn(context, parse());
    // If the service turns out to be another one, the credential has not been removed from the body.
    if (service !== 'object') throw new GatewayError('request.too_large');
    return { ...readCall(service, method, args), id };
  };
  return context.body;
}

function callIn(context: RequestContext, body: unknown): { id: unknown; service: string; method: string; args: unknown[] } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new GatewayError('request.json', { message: 'Invalid JSON-RPC data' });
  }
  const { id, params } = body as { id?: unknown; params?: unknown };
  context.body = { id };
  const { service, method, args } = (params ?? {}) as { service?: unknown; method?: unknown; args?: unknown };
  if (typeof service !== 'string' || typeof method !== 'string' || !Array.isArray(args)) {
    throw new GatewayError('body.form', { message: 'params must contain service, method and args; args must be a list.' });
  }
  return { id, service, method, args };
}
