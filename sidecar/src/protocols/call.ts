// A call of Odoo's older protocols, independent of the protocol: a service, a method, and the parameters in order. The password
// is removed here. It is passed to the step `authenticate`, and nowhere else.

import { GatewayError } from '../errors.ts';
import type { BodyCredential, RequestContext } from '../pipeline/context.ts';

export interface RpcCall {
  readonly service: string;
  /**
   * The model's method for the service `object`, otherwise the service's method. Redaction reads it here (redact/places.ts).
   */
  readonly method: unknown;
  /** JSON-RPC's id, returned unchanged. */
  readonly id?: unknown;
  /** The model, for the service `object`. */
  readonly model?: unknown;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** The number of parameters that contain the credential, for methods that take one. */
export const credentialParams = 3;

/**
 * Stores the credential of a call in `context.caller`, and leaves in the body only the values that may be logged. Returns whether
 * the method takes a credential. Reads the first three parameters. Throws `auth.missing` when a method that needs a credential is
 * called without one, `database.unknown` for a database other than the request's, `body.form`.
 */
export function takeCredential(context: RequestContext, service: string, method: string, params: readonly unknown[]): boolean {
  // From here on, errors are rendered as answers to this call.
  context.body = { service, method };
  const isLogin = service === 'common' && (method === 'login' || method === 'authenticate');
  if (!isLogin && service !== 'object') return false;
  if (!isLogin && method !== 'execute' && method !== 'execute_kw') throw form(`Method not available ${method.slice(0, 100)}`);
  const [database, who, secret] = params;
  if (!isLogin && params.length < credentialParams) throw tooFew(method);
  requireDatabase(context, database);
  context.caller = credential(isLogin ? { login: textOf(who) } : { uid: uidOf(who) }, secret);
  return true;
}

/** The call without its credential. Throws `body.form`. */
export function readCall(service: string, method: string, params: readonly unknown[]): RpcCall {
  if (service !== 'object') {
    // The parameters of other methods are dropped: these methods of `common` and `db` are refused, and some take the master
    // password.
    return { service, method, args: method === 'about' ? params.slice(0, 1) : [], kwargs: {} };
  }
  if (params.length < 5) throw tooFew(method);
  const [, , , model, called, ...rest] = params;
  const { args, kwargs } = method === 'execute' ? { args: rest, kwargs: {} } : keywordForm(rest);
  return { service, model, method: called, args, kwargs: withoutEmptyContext(kwargs) };
}

function tooFew(method: string): GatewayError {
  return form(`${method} takes a database, a uid, a password, a model and a method first.`);
}

/** Removes an empty context. Odoo treats any empty value as no context, and clients send one if a script passes no context. */
export function withoutEmptyContext<Kwargs extends Readonly<Record<string, unknown>>>(kwargs: Kwargs): Kwargs {
  const { context, ...rest } = kwargs;
  const isEmpty = !context || (Array.isArray(context) && context.length === 0);
  return isEmpty ? (rest as unknown as Kwargs) : kwargs;
}

function keywordForm([args, kwargs, ...rest]: readonly unknown[]): Pick<RpcCall, 'args' | 'kwargs'> {
  if (!Array.isArray(args) || rest.length > 0) throw form('execute_kw takes a list of arguments, then an object of named ones.');
  // An empty array counts as an empty object, because PHP writes it for one.
  if (kwargs === undefined || kwargs === null || kwargs === '' || (Array.isArray(kwargs) && kwargs.length === 0)) {
    return { args, kwargs: {} };
  }
  if (typeof kwargs !== 'object' || Array.isArray(kwargs)) throw form('The named arguments of execute_kw are an object.');
  return { args, kwargs: kwargs as Readonly<Record<string, unknown>> };
}

function credential(who: Omit<BodyCredential, 'secret'>, secret: unknown): BodyCredential {
  if (typeof secret !== 'string' || secret === '') throw new GatewayError('auth.missing');
  return { ...who, secret };
}

function textOf(login: unknown): string {
  if (typeof login !== 'string') throw new GatewayError('auth.missing');
  return login;
}

/**
 * A user's id. Clients also send it as text or as a double. Scripts that do not check whether a login succeeded send its result
 * `false`.
 */
function uidOf(value: unknown): number {
  const uid = (typeof value === 'string' && /^\s*\d+\s*$/.test(value)) || typeof value === 'boolean' ? Number(value) : value;
  if (typeof uid !== 'number' || !Number.isFinite(uid)) throw form('The uid is not a number. Log in first.');
  const whole = Math.trunc(uid);
  // Any other value cannot be a uid. It becomes 0, which no user has, so the call is refused like a call by an unknown user.
  return whole > 0 && whole < 2 ** 31 ? whole : 0;
}

function requireDatabase({ database }: RequestContext, name: unknown): void {
  if (name !== database.name) throw new GatewayError('database.unknown');
}

function form(message: string): GatewayError {
  return new GatewayError('body.form', { message });
}
