// The paths that are the same for all callers: who am I, batches, execute_kw, tokens.

import { contextParameters, errorsOf, headersOf, parameter } from './components.ts';
import type { Described, Schema } from './description.ts';
import { anyObject, list, ref } from './fields.ts';
import type { Paths } from './paths.ts';
import { answer, jsonBody, writing } from './paths.ts';
import { anyValues } from './schemas.ts';

const text = { type: 'string' } as const;
const yesNo = { type: 'boolean' } as const;
const object = (properties: Record<string, Schema>, required: readonly string[] = Object.keys(properties)): Schema => ({
  type: 'object',
  // An empty list is not allowed in OpenAPI 3.0.
  ...(required.length > 0 ? { required } : {}),
  properties,
});
const user = object({ id: ref('Id'), name: text, login: text });

const client = { client_id: text, client_secret: { type: 'string', format: 'password' } };

export function coreSchemas({ mostOperations }: Pick<Described, 'mostOperations'>): Record<string, Schema> {
  const ids = {
    description: 'An id, a list of ids, or references.',
    anyOf: [ref('Id'), ref('Ref'), list({ anyOf: [ref('Id'), ref('Ref')] })],
  };
  const values = {
    ...anyValues,
    description: 'As in the single endpoint; `{"$ref": "name.id"}` is the result of an earlier operation.',
  };
  const fields = { ...list(text), description: 'Like the parameter `fields`.' };
  const id = { type: 'string', pattern: '^[A-Za-z_][\\w-]{0,63}$' };
  // Each schema has its own name, because names that generators invent for parts of a union collide.
  const operations: Record<string, Schema> = {};
  const operation = (op: string, needed: readonly string[], properties: Record<string, Schema>): void => {
    operations[`Operation-${op}`] = {
      type: 'object',
      required: ['op', 'model', ...needed],
      properties: { id, op: { type: 'string', const: op }, model: text, ...properties },
      additionalProperties: false,
    };
  };
  const args = { args: list(), kwargs: anyObject };
  operation('search', [], {
    domain: list(),
    fields,
    limit: { type: 'integer', minimum: 1 },
    offset: { type: 'integer', minimum: 0 },
    order: text,
  });
  operation('read', ['ids'], { ids: ref('BatchIds'), fields });
  operation('create', ['values'], { values: { anyOf: [ref('BatchValues'), list(ref('BatchValues'))] }, fields });
  operation('update', ['ids', 'values'], { ids: ref('BatchIds'), values: ref('BatchValues'), fields });
  operation('upsert', ['key', 'value', 'values'], { key: text, value: text, values: ref('BatchValues'), fields });
  operation('delete', ['ids'], { ids: ref('BatchIds') });
  operation('call', ['method'], { method: text, ids: ref('BatchIds'), ...args });
  return {
    // Most tools would mistake a property called $ref for a reference.
    Ref: {
      type: 'object',
      description: '`{"$ref": "order.id"}`: the result of an earlier operation of the batch.',
      patternProperties: { '^\\$ref$': text },
      additionalProperties: false,
      minProperties: 1,
    },
    CallArguments: { type: 'object', properties: args, additionalProperties: false },
    BatchIds: ids,
    BatchValues: values,
    ...operations,
    Operation: { oneOf: Object.keys(operations).map(ref) },
    Operations: { ...list(ref('Operation')), minItems: 1, maxItems: mostOperations },
    Tokens: object(
      {
        access_token: text,
        refresh_token: text,
        token_type: { const: 'Bearer' },
        expires_in: { type: 'integer', description: 'Seconds.' },
        scope: text,
      },
      ['access_token', 'token_type', 'expires_in'],
    ),
    ListedModel: object(
      { model: text, name: text, ...Object.fromEntries(['read', 'write', 'create', 'unlink'].map((right) => [right, yesNo])) },
      ['model', 'name'],
    ),
    UsageOfCredential: object(
      {
        credential: text,
        name: text,
        used: list(
          object(
            {
              model: text,
              action: { enum: ['read', 'write', 'delete', 'call', 'choice'] },
              name: { ...text, description: 'A field, a method, or `state=sale` for a choice. Empty: the records themselves.' },
              requests: { type: 'integer' },
              last_day: { ...text, format: 'date' },
            },
            ['model', 'action', 'name', 'requests', 'last_day'],
          ),
        ),
      },
      ['credential', 'name', 'used'],
    ),
    // Bodies in two media types need a name, because the name that generators invent collides with the name of the operation's
    // parameters.
    TokenForm: object(
      {
        grant_type: { enum: ['client_credentials', 'authorization_code', 'refresh_token'] },
        scope: text,
        code: text,
        code_verifier: text,
        redirect_uri: text,
        refresh_token: text,
        resource: text,
        ...client,
      },
      ['grant_type'],
    ),
    TokenNamed: object({ token: text, token_type_hint: text, ...client }, ['token']),
    OAuthClient: { type: 'object', required: ['client_id'], properties: { client_id: text, client_name: text } },
  };
}

export function corePaths(): Paths {
  return {
    '/api/v1/ping': {
      get: {
        ...head('ping', 'Gateway', 'Ping', 'Checks the credential and returns its user, without a call to Odoo.'),
        responses: {
          200: answer(
            'The credential is valid.',
            { data: object({ message: { const: 'pong' }, user, time: { ...text, format: 'date-time' } }) },
            ['data'],
          ),
          ...errorsOf(),
        },
      },
    },
    '/api/v1/usage': {
      get: {
        ...head(
          'usage',
          'Gateway',
          'List what a key uses',
          'The models, fields, methods and choices that your key has used. A manager sees those of all credentials.',
        ),
        parameters: [
          { name: 'days', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 90, default: 30 } },
          { name: 'credential', in: 'query', description: 'Only this credential, such as `gateway_key:4`.', schema: text },
        ],
        responses: {
          200: answer('By credential.', { data: list(ref('UsageOfCredential')), meta: ref('Meta') }, ['data']),
          ...errorsOf(),
        },
      },
    },
    '/api/v1': {
      get: {
        ...head('models', 'Gateway', 'List the models', 'The models that you may use, with your rights on them.'),
        parameters: contextParameters,
        responses: { 200: answer('The models.', { data: list(ref('ListedModel')), meta: ref('Meta') }, ['data']), ...errorsOf() },
      },
    },
    '/api/v1/{model}/schema': {
      get: {
        ...head('schema', 'Gateway', 'Describe a model', 'The fields that you may see.'),
        parameters: [
          parameter('model'),
          { name: 'methods', in: 'query', description: 'Also names the public methods.', schema: { type: 'boolean' } },
          ...contextParameters,
        ],
        responses: {
          200: answer(
            'The fields.',
            { data: object({ model: text, fields: anyObject, methods: list(text) }, ['model', 'fields']) },
            ['data'],
          ),
          ...errorsOf(),
        },
      },
    },
    '/api/v1/batch': {
      post: {
        ...head(
          'batch',
          'Gateway',
          'Several operations in one transaction',
          'Either all operations are executed, or none of them.',
        ),
        parameters: [...contextParameters, ...writing],
        requestBody: jsonBody({ anyOf: [ref('Operations'), { ...object({ operations: ref('Operations') }) }] }, [
          { id: 'found', op: 'search', model: 'res.partner', fields: ['name'], limit: 1 },
        ]),
        responses: {
          200: answer(
            'The result of each operation.',
            { data: list(object({ id: text, data: {} }, [])), meta: ref('Meta') },
            ['data', 'meta'],
            ['Idempotency-Replayed'],
          ),
          ...errorsOf(409, 413, 415, 422),
        },
      },
    },
    '/call': {
      post: {
        ...head('call', 'Gateway', 'Call any method', "Like Odoo's execute_kw: raw values, errors as text."),
        parameters: [...contextParameters, ...writing],
        requestBody: jsonBody(
          {
            ...object({ model: text, method: text, args: list(), kwargs: { ...anyObject, type: ['object', 'null'] } }, [
              'model',
              'method',
            ]),
            additionalProperties: false,
          },
          { model: 'res.partner', method: 'search_count', args: [[]] },
        ),
        responses: {
          200: answer("The method's result.", { data: {} }, ['success'], ['Idempotency-Replayed']),
          default: failing('Refused or failed.', 'TextError'),
        },
      },
    },
    ...authPaths(),
  };
}

function authPaths(): Paths {
  const tokens = { description: 'The tokens.', headers: headersOf(), content: json(ref('Tokens')) };
  const public_ = { security: [] };
  const form = (name: string) => {
    const schema = ref(name);
    return { required: true, content: { 'application/x-www-form-urlencoded': { schema }, ...json(schema) } };
  };
  const refused = { default: failing('Refused.', 'OAuthError') };
  const revoked = { description: 'Revoked.', headers: headersOf(), content: json(anyObject) };
  const login = { login: text, email: text, password: { type: 'string', format: 'password' }, scope: text };
  return {
    '/api/v1/auth/login': {
      post: {
        ...head('login', 'Tokens', 'Log in', "With an Odoo user's password. `login` or `email` is required."),
        ...public_,
        requestBody: jsonBody(object(login, ['password']), { login: 'mary@example.com', password: 'secret' }),
        responses: {
          200: answer('The tokens.', { data: { allOf: [ref('Tokens'), object({ user })] } }, ['data']),
          ...errorsOf(413, 415),
        },
      },
    },
    '/api/v1/auth/refresh': {
      post: {
        ...head('refresh', 'Tokens', 'Refresh a login', 'A refresh token works once.'),
        ...public_,
        requestBody: jsonBody(object({ refresh_token: text, scope: text }, ['refresh_token'])),
        responses: { 200: answer('New tokens.', { data: ref('Tokens') }, ['data']), ...errorsOf(409, 413, 415) },
      },
    },
    '/api/v1/auth/logout': {
      post: {
        ...head('logout', 'Tokens', 'Log out', 'Ends the login of the access token, or of the refresh token in the body.'),
        security: [{ Bearer: [] }, { AccessToken: [] }, {}],
        requestBody: { ...jsonBody(object({ refresh_token: text }, [])), required: false },
        responses: {
          200: answer('Ended.', { data: { ...anyObject, type: ['object', 'null'], description: 'Null.' }, message: text }, [
            'data',
          ]),
          ...errorsOf(413, 415),
        },
      },
    },
    '/auth/token/apikey': {
      post: {
        ...head('exchange', 'Tokens', 'Exchange a key for a token', 'The token has the rights of the key, and ends with it.'),
        security: [{ ApiKey: [] }, { ApiKeyShort: [] }, { Bearer: [] }, { Basic: [] }, {}],
        requestBody: { ...jsonBody(object({ api_key: text, apikey: text, key: text, scope: text }, [])), required: false },
        responses: { 200: { ...tokens, content: json({ allOf: [ref('Tokens'), object({ user_id: ref('Id') })] }) }, ...refused },
      },
    },
    '/api/oauth/token': {
      post: {
        ...head(
          'token',
          'Tokens',
          'Get a token',
          'RFC 6749: a client’s credentials, a code with its PKCE verifier, a refresh token.',
        ),
        ...public_,
        requestBody: form('TokenForm'),
        responses: { 200: tokens, ...refused },
      },
    },
    '/api/oauth/revoke': {
      post: {
        ...head('revoke', 'Tokens', 'End a token', 'RFC 7009.'),
        ...public_,
        requestBody: form('TokenNamed'),
        responses: {
          200: { description: 'The token is no longer valid.', headers: headersOf(), content: json(anyObject) },
          ...refused,
        },
      },
    },
    '/api/oauth/introspect': {
      post: {
        ...head('introspect', 'Tokens', 'Check a token', 'RFC 7662.'),
        ...public_,
        requestBody: form('TokenNamed'),
        responses: {
          200: {
            description: 'The state of the token.',
            headers: headersOf(),
            content: json(object({ active: { type: 'boolean' } })),
          },
          ...refused,
        },
      },
    },
    '/api/oauth/clients': {
      get: {
        ...head('clients', 'OAuth2 clients', 'List', 'For gateway managers.'),
        responses: {
          200: {
            description: 'The clients.',
            headers: headersOf(),
            content: json(object({ clients: list(ref('OAuthClient')) })),
          },
          ...refused,
        },
      },
      post: {
        ...head('client.create', 'OAuth2 clients', 'Create', 'For gateway managers. Only this answer contains the secret.'),
        requestBody: jsonBody(
          {
            ...object(
              {
                client_name: { type: 'string', minLength: 1, maxLength: 200 },
                scope: text,
                user_id: ref('Id'),
                login: text,
                ip_list: text,
                profile_id: ref('Id'),
                expires_at: { ...text, format: 'date-time' },
              },
              ['client_name'],
            ),
            additionalProperties: false,
          },
          { client_name: 'Web shop', scope: 'read' },
        ),
        responses: { 201: { description: 'Created.', headers: headersOf(), content: json(ref('OAuthClient')) }, ...refused },
      },
      delete: {
        ...head('client.revoke_by_query', 'OAuth2 clients', 'Revoke', 'For gateway managers. The query names the client.'),
        parameters: [{ name: 'client_id', in: 'query', required: true, description: "The client's client_id.", schema: text }],
        responses: { 200: revoked, ...refused },
      },
    },
    '/api/oauth/clients/{client}': {
      delete: {
        ...head('client.revoke', 'OAuth2 clients', 'Revoke', 'For gateway managers.'),
        parameters: [{ name: 'client', in: 'path', required: true, description: 'Its client_id.', schema: text }],
        responses: { 200: revoked, ...refused },
      },
    },
    '/.well-known/oauth-authorization-server': {
      get: {
        ...head('metadata', 'Tokens', 'Metadata of the token endpoints', 'RFC 8414.'),
        ...public_,
        responses: {
          200: {
            description: 'The metadata.',
            headers: headersOf(),
            content: json(object({ issuer: text, token_endpoint: text })),
          },
          ...errorsOf(),
        },
      },
    },
  };
}

function head(operationId: string, tag: string, summary: string, description: string): Record<string, unknown> {
  return { operationId, tags: [tag], summary, description };
}

function json(schema: Schema): Record<string, Schema> {
  return { 'application/json': { schema } };
}

function failing(description: string, schema: string): Schema {
  return { description, headers: headersOf('Retry-After', 'WWW-Authenticate'), content: json(ref(schema)) };
}
