// Translates an error of the gateway to the exception that Odoo would have raised, with its number or status.

import type { GatewayError, Reason } from '../errors.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { methodResponse, writeValue } from './xml.ts';

export interface Fault {
  /** The exception's class, with its module. */
  readonly name: string;
  readonly message: string;
  /** The HTTP status, for JSON-2. */
  readonly status: number;
}

const odoo = 'odoo.exceptions';
const denied = { name: `${odoo}.AccessDenied`, message: 'Access Denied', status: 401 };
const valueError = 'builtins.ValueError';

const names: Partial<Record<Reason, string>> = {
  'odoo.access': `${odoo}.AccessError`,
  'odoo.exposure': `${odoo}.AccessError`,
  'scope.insufficient': `${odoo}.AccessError`,
  'address.not_allowed': `${odoo}.AccessError`,
  'address.blocked': `${odoo}.AccessError`,
  'odoo.missing': `${odoo}.MissingError`,
  'odoo.user': `${odoo}.UserError`,
  'odoo.validation': `${odoo}.ValidationError`,
  'odoo.conflict': `${odoo}.LockError`,
  'odoo.field': valueError,
  'odoo.domain': valueError,
  'odoo.order': valueError,
  'body.value': valueError,
  'odoo.arguments': 'builtins.TypeError',
};

/** The statuses for JSON-2 where Odoo's status differs from the gateway's. */
const statuses: Partial<Record<Reason, number>> = {
  'odoo.field': 500,
  'odoo.domain': 500,
  'odoo.order': 500,
  'odoo.arguments': 422,
  'odoo.conflict': 409,
};

export function faultOf(error: GatewayError): Fault {
  const { reason, message } = error;
  const status = statuses[reason] ?? error.status;
  if (reason === 'auth.invalid' || reason === 'auth.missing' || reason === 'auth.mfa') return denied;
  if (reason === 'odoo.method') return ofMethod(error);
  if (reason === 'odoo.model') {
    return { name: `${odoo}.UserError`, message: `Object ${String(error.details?.['model'] ?? '')} doesn't exist`, status };
  }
  const raised = raisedIn(error);
  if (reason === 'odoo.error') return { name: raised ?? 'builtins.Exception', message: lastLine(error), status };
  const isOdoos = raised?.startsWith(`${odoo}.`) === true && names[reason]?.startsWith(odoo) === true;
  return { name: isOdoos ? raised : (names[reason] ?? 'builtins.Exception'), message, status };
}

function ofMethod({ details, message }: GatewayError): Fault {
  const { model, method, private: isPrivate } = details ?? {};
  if (!String(method).startsWith('_') && isPrivate !== true) {
    const text = model === undefined ? message : `The method '${String(model)}.${String(method)}' does not exist`;
    return { name: 'builtins.AttributeError', message: text, status: 404 };
  }
  const text = `Private methods (such as '${String(model ?? 'model')}.${String(method)}') cannot be called remotely.`;
  return { name: `${odoo}.AccessError`, message: text, status: 403 };
}

/** The class of the exception, if Odoo raised one. */
function raisedIn({ cause }: GatewayError): string | undefined {
  return cause instanceof Error && 'exception' in cause && typeof cause.exception === 'string' ? cause.exception : undefined;
}

/** Python's exceptions for wrong arguments. The messages of other exceptions quote statements, paths or hosts. */
const ofArguments = /^builtins\.(?:TypeError|ValueError|KeyError|IndexError|AttributeError)$/;

/** The message for the caller: the last line of an exception about arguments, because it says what was wrong with the call. */
function lastLine(error: GatewayError): string {
  const raised = raisedIn(error);
  if (raised === undefined || !ofArguments.test(raised) || !(error.cause instanceof Error)) return error.message;
  return error.cause.message.slice(raised.length + 2, raised.length + 1_002);
}

const codes: Readonly<Record<string, number>> = { AccessDenied: 3, AccessError: 4 };

/** A fault in XML, with status 200. Its code is a number for `/xmlrpc/2`, and a string for `/xmlrpc`. */
export function xmlFault(context: RequestContext, error: GatewayError, version: 1 | 2): Answer {
  const fault = faultOf(error);
  const { message } = fault;
  const kind = fault.name.startsWith(`${odoo}.`) ? fault.name.slice(odoo.length + 1) : undefined;
  const other = `${fault.name.replace('builtins.', '')}: ${message}\nRequest ${context.requestId}`;
  let code: string | number = kind === undefined ? 1 : (codes[kind] ?? 2);
  let text = kind === undefined ? other : message;
  if (version === 1) {
    const shown = kind === 'MissingError' || kind === 'AccessError' ? kind : kind === 'RedirectWarning' ? 'Warning' : 'UserError';
    code = kind === undefined ? message : kind === 'AccessDenied' ? kind : `warning -- ${shown}\n\n${message}`;
    text = kind === undefined ? other : kind === 'AccessDenied' ? message : '';
  }
  context.countedAs.status = error.status;
  return xmlAnswer(`<fault>\n${writeValue({ faultCode: code, faultString: text })}\n</fault>`);
}

export function xmlAnswer(content: string): Answer {
  return { status: 200, body: methodResponse(content), type: 'text/xml; charset=utf-8' };
}

/** `{name, message, arguments, context, debug}`, like the result of Odoo's `serialize_exception`, without its traceback. */
export function serialized({ name, message, status }: Fault, requestId: string): Readonly<Record<string, unknown>> {
  const args = name.startsWith('werkzeug.') ? [message, status] : [message];
  return { name, message, arguments: args, context: {}, debug: `${name}: ${message}\nRequest ${requestId}\n` };
}
