// Every error that a caller can get: one class, one catalogue, one renderer. docs/errors.md has a section for each reason; a test
// checks this.

interface Kind {
  readonly status: number;
  /** The public text, unless the code that throws provides a better one. */
  readonly message: string;
  /** The number of seconds after which a retry makes sense. */
  readonly retryAfter?: number;
}

export const catalogue = {
  'auth.missing': { status: 401, message: 'Missing access token' },
  'auth.invalid': { status: 401, message: 'Invalid or expired credentials' },
  'auth.overloaded': { status: 503, message: 'Too many credentials are being checked. Try again shortly.', retryAfter: 1 },
  'auth.mfa': { status: 401, message: 'This user logs in with a second factor. Use an API key instead.' },
  'auth.refresh_spent': {
    status: 409,
    message: 'This refresh token was used a moment ago. Use the tokens issued in exchange.',
  },
  'scope.insufficient': { status: 403, message: 'This credential is not allowed to do this.' },
  'address.not_allowed': { status: 403, message: 'This credential may not be used from your address.' },

  'oauth.request': { status: 400, message: 'A parameter is missing, or one is not allowed here.' },
  'oauth.grant_type': {
    status: 400,
    message: 'The grant type must be client_credentials, authorization_code or refresh_token.',
  },
  'oauth.grant': { status: 400, message: 'The code or refresh token is not valid. Ask the user again.' },
  'oauth.client': { status: 400, message: 'No such app is registered here.' },
  'oauth.redirect': { status: 400, message: 'The redirect URI is not one that the app has registered.' },
  'oauth.response_type': { status: 400, message: 'The response type must be code.' },
  'oauth.resource': { status: 400, message: 'The resource is not an address of this gateway.' },
  'oauth.registration': { status: 403, message: 'Apps may not register themselves here. Ask a manager of the gateway.' },
  'oauth.metadata': { status: 400, message: 'The metadata of the app is not valid.' },
  'oauth.scope': { status: 400, message: 'The scope is malformed, or wider than what was granted.' },

  'agent.off': {
    status: 403,
    message: 'AI agents have no access here. An administrator can allow it in the settings of API Gateway.',
  },
  'agent.writes': { status: 403, message: 'This credential may not let an AI agent change data. Its profile decides that.' },
  'agent.confirmation': {
    status: 422,
    message: 'The confirmation is not valid for this call. Call again without it to get a new one.',
  },
  'agent.method': { status: 404, message: 'This method of the protocol is not supported.' },
  'agent.tool': { status: 404, message: 'There is no such tool.' },
  'agent.arguments': { status: 400, message: 'The arguments do not fit the tool.' },
  'origin.not_allowed': { status: 403, message: 'Web pages of this origin may not call the gateway.' },

  'address.blocked': { status: 403, message: 'Your address is blocked.' },

  'throttle.exceeded': { status: 429, message: 'Rate limit exceeded.', retryAfter: 60 },
  'throttle.failed': {
    status: 429,
    message: 'Too many failed attempts from your address. Try again later.',
    retryAfter: 60,
  },
  'throttle.concurrency': { status: 429, message: 'Too many requests at a time.', retryAfter: 1 },
  'throttle.cost': { status: 413, message: 'The request has more operations than the limit allows in one window. Split it.' },
  'throttle.overloaded': { status: 503, message: 'Too many requests are waiting. Try again shortly.', retryAfter: 1 },

  'request.malformed': { status: 400, message: 'The request is not valid HTTP.' },
  'request.url': {
    status: 400,
    message: 'The URL contains a space or a non-ASCII letter. Percent-encode it as UTF-8: é is %C3%A9, a space %20.',
  },
  'request.url_too_long': {
    status: 414,
    message: 'The URL and the headers are longer than 16 KiB. Send long filters in a body: POST /api/v1/batch, {"op": "search"}.',
  },
  'request.path': { status: 400, message: 'The path is not valid percent-encoded UTF-8.' },
  'request.json': { status: 400, message: 'Invalid JSON body' },
  'request.xml': { status: 400, message: 'The body is not well-formed XML.' },
  'request.media_type': { status: 415, message: 'The body must be application/json.' },
  'request.encoding': { status: 415, message: 'Compressed bodies are not accepted.' },
  'request.too_large': { status: 413, message: 'The body is too large.' },
  'request.too_deep': { status: 400, message: 'The JSON is nested too deeply.' },
  'request.too_complex': { status: 422, message: 'The request follows too many relations.' },
  'request.overloaded': {
    status: 503,
    message: 'Your requests send too much data at once. Send fewer large requests at a time.',
    retryAfter: 1,
  },
  'request.headers_too_large': { status: 431, message: 'The headers are too large.' },
  'request.header': { status: 400, message: 'A header is malformed.' },
  'request.incomplete': { status: 408, message: 'The request did not arrive in time.' },

  'answer.too_large': { status: 422, message: 'The answer would be too large. Ask for less at a time.' },

  'body.form': { status: 400, message: 'The body does not have the expected form.' },
  'body.missing': { status: 400, message: 'A required field is missing.' },
  'body.value': { status: 422, message: 'A value does not fit its field.' },

  'query.unknown': { status: 400, message: 'There is no such query parameter.' },
  'query.repeated': { status: 400, message: 'A query parameter is given twice.' },
  'query.encoding': { status: 400, message: 'The query is not valid percent-encoded UTF-8.' },
  'query.domain': { status: 400, message: 'The domain is malformed.' },
  'query.fields': { status: 400, message: 'The list of fields is malformed.' },
  'query.filter': { status: 400, message: 'A filter is malformed.' },
  'query.cursor': {
    status: 400,
    message: 'This cursor is not valid for this list. Start from the first page, without a cursor.',
  },
  'query.archived': { status: 400, message: 'archived must be exclude, include or only.' },
  'query.max_affected': { status: 400, message: 'max_affected must say how many records may be affected.' },
  'query.dry_run': { status: 400, message: 'dry_run must be true or false.' },
  'query.count': { status: 400, message: 'The count must be none, exact or estimated.' },
  'query.limit': { status: 400, message: 'The limit is out of range.' },
  'query.offset': { status: 400, message: 'The offset is out of range.' },
  'query.models': { status: 400, message: 'The list of models is malformed or too long.' },
  'query.days': { status: 400, message: 'The number of days is out of range.' },
  'query.methods': { status: 400, message: 'methods must be true or false.' },
  'query.openapi': { status: 400, message: 'The version of OpenAPI must be 3.0 or 3.1.' },
  'query.order': { status: 400, message: 'The order is malformed.' },
  'query.wait': { status: 400, message: 'wait is malformed or too long.' },

  'query.after': { status: 400, message: 'after must be the id of a record.' },

  'query.size': { status: 400, message: 'size must be a number of pixels.' },
  'query.format': { status: 400, message: 'There is no such format.' },
  'file.busy': { status: 503, message: 'Too many files are arriving at the moment. Try again in a few seconds.', retryAfter: 5 },
  'file.form': { status: 400, message: 'The body must be the file itself, or a form (multipart/form-data) with one file.' },
  'file.storage': {
    status: 507,
    message: 'The gateway cannot store the uploaded file. Ask its administrator to look into this.',
  },
  'file.range': { status: 416, message: 'The requested range begins after the end of the file.' },
  'report.busy': {
    status: 503,
    message: 'Too many reports are waiting to be printed. Try again in a few seconds.',
    retryAfter: 5,
  },
  'report.unavailable': { status: 501, message: 'Odoo cannot make a PDF here.' },

  'export.busy': { status: 503, message: 'Too many exports are running. Try again in a few seconds.', retryAfter: 5 },
  'export.format': { status: 400, message: 'This parameter cannot be used with this format.' },

  'sync.off': { status: 404, message: 'Changes of this model are not recorded.' },
  'sync.token': {
    status: 400,
    message: 'This token is not valid for this combination of model, fields, domain and user. Start with since=new.',
  },
  'sync.reset': { status: 410, message: 'The changes since then are not available. Start with since=new.' },

  'route.unknown': { status: 404, message: 'There is nothing at this path.' },
  'route.method': { status: 405, message: 'This path does not accept this method.' },
  'resource.unavailable': { status: 404, message: 'The app of this resource is not installed.' },
  'route.record_id': { status: 400, message: 'The record id must be a positive whole number.' },

  'database.unknown': { status: 404, message: 'This database is not served here.' },
  'database.unavailable': { status: 503, message: 'The database is not reachable. Try again shortly.', retryAfter: 2 },
  'database.not_prepared': {
    status: 503,
    message: 'API Gateway is not installed in this database, or its role has no rights there.',
    retryAfter: 30,
  },

  'odoo.unavailable': { status: 502, message: 'Odoo is not reachable. Try again shortly.', retryAfter: 5 },
  'odoo.overloaded': { status: 503, message: 'Odoo is busy with other API requests. Try again shortly.', retryAfter: 1 },
  'odoo.timeout': { status: 504, message: 'Odoo did not answer in time.', retryAfter: 5 },
  'odoo.channel': {
    status: 502,
    message: "Odoo refused the gateway. An administrator must look at the gateway's log.",
    retryAfter: 30,
  },

  'odoo.access': { status: 403, message: 'Your user has no right to do this.' },
  'odoo.exposure': { status: 403, message: 'This model cannot be reached over the API.' },
  'odoo.missing': { status: 404, message: 'The record does not exist, or your user may not see it.' },
  'odoo.model': { status: 404, message: 'This model does not exist.' },
  'odoo.method': { status: 404, message: 'This method does not exist or is private.' },
  'odoo.field': { status: 400, message: 'A field does not exist.' },
  'odoo.domain': { status: 400, message: 'Odoo does not accept the domain.' },
  'odoo.order': { status: 400, message: 'Odoo does not accept the order.' },
  'odoo.arguments': { status: 400, message: 'The arguments do not fit the method.' },
  'odoo.dry_run': { status: 422, message: 'This cannot be done as a dry run.' },
  'odoo.user': { status: 422, message: 'Odoo refused the operation.' },
  'odoo.validation': { status: 422, message: 'The values break a rule of the model.' },
  'odoo.conflict': { status: 409, message: 'Another transaction changed the same records. Try again.', retryAfter: 1 },
  'odoo.too_many': { status: 422, message: 'More records would be affected than max_affected allows.' },
  'odoo.changed': { status: 412, message: 'The record has changed since it was read.' },
  'idempotency.running': {
    status: 409,
    message: 'A request with this Idempotency-Key is still running.',
    retryAfter: 1,
  },
  'idempotency.mismatch': { status: 422, message: 'This Idempotency-Key was used with another body or query.' },

  'odoo.error': { status: 500, message: 'Odoo failed while executing the request.' },

  'internal.error': { status: 500, message: 'The gateway failed while handling the request.' },
} as const satisfies Record<string, Kind>;

export type Reason = keyof typeof catalogue;

export interface ErrorOptions {
  /** Text for the caller. Never contains a secret, SQL or a traceback. */
  readonly message?: string | undefined;
  /** Details for programs, such as the field or the parameter. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The index of the failed operation, from 0. */
  readonly operation?: number | undefined;
  /** The cause, which is only logged. */
  readonly cause?: unknown;
  /** Headers of the answer: names and values, alternating. */
  readonly headers?: readonly string[] | undefined;
  /** The number of milliseconds after which a retry makes sense, if a more exact value than the catalogue's is known. */
  readonly retryAfterMs?: number | undefined;
}

export class GatewayError extends Error {
  readonly reason: Reason;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly operation: number | undefined;
  readonly headers: readonly string[];

  constructor(reason: Reason, options: ErrorOptions = {}) {
    const kind: Kind = catalogue[reason];
    super(options.message ?? kind.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.reason = reason;
    this.status = kind.status;
    this.details = options.details;
    this.operation = options.operation;
    const headers = [...(options.headers ?? []), ...challenge(reason, options.details?.['scope'])];
    const { retryAfterMs } = options;
    const retryAfter = retryAfterMs === undefined ? kind.retryAfter : Math.max(1, Math.ceil(retryAfterMs / 1_000));
    this.headers = retryAfter === undefined ? headers : [...headers, 'Retry-After', String(retryAfter)];
  }
}

/**
 * RFC 6750, section 3. Model names come from callers, so everything that is not a scope-token (RFC 6749, section 3.3) is left
 * out.
 */
function challenge(reason: Reason, scope: unknown): readonly string[] {
  if (reason !== 'scope.insufficient' || typeof scope !== 'string') return [];
  const shown = /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) ? scope : '';
  return ['WWW-Authenticate', `Bearer realm="odoo", error="insufficient_scope", scope="${shown}"`];
}

export function isReason(text: string): text is Reason {
  return Object.hasOwn(catalogue, text);
}

/** Turns anything thrown into an error for the caller. Unexpected errors reveal nothing. */
export function asGatewayError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError ? thrown : new GatewayError('internal.error', { cause: thrown });
}

/** Whether the message comes from the catalogue. Such a message repeats nothing from the request. */
export function isOwnMessage(error: Error): boolean {
  return error instanceof GatewayError && error.message === catalogue[error.reason].message;
}

export function isServerFault(error: GatewayError): boolean {
  return error.status >= 500;
}

/** Renders an error as the envelope. */
export function renderEnvelope(error: GatewayError, requestId: string): unknown {
  return {
    success: false,
    error: {
      code: error.status,
      message: error.message,
      reason: error.reason,
      request_id: requestId,
      details: error.details,
    },
  };
}

/** RFC 9457. `type` is a URN, because the gateway does not know at which URL its documentation is read. */
export function renderProblem(error: GatewayError, requestId: string): unknown {
  return {
    type: `urn:odoo-api-gateway:error:${error.reason}`,
    title: catalogue[error.reason].message,
    status: error.status,
    detail: error.message,
    instance: `urn:request:${requestId}`,
    reason: error.reason,
    request_id: requestId,
    details: error.details,
  };
}

/** RFC 6749, section 5.2; RFC 6750 if the caller authenticates with a token instead of a client secret. */
export function renderOAuth(error: GatewayError, requestId: string, withToken: boolean): unknown {
  return { error: oauthCode(error, withToken), error_description: error.message, reason: error.reason, request_id: requestId };
}

const codes: Partial<Record<Reason, number>> = { 'request.json': -32_700, 'agent.method': -32_601 };

/** JSON-RPC 2.0, section 5.1: parse error, invalid request, or a code of our own. @param body may contain the request's id */
export function renderRpc(error: GatewayError, requestId: string, body: unknown): unknown {
  const { id } = (typeof body === 'object' && body !== null ? body : {}) as { id?: unknown };
  const code = codes[error.reason] ?? (error.status === 400 ? -32_600 : -32_000);
  return {
    jsonrpc: '2.0',
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
    error: { code, message: error.message, data: { reason: error.reason, request_id: requestId, details: error.details } },
  };
}

const oauthCodes: Partial<Record<Reason, string>> = {
  'oauth.grant_type': 'unsupported_grant_type',
  'oauth.scope': 'invalid_scope',
  'oauth.grant': 'invalid_grant',
  'oauth.client': 'invalid_client',
  'oauth.redirect': 'invalid_redirect_uri',
  'oauth.response_type': 'unsupported_response_type',
  'oauth.resource': 'invalid_target',
  'oauth.metadata': 'invalid_client_metadata',
};

/** The `error` of RFC 6749, 7591 and 8707. */
export function oauthCode({ reason, status }: GatewayError, withToken = false): string {
  const code = oauthCodes[reason];
  if (code !== undefined) return code;
  if (reason === 'scope.insufficient') return 'insufficient_scope';
  if (status === 401) return withToken ? 'invalid_token' : 'invalid_client';
  if (status === 403) return withToken ? 'access_denied' : 'unauthorized_client';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
