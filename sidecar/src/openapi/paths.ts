// The paths of a model, the paths of a resource, and the paths that are the same for all models.

import { contextParameters, errorsOf, headersOf, parameter } from './components.ts';
import type { ModelDescription, ResourceDescription, Rights, Schema } from './description.ts';
import { anyObject, exampleOf, list, ref } from './fields.ts';

export type Paths = Record<string, Record<string, unknown>>;

/** A model or resource: its path, and the schemas of its records. */
interface Place {
  readonly path: string;
  readonly tag: string;
  /** The beginning of operation ids: without blanks, because generators turn them into function names. */
  readonly name: string;
  readonly rights: Rights;
  /** A narrower scope that is also enough for the action. */
  readonly scope: (action: string) => string | undefined;
  readonly record: Schema;
  readonly newValues: Schema;
  readonly values: Schema;
  /** The values of one new record or a list of them, as named schemas, so that generators do not invent names. */
  readonly newList?: Schema;
  readonly example: unknown;
  /** The parameters of the path, except the id. */
  readonly path_parameters: readonly Schema[];
  readonly query: readonly string[];
  /** Accepts lists of new records, and returns a new record's other fields only on request. */
  readonly isModel: boolean;
}

/** The parameters of all endpoints that write. */
export const writing = ['Idempotency-Key', 'Prefer'].map(parameter);
const written = ['Idempotency-Replayed', 'Preference-Applied'];
const listQuery = ['filter', 'fields', 'order', 'limit', 'offset', 'cursor', 'count'];
const everything: Rights = { read: true, write: true, create: true, delete: true, call: true };

/** An answer in NDJSON. */
const lines: Schema = {
  'application/x-ndjson': { schema: { type: 'string', description: 'One record per line.' } },
};

export function modelPaths({ model, rights, fields }: ModelDescription): Paths {
  return placePaths({
    path: `/api/v1/${model}`,
    tag: model,
    name: model,
    rights,
    scope: (action) => `${model}:${action}`,
    record: ref(model),
    newValues: ref(`${model}-New`),
    values: ref(`${model}-Values`),
    example: exampleOf(fields),
    path_parameters: [],
    query: ['domain', 'archived', ...listQuery],
    isModel: true,
  });
}

export function resourcePaths({ name, rights }: ResourceDescription): Paths {
  return placePaths({
    path: `/api/v1/${name}`,
    tag: name,
    name,
    rights: { ...rights, call: false },
    scope: (action) => `${name}_${action}`,
    record: ref(name),
    newValues: ref(`${name}-New`),
    values: ref(`${name}-Values`),
    example: undefined,
    path_parameters: [],
    query: listQuery,
    isModel: false,
  });
}

export function anyModelPaths(): Paths {
  const anyModel: Place = {
    path: '/api/v1/{model}',
    tag: 'Any model',
    name: 'any_model',
    rights: everything,
    scope: () => undefined,
    record: ref('AnyRecord'),
    newValues: ref('AnyValues'),
    newList: ref('AnyValuesOrList'),
    values: ref('AnyValues'),
    example: { name: 'Azure Interior' },
    path_parameters: [parameter('model')],
    query: ['domain', 'archived', ...listQuery],
    isModel: true,
  };
  const parameters = [...anyModel.path_parameters, ...contextParameters];
  const paths = placePaths(anyModel);
  const many = paths[anyModel.path];
  return {
    ...paths,
    [anyModel.path]: { ...many, patch: writingFound(anyModel, 'patch'), delete: writingFound(anyModel, 'delete') },
    [`${anyModel.path}/by/{key}`]: { parameters, put: upsertingList(anyModel) },
    [`${anyModel.path}/by/{key}/{value}`]: { parameters, put: upserting(anyModel) },
    [`${anyModel.path}/{id}/access`]: { parameters, get: explaining(anyModel) },
    [`${anyModel.path}/aggregate`]: { parameters, get: aggregating(anyModel) },
    [`${anyModel.path}/changes`]: { parameters, get: changing(anyModel) },
    [`${anyModel.path}/ids`]: { parameters, get: listingIds(anyModel) },
    [`${anyModel.path}/search`]: { parameters, post: searching(anyModel) },
  };
}

function placePaths(place: Place): Paths {
  const { path, rights, path_parameters: own } = place;
  const many = {
    ...(rights.read ? { get: listing(place) } : {}),
    ...(rights.create ? { post: creating(place) } : {}),
  };
  const one = {
    ...(rights.read ? { get: reading(place) } : {}),
    ...(rights.write ? { put: updating(place, 'put'), patch: updating(place, 'patch') } : {}),
    ...(rights.delete ? { delete: deleting(place) } : {}),
    ...(rights.call ? { post: calling(place, 'call_model', [parameter('methodOfModel')]) } : {}),
  };
  const method = calling(place, 'call', [parameter('id'), parameter('method')]);
  const paths: Paths = {};
  const parameters = [...own, ...contextParameters];
  if (Object.keys(many).length > 0) paths[path] = { parameters, ...many };
  if (Object.keys(one).length > 0) paths[`${path}/{id}`] = { parameters, ...one };
  if (rights.call) paths[`${path}/{id}/{method}`] = { parameters, post: method };
  return paths;
}

function listing(place: Place): Schema {
  const data = list(place.record);
  // Only the description mentions the media types of exports: if they were listed, orval 8.38.0 would mistake every list for a
  // stream.
  const page = answer('A page of records.', { data, meta: ref('Meta') }, ['data', 'meta'], ['Link']);
  return {
    ...head(place, 'list', 'read', 'List'),
    description: `${needs(place, 'read')} With \`Accept: application/x-ndjson\` or \`text/csv\`, all records are exported.`,
    parameters: place.query.map(parameter),
    responses: { 200: page, ...errorsOf() },
  };
}

/** The path that lists ids and versions, for checking a copy. */
function listingIds(place: Place): Schema {
  return {
    ...head(place, 'ids', 'read', 'Ids and versions'),
    parameters: ['filter', 'domain', 'archived', 'limit', 'after'].map(parameter),
    responses: {
      200: {
        description: 'Lines like `{"id": 7, "version": "2026-11-22T10:00:00Z"}`; `version` is when it was last written.',
        headers: headersOf(),
        content: lines,
      },
      ...errorsOf(),
    },
  };
}

/** The path that accepts a list's parameters in a body. */
function searching(place: Place): Schema {
  const text = { type: 'string' };
  const number = { type: 'integer', minimum: 0 };
  const names = { anyOf: [text, list(text)] };
  const properties = {
    domain: { type: 'array', items: {} },
    filter: { type: 'object', additionalProperties: {} },
    fields: names,
    order: names,
    limit: { ...number, minimum: 1 },
    offset: number,
    cursor: text,
    count: { type: 'string', enum: ['none', 'exact', 'estimated'] },
    archived: { type: 'string', enum: ['exclude', 'include', 'only'] },
  };
  const example = { domain: [['id', '>', 0]], fields: ['display_name'], limit: 1 };
  return {
    ...head(place, 'search', 'read', 'Search'),
    requestBody: jsonBody({ type: 'object', additionalProperties: false, properties }, example),
    responses: {
      200: answer('A page of records.', { data: list(place.record), meta: ref('Meta') }, ['data', 'meta']),
      ...errorsOf(413, 415, 422),
    },
  };
}

/** The path that counts and sums by groups. */
function aggregating(place: Place): Schema {
  const data = list({ type: 'object', additionalProperties: {} });
  const number = { type: 'integer', minimum: 0 };
  const timezone = { type: 'string', description: 'The time zone in which times are grouped.' };
  const meta = {
    type: 'object',
    required: ['limit', 'offset', 'timezone'],
    properties: { limit: number, offset: number, timezone },
  };
  return {
    ...head(place, 'aggregate', 'read', 'Count and sum by groups'),
    parameters: [
      ...['group', 'measures', 'having', 'aggregateOrder', 'filter', 'domain', 'archived', 'limit', 'offset'].map(parameter),
    ],
    responses: {
      200: answer('The groups, with a property for each grouping and measure.', { data, meta }, ['data', 'meta'], ['Link']),
      ...errorsOf(422),
    },
  };
}

/** The path that explains why a record may be read, changed or deleted, or why not. */
function explaining(place: Place): Schema {
  const text = { type: 'string' };
  const names = list(text);
  const allowed = { type: 'boolean' };
  const kind = { type: 'string', enum: ['scope', 'access_right', 'record_rule'] };
  const check = {
    type: 'object',
    required: ['check', 'allowed'],
    properties: { check: kind, allowed, why: text, scope: text, groups: names, rules: names },
  };
  const action = {
    type: 'object',
    required: ['allowed', 'why', 'checks'],
    properties: { allowed, why: text, checks: list(check) },
  };
  const actions = { type: 'object', properties: { read: action, write: action, create: action, delete: action } };
  const data = { type: 'object', required: ['model', 'actions'], properties: { model: text, id: ref('Id'), actions } };
  return {
    ...head(place, 'access', 'read', 'Why it is allowed or refused'),
    description: 'Which scope, access right or record rule decides for your credential. Needs no scope.',
    parameters: [parameter('id')],
    responses: { 200: answer('Whether each action is allowed, and why.', { data }, ['data']), ...errorsOf() },
  };
}

/** The path that returns changes of synced models and their resources. */
function changing(place: Place): Schema {
  const reason = { type: 'string', enum: ['deleted', 'not_visible'] };
  const removed = { type: 'object', required: ['id', 'reason'], properties: { id: ref('Id'), reason } };
  const data = {
    type: 'object',
    required: ['upserts', 'removed'],
    properties: { upserts: list(place.record), removed: list(removed) },
  };
  const more = { type: 'boolean', description: 'Whether further changes are already available.' };
  const next = { type: 'string', description: '`since` of the next request.' };
  const sequence = {
    type: 'integer',
    description: 'The number of the newest change that you now have, as in events of webhooks.',
  };
  const meta = { type: 'object', required: ['next', 'sequence', 'more'], properties: { next, sequence, more } };
  const part = answer(
    'Records as you read them now, and ids of records that were deleted or are no longer visible.',
    { data, meta },
    ['data', 'meta'],
  );
  return {
    ...head(place, 'changes', 'read', 'What changed'),
    description: `${needs(place, 'read')} Works for models that a manager has added to the synced models.`,
    parameters: ['since', 'wait', 'filter', 'domain', 'fields', 'limit'].map(parameter),
    responses: {
      200: { ...part, content: { ...(part['content'] as Schema), 'text/event-stream': { schema: { type: 'string' } } } },
      ...errorsOf(410),
    },
  };
}

function reading(place: Place): Schema {
  return {
    ...head(place, 'read', 'read', 'Read one'),
    parameters: [parameter('id'), parameter('fields'), parameter('If-None-Match')],
    responses: {
      200: answer('The record.', { data: place.record, meta: ref('Meta') }, ['data'], ['ETag']),
      304: { description: 'The record still has this ETag.', headers: headersOf('ETag') },
      ...errorsOf(),
    },
  };
}

function creating(place: Place): Schema {
  const { newValues, record, isModel, example } = place;
  const many = place.newList ?? { anyOf: [newValues, { ...list(newValues), minItems: 1 }] };
  const schema = isModel ? many : newValues;
  const data = isModel ? { anyOf: [record, list(record)] } : record;
  return {
    ...head(place, 'create', 'write', 'Create'),
    ...(isModel ? { description: `${needs(place, 'write')} A list creates all of its records, or none of them.` } : {}),
    parameters: [...(isModel ? [parameter('fields')] : []), ...writing],
    requestBody: jsonBody(schema, example),
    responses: {
      201: answer('Created.', { data, message: { type: 'string' }, meta: ref('Meta') }, ['data'], ['Location', ...written]),
      200: answer('The result of a dry run.', { data, meta: ref('Meta') }, ['data', 'meta'], ['Preference-Applied']),
      ...errorsOf(409, 413, 415, 422),
    },
  };
}

function updating(place: Place, verb: 'put' | 'patch'): Schema {
  const { values, record, isModel, example } = place;
  return {
    ...head(place, verb === 'put' ? 'update' : 'patch', 'write', verb === 'put' ? 'Update' : 'Update partly'),
    parameters: [parameter('id'), ...(isModel ? [parameter('fields')] : []), parameter('If-Match'), ...writing],
    requestBody: jsonBody(values, example),
    responses: {
      200: answer(
        'Changed. Fields that you did not send keep their values.',
        { data: record, message: { type: 'string' }, meta: ref('Meta') },
        ['data'],
        written,
      ),
      ...errorsOf(409, 412, 413, 415, 422),
    },
  };
}

/** The path that writes a record by a key of the caller. */
function upserting(place: Place): Schema {
  const created = { type: 'boolean', description: 'Whether the record is new.' };
  const meta = { type: 'object', required: ['created'], properties: { created } };
  const done = (what: string) => answer(what, { data: place.record, meta }, ['data', 'meta'], written);
  return {
    ...head(place, 'upsert', 'write', 'Change or create'),
    description: `${needs(place, 'write')} And \`read\`. Each credential has external ids of its own.`,
    parameters: [...['key', 'value', 'fields'].map(parameter), ...writing],
    requestBody: jsonBody(place.values, place.example),
    responses: { 200: done('Changed.'), 201: done('Created.'), ...errorsOf(409, 413, 415, 422) },
  };
}

/** The path that writes a list of records, each with its key. */
function upsertingList(place: Place): Schema {
  const created = { type: 'array', items: { type: 'boolean' }, description: 'Whether each record is new.' };
  const meta = { type: 'object', required: ['count', 'created'], properties: { count: { type: 'integer' }, created } };
  const done = answer('The records.', { data: list(place.record), meta }, ['data', 'meta'], written);
  return {
    ...head(place, 'upsert_list', 'write', 'Change or create many'),
    description: `${needs(place, 'write')} And \`read\`. Each record has its key as a value: \`{"external_id": "crm-7", …}\`.`,
    parameters: [...['key', 'fields'].map(parameter), ...writing],
    requestBody: jsonBody({ ...list(place.values), minItems: 1 }, [{ external_id: 'crm-7', name: 'Azure Interior' }]),
    responses: { 200: done, ...errorsOf(409, 413, 415, 422) },
  };
}

/** The path that writes to all records that a domain finds. */
function writingFound(place: Place, verb: 'patch' | 'delete'): Schema {
  const isDelete = verb === 'delete';
  const done = answer('The records.', { data: list(ref('IdOnly')), meta: ref('Meta') }, ['data', 'meta'], written);
  return {
    ...head(place, `${verb}_found`, isDelete ? 'delete' : 'write', isDelete ? 'Delete all found' : 'Update all found'),
    parameters: [...['filter', 'domain', 'archived', 'max_affected'].map(parameter), ...writing],
    ...(isDelete ? {} : { requestBody: jsonBody(place.values, place.example) }),
    responses: { 200: done, ...errorsOf(409, 413, 415, 422) },
  };
}

function deleting(place: Place): Schema {
  return {
    ...head(place, 'delete', 'delete', 'Delete'),
    parameters: [parameter('id'), parameter('If-Match'), ...writing],
    responses: {
      200: answer('Deleted.', { data: ref('IdOnly'), message: { type: 'string' } }, ['data'], written),
      ...errorsOf(409, 412, 422),
    },
  };
}

function calling(place: Place, operation: string, parameters: readonly Schema[]): Schema {
  const scope = place.scope('call') ?? '<model>:call';
  return {
    ...head(place, operation, 'call', operation === 'call' ? 'Call a method of a record' : 'Call a method'),
    description: `Needs the scope \`call\` or \`${scope}\`; \`read\` is enough for methods that Odoo marks as reading.`,
    parameters: [...parameters, ...writing],
    requestBody: { ...jsonBody(ref('CallArguments'), { args: [], kwargs: {} }), required: false },
    responses: {
      200: answer("The method's raw result.", { data: {}, meta: anyObject }, ['success'], written),
      ...errorsOf(409, 413, 415, 422),
    },
  };
}

function head(place: Place, operation: string, action: string, verb: string): Record<string, unknown> {
  return {
    operationId: `${place.name}.${operation}`,
    tags: [place.tag],
    summary: verb,
    description: needs(place, action),
  };
}

function needs({ scope }: Place, action: string): string {
  const own = scope(action);
  return own === undefined
    ? `Needs the scope \`${action}\`, or the same scope for the model.`
    : `Needs the scope \`${action}\` or \`${own}\`.`;
}

/** The success envelope. */
export function answer(
  description: string,
  properties: Record<string, Schema>,
  required: readonly string[],
  more: readonly string[] = [],
): Schema {
  const schema = {
    type: 'object',
    required: [...new Set(['success', ...required])],
    properties: { success: { const: true }, ...properties },
  };
  return { description, headers: headersOf(...more), content: { 'application/json': { schema } } };
}

export function jsonBody(schema: Schema, example?: unknown): Schema {
  return { required: true, content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } } };
}
