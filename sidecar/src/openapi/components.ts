// Components that the document's operations share: security schemes, headers, parameters, errors.

import { catalogue } from '../errors.ts';
import type { Described, Schema } from './description.ts';
import { ref } from './fields.ts';

type Named = Readonly<Record<string, Schema>>;

/** @param origin makes the address of the token endpoint absolute, because tools resolve relative ones differently */
const scopesOfActions = {
  read: 'GET, and methods that Odoo marks as reading',
  write: 'POST, PUT, PATCH, and methods that write',
  delete: 'DELETE',
  call: 'All other methods',
};

export const securitySchemes = ({ origin }: { readonly origin: string }): Named => ({
  ApiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A gateway key or an Odoo API key.' },
  Bearer: { type: 'http', scheme: 'bearer', description: 'An access token, a gateway key or an Odoo API key.' },
  Basic: { type: 'http', scheme: 'basic', description: 'Login and Odoo API key.' },
  ApiKeyShort: { type: 'apiKey', in: 'header', name: 'API-KEY', description: 'The same as `X-API-Key`.' },
  AccessToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Access-Token',
    description: 'An access token, for use behind a proxy that needs `Authorization` for itself.',
  },
  OAuth2: {
    type: 'oauth2',
    description: 'Client credentials, or a user’s consent with PKCE (RFC 6749, sections 4.4 and 4.1; RFC 7636).',
    flows: {
      clientCredentials: { tokenUrl: `${origin}/api/oauth/token`, scopes: scopesOfActions },
      authorizationCode: {
        authorizationUrl: `${origin}/api/oauth/authorize`,
        tokenUrl: `${origin}/api/oauth/token`,
        refreshUrl: `${origin}/api/oauth/token`,
        scopes: scopesOfActions,
      },
    },
  },
});

/** Any one of the security schemes is enough. */
export const security = Object.keys(securitySchemes({ origin: '' })).map((name) => ({ [name]: [] }));

const count = { type: 'integer', minimum: 0 } as const;
/**
 * The characters that are allowed in a header (RFC 9110, section 5.5). Without this pattern, generators of requests and tests
 * invent headers that no client could send.
 */
const headerText = { type: 'string', pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' } as const;

/** One or several ETags. Weak ETags and those of other servers are allowed, but match nothing. */
const etag = '(W/)?"[!#-+\\x2d-~]{0,128}"';
const etags = `^(\\*|${etag}(\\s*,\\s*${etag}){0,19})$`;

export const headers: Named = {
  'X-Request-Id': {
    description: 'Your id if you sent one, otherwise a new one.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  },
  'RateLimit-Limit': { description: 'The limit of the window with the fewest requests left.', schema: count },
  'RateLimit-Remaining': { description: 'Requests left in that window.', schema: count },
  'RateLimit-Reset': { description: 'Seconds until the window is reset.', schema: count },
  'Retry-After': { description: 'Try again after this many seconds.', schema: count },
  'Server-Timing': { description: 'The time that each step took, in milliseconds.', schema: headerText },
  'WWW-Authenticate': { description: 'How to authenticate.', schema: headerText },
  'Idempotency-Replayed': {
    description: '`true` if this is the answer to the first request.',
    schema: { type: 'string', pattern: '^true$' },
  },
  ETag: { description: 'The version of the record, for `If-Match`.', schema: { type: 'string', pattern: '^"[0-9a-f]{32}"$' } },
  'Preference-Applied': {
    description: 'The preferences that were applied.',
    schema: { type: 'string', pattern: '^(tx=rollback|notify=none)(, notify=none)?$' },
  },
  Link: { description: 'The next page, with `rel="next"`.', schema: { type: 'string', pattern: '^<[!-~]+>; rel="next"$' } },
  Location: { description: 'The address of the new record.', schema: { type: 'string', pattern: '^[!-~]+$' } },
};

/**
 * Entries of one section of the components, under names that no other section has: generators put the types for a parameter
 * "model" and a schema "Model" into one namespace.
 */
export const inSection = (section: 'Header' | 'Parameter', entries: Named): Named =>
  Object.fromEntries(Object.entries(entries).map(([name, entry]) => [`${name}-${section}`, entry]));

export const headersOf = (...more: string[]): Schema => {
  const usual = ['X-Request-Id', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Server-Timing'];
  return Object.fromEntries([...usual, ...more].map((name) => [name, { $ref: `#/components/headers/${name}-Header` }]));
};

export function parameters({ limit }: Pick<Described, 'limit'>): Named {
  const query = (name: string, description: string, schema: Schema, more: Schema = {}) =>
    ({ name, in: 'query', description, schema, ...more }) as const;
  const header = (name: string, description: string, schema: Schema) => ({ name, in: 'header', description, schema });
  return {
    fields: query(
      'fields',
      'Comma-separated names; dots expand relations: `name,partner_id.country_id`.',
      { type: 'string', pattern: '^\\s*[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)*\\s*(,\\s*[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)*\\s*)*$' },
      { example: 'display_name' },
    ),
    domain: query(
      'domain',
      'An Odoo domain as JSON.',
      { type: 'string', contentMediaType: 'application/json' },
      { example: '[["id", ">", 0]]' },
    ),
    filter: query(
      'filter',
      '`filter[field]=value` or `filter[field][operator]=value`: `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `in`, `nin`, `like`, ' +
        '`ilike`, `nlike`, `nilike`, `starts`, `pattern`, `ipattern`, `null`, `child_of`, `parent_of`. ' +
        'For example `filter[name][ilike]=azure`.',
      { type: 'object', additionalProperties: { type: 'string' } },
      // This has no example, because the page /api/docs would send it, and the first list could then be empty.
      { style: 'deepObject', explode: true },
    ),
    order: query('order', 'Comma-separated fields with `asc` or `desc`.', { type: 'string' }, { example: 'id desc' }),
    limit: query('limit', 'The maximum number of records in the answer.', {
      type: 'integer',
      minimum: 1,
      maximum: limit.most,
      default: limit.standard,
    }),
    offset: query('offset', 'The number of records to skip. A `cursor` is faster.', { type: 'integer', minimum: 0, default: 0 }),
    cursor: query('cursor', '`meta.next` of the previous page; not together with `offset` and `order`.', { type: 'string' }),
    after: query('after', 'For an export (NDJSON, CSV): the id of the last record that you received.', {
      type: 'integer',
      minimum: 0,
    }),
    header: query('header', 'For CSV: field names, or labels in your language.', {
      type: 'string',
      enum: ['names', 'labels'],
      default: 'names',
    }),
    formulas: query('formulas', 'For CSV: whether values that a spreadsheet would execute are prefixed with an apostrophe.', {
      type: 'string',
      enum: ['guarded', 'kept'],
      default: 'guarded',
    }),
    group: query(
      'group',
      'Comma-separated fields; times with `:day`, `:week`, `:month`, `:quarter` or `:year`.',
      { type: 'string', pattern: '^[A-Za-z_][\\w.]*(:[a-z_]+)?(,[A-Za-z_][\\w.]*(:[a-z_]+)?)*$' },
      { example: 'create_date:month' },
    ),
    measures: query(
      'measures',
      '`__count`, and fields with `:sum`, `:avg`, `:min`, `:max`, `:count`, `:count_distinct`, `:bool_and` or `:bool_or`.',
      { type: 'string', default: '__count', pattern: '^[A-Za-z_]\\w*(:[a-z_]+)?(,[A-Za-z_]\\w*(:[a-z_]+)?)*$' },
      { example: '__count' },
    ),
    having: query(
      'having',
      'Conditions on measures, as JSON.',
      { type: 'string', contentMediaType: 'application/json' },
      { example: '[["__count", ">", 1]]' },
    ),
    aggregateOrder: query(
      'order',
      'Groupings and measures with `asc` or `desc`.',
      { type: 'string' },
      { example: '__count desc' },
    ),
    since: {
      ...query('since', '`new` at the start, then `meta.next` of the previous answer.', { type: 'string' }),
      required: true,
    },
    wait: query('wait', 'Seconds to wait for a change if there is none.', {
      type: 'integer',
      minimum: 0,
      maximum: 25,
      default: 0,
    }),
    archived: query('archived', 'Whether archived records are left out, included, or the only ones returned.', {
      type: 'string',
      enum: ['exclude', 'include', 'only'],
      default: 'exclude',
    }),
    count: query('count', 'Whether `meta.total` is counted, or estimated by Postgres.', {
      type: 'string',
      enum: ['none', 'exact', 'estimated'],
      default: 'none',
    }),
    id: { name: 'id', in: 'path', required: true, description: 'The id of the record.', schema: ref('Id') },
    model: {
      name: 'model',
      in: 'path',
      required: true,
      description: 'The name of a model.',
      schema: { type: 'string', pattern: '^[a-z_][a-z0-9_]*(\\.[a-z0-9_]+)*$', maxLength: 128 },
      example: 'res.partner',
    },
    method: {
      name: 'method',
      in: 'path',
      required: true,
      description: 'The name of a public method.',
      schema: { type: 'string', pattern: '^[A-Za-z]\\w*$', maxLength: 128 },
      example: 'name_search',
    },
    // For other HTTP methods, this position of the path is an id, so the parameter has that name here, too.
    methodOfModel: {
      name: 'id',
      in: 'path',
      required: true,
      description: 'The name of a public method of the model itself.',
      schema: { type: 'string', pattern: '^[A-Za-z]\\w*$', maxLength: 128 },
      example: 'name_search',
    },
    'Idempotency-Key': header(
      'Idempotency-Key',
      'For 24 hours, a request with the same key and body gets the first answer again, and nothing happens twice.',
      { type: 'string', pattern: '^[!-~]{1,255}$' },
    ),
    field: {
      name: 'field',
      in: 'path',
      required: true,
      description: 'A field that holds a file: `image_1920`; `raw` of `ir.attachment`.',
      schema: { type: 'string', pattern: '^[A-Za-z_]\\w*$', maxLength: 128 },
      example: 'image_1920',
    },
    report: {
      name: 'name',
      in: 'path',
      required: true,
      description: 'A report of the model, as `/reports` lists it.',
      schema: { type: 'string', pattern: '^[A-Za-z_][\\w.-]*$', maxLength: 128 },
      example: 'sale.report_saleorder',
    },
    size: query('size', 'For an image: the maximum number of pixels per side.', { type: 'integer', minimum: 1, maximum: 4_096 }),
    filename: query('name', 'The name of the file.', { type: 'string', minLength: 1, maxLength: 255 }),
    format: query('format', 'PDF, or the HTML page from which Odoo makes the PDF.', {
      type: 'string',
      enum: ['pdf', 'html'],
      default: 'pdf',
    }),
    key: {
      name: 'key',
      in: 'path',
      required: true,
      description: '`external_id`, or a field that holds strings or whole numbers and is stored.',
      schema: { type: 'string', pattern: '^[A-Za-z_]\\w*$', maxLength: 128 },
      example: 'external_id',
    },
    value: {
      name: 'value',
      in: 'path',
      required: true,
      description: 'The value of the key.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9_.:@+-]+$', minLength: 1, maxLength: 128 },
      example: 'crm-7',
    },
    max_affected: {
      ...query('max_affected', 'If more records would be affected, nothing is written.', {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
      }),
      required: true,
    },
    Prefer: header(
      'Prefer',
      '`tx=rollback` (or `?dry_run=true`) tries it out: `meta.dry_run` shows the changes, and nothing is stored. `notify=none` notifies nobody.',
      // Other preferences are ignored (RFC 7240).
      headerText,
    ),
    'If-Match': header('If-Match', 'Write only if the record has this ETag.', {
      type: 'string',
      pattern: etags,
    }),
    'If-None-Match': header('If-None-Match', 'Answer 304 if the record has this ETag.', {
      type: 'string',
      pattern: etags,
    }),
    'X-Odoo-Company': header('X-Odoo-Company', 'The id of the company to work in, or several, separated by commas.', {
      type: 'string',
      pattern: '^\\d{1,9}(\\s*,\\s*\\d{1,9}){0,99}$',
    }),
    'X-Odoo-Timezone': header('X-Odoo-Timezone', 'A time zone like `Europe/Paris`.', {
      type: 'string',
      pattern: '^[A-Za-z0-9_+/-]{1,64}$',
    }),
    'X-Odoo-Language': header('X-Odoo-Language', 'The language to read and to write in, like `fr-FR` or `fr_FR`.', {
      type: 'string',
      pattern: '^[A-Za-z0-9]+([-_@.][A-Za-z0-9]+)*$',
      maxLength: 40,
    }),
    'Accept-Language': header('Accept-Language', 'The language to read in, unless `X-Odoo-Language` names one.', headerText),
  };
}

export const parameter = (name: string): Schema => ({ $ref: `#/components/parameters/${name}-Parameter` });
/** Parameters of every path that reaches Odoo's records. */
export const contextParameters = ['X-Odoo-Company', 'X-Odoo-Timezone', 'X-Odoo-Language', 'Accept-Language'].map(parameter);

const statuses: Readonly<Record<string, readonly [string, keyof typeof catalogue]>> = {
  400: ['The request is malformed, or names a field that does not exist.', 'request.json'],
  401: ['There is no credential, or it is not valid.', 'auth.missing'],
  403: ['You may not do this.', 'scope.insufficient'],
  404: ['There is no such record, model or path.', 'odoo.missing'],
  409: ['Another request is changing the record.', 'odoo.conflict'],
  410: ['The changes since the token are not available.', 'sync.reset'],
  412: ['The record has changed since the version in `If-Match`.', 'odoo.changed'],
  413: ['The body is too large, or contains too many operations.', 'request.too_large'],
  415: ['The body is not JSON.', 'request.media_type'],
  416: ['The range begins after the end of the file.', 'file.range'],
  422: ['Odoo refused the values.', 'odoo.validation'],
  429: ['Too many requests.', 'throttle.exceeded'],
  501: ['Odoo cannot make a PDF.', 'report.unavailable'],
  503: ['Too many such requests are running or waiting.', 'report.busy'],
  default: ['Any other error.', 'odoo.unavailable'],
};

export const responses: Named = Object.fromEntries(
  Object.entries(statuses).map(([status, [description, reason]]) => [
    `Error-${status}`,
    {
      description,
      headers: headersOf(...(status === '401' ? ['WWW-Authenticate'] : []), 'Retry-After'),
      content: {
        'application/json': { schema: ref('Error'), example: exampleOf(reason) },
        'application/problem+json': { schema: ref('Problem') },
      },
    },
  ]),
);

function exampleOf(reason: keyof typeof catalogue): unknown {
  const { status: code, message } = catalogue[reason];
  return { success: false, error: { code, message, reason, request_id: '5f0c6f0e-3f0b-4c4e-9d57-1d1f2b0a8a55' } };
}

/** The errors that an operation may return, for its `responses`. */
export function errorsOf(...more: number[]): Record<string, Schema> {
  const possible = [400, 401, 403, 404, ...more, 429].sort((a, b) => a - b);
  return Object.fromEntries(
    [...possible, 'default'].map((status) => [status, { $ref: `#/components/responses/Error-${status}` }]),
  );
}
