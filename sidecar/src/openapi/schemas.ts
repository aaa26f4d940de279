// The schemas that are the same in every document: ids and links, envelopes of answers, errors.

import { catalogue } from '../errors.ts';
import type { Schema } from './description.ts';
import { anyObject, list, ref } from './fields.ts';

/**
 * Adds null to the types of the schema itself, because generators turn a separate schema that is only null into a class, or
 * fail on it.
 */
const orNull = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });
const id: Schema = { type: 'integer', minimum: 1, maximum: 2_147_483_647 };
const link: Schema = {
  ...anyObject,
  description: 'A linked record: its id and name, or the fields that were requested with dots in `fields`.',
  required: ['id'],
  properties: { id: ref('Id'), name: { type: ['string', 'null'] } },
};
const linkTo = 'The id of a record, or an object with its id, as you read it.';

/**
 * The schema has one named field, because generators turn an object without named fields into a map, which cannot be part of a
 * union.
 */
export const anyValues: Schema = {
  ...anyObject,
  properties: { name: { description: 'The name of the record, in most models.' } },
};

export const schemas: Readonly<Record<string, Schema>> = {
  Id: id,
  Link: link,
  LinkOrNull: orNull(link),
  Links: {
    description: 'Ids of linked records, or objects if their fields were requested.',
    ...list({ anyOf: [ref('Id'), ref('Link')] }),
  },
  ReferenceOrNull: {
    type: ['object', 'null'],
    required: ['model', 'id'],
    properties: { model: { type: 'string' }, id: ref('Id') },
  },
  LinkTo: { description: linkTo, anyOf: [id, ref('Linked')] },
  LinkToOrNull: { description: linkTo, anyOf: [orNull(id), ref('Linked')] },
  Linked: { ...anyObject, required: ['id'], properties: { id: ref('Id') } },
  LinksTo: {
    description:
      'A list is merged: an object without `id` is created, one with `id` changed, one with `_remove` removed; ids are linked. ' +
      '`{"set": […]}` replaces the whole list. Odoo’s command tuples work, too.',
    anyOf: [orNull(list(ref('LinkChange'))), ref('LinkSet')],
  },
  // The parts have names, because names that generators invent collide.
  LinkChange: { anyOf: [ref('Id'), ref('AnyValues'), list()] },
  LinkSet: { type: 'object', required: ['set'], properties: { set: list() }, additionalProperties: false },
  Meta: {
    type: 'object',
    properties: {
      limit: { type: 'integer' },
      offset: { type: 'integer' },
      total: { type: 'integer', description: 'With `count`.' },
      next: { type: 'string', description: 'The `cursor` of the next page.' },
      count: { type: 'integer', description: 'The number of entries in this answer.' },
      omitted: { ...list({ type: 'string' }), description: 'Fields that you may not read.' },
      ignored: {
        ...list({ type: 'string' }),
        description: 'Ignored values: fields that the resource does not have, and read-only fields that you sent unchanged.',
      },
      dry_run: { ...anyObject, description: 'What a dry run would change.' },
    },
  },
  IdOnly: { type: 'object', required: ['id'], properties: { id: ref('Id') } },
  AnyRecord: { ...anyObject, required: ['id'], properties: { id: ref('Id') } },
  AnyValues: anyValues,
  AnyValuesOrList: { anyOf: [ref('AnyValues'), { ...list(ref('AnyValues')), minItems: 1 }] },
  Reason: { type: 'string', enum: Object.keys(catalogue) },
  Error: {
    type: 'object',
    required: ['success', 'error'],
    properties: {
      success: { const: false },
      error: ref('Fault'),
    },
  },
  Fault: {
    type: 'object',
    required: ['code', 'message', 'reason', 'request_id'],
    properties: {
      code: { type: 'integer', description: 'The HTTP status.' },
      message: { type: 'string' },
      reason: ref('Reason'),
      request_id: { type: 'string' },
      details: anyObject,
    },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457, for `Accept: application/problem+json`.',
    required: ['type', 'title', 'status', 'detail', 'instance', 'reason', 'request_id'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string', format: 'uri' },
      reason: ref('Reason'),
      request_id: { type: 'string' },
      details: anyObject,
    },
  },
  TextError: {
    type: 'object',
    required: ['success', 'error'],
    properties: { success: { const: false }, error: { type: 'string' } },
  },
  OAuthError: {
    type: 'object',
    description: 'RFC 6749, section 5.2.',
    required: ['error', 'error_description', 'reason', 'request_id'],
    properties: {
      error: { type: 'string' },
      error_description: { type: 'string' },
      reason: ref('Reason'),
      request_id: { type: 'string' },
    },
  },
};
