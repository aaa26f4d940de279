// Reading any model's records: GET /api/v1/<model> and /api/v1/<model>/<id>.

import { success } from '../answer.ts';
import type { Answer, RequestContext, Route } from '../context.ts';
import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Domain } from '../odoo/domain.ts';
import { parseDomain } from '../odoo/domain.ts';
import type { Odoo } from '../odoo/execute.ts';
import type { FieldTree } from '../odoo/fields.ts';
import { parseFields } from '../odoo/fields.ts';
import { asRecords } from '../odoo/operations.ts';
import type { RecordShapes } from '../odoo/records.ts';
import { missing, requestedId, requestedModel } from '../odoo/target.ts';
import { readQuery, wholeNumber } from './query.ts';

const orderTerm = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$/i;

export interface ListQuery {
  readonly domain: Domain;
  readonly fields: FieldTree | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly order: string | undefined;
}

export function recordRoutes(odoo: Odoo, shapes: RecordShapes): Route[] {
  async function list(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const { domain, fields, limit, offset, order } = parseListQuery(context.request.url, context.database.settings);
    const [result] = await odoo.read(context, [{ op: 'search', model, domain, fields, limit, offset, order }]);
    const { records, omitted } = asRecords(result);
    await shapes.shape(context, model, fields, records);
    return success(records, { limit, offset, ...named(omitted) });
  }

  async function one(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const id = requestedId(context);
    const fields = parseFieldsQuery(context.request.url);
    const [result] = await odoo.read(context, [{ op: 'read', model, ids: [id], fields }]);
    const { records, omitted } = asRecords(result);
    await shapes.shape(context, model, fields, records);
    const [record] = records;
    if (record === undefined) throw missing(model, id);
    return success(record, omitted.length > 0 ? named(omitted) : undefined);
  }

  return [
    { name: 'records.list', method: 'GET', path: '/api/v1/:model', access: 'authenticated', handle: list },
    { name: 'records.one', method: 'GET', path: '/api/v1/:model/:id', access: 'authenticated', handle: one },
  ];
}

/** The one parameter of endpoints that answer with a record. */
export function parseFieldsQuery(url: string): FieldTree | undefined {
  const { fields } = readQuery(url, ['fields']);
  return fields === undefined ? undefined : parseFields(fields);
}
/** Throws the `query.…` reason of the first parameter that is wrong. */
export function parseListQuery(url: string, settings: Settings): ListQuery {
  const query = readQuery(url, ['domain', 'fields', 'limit', 'offset', 'order']);
  return {
    domain: query.domain === undefined ? [] : parseDomain(query.domain),
    fields: query.fields === undefined ? undefined : parseFields(query.fields),
    limit: parseLimit(query.limit, settings),
    offset: parseOffset(query.offset),
    order: query.order === undefined ? undefined : parseOrder(query.order),
  };
}

function parseLimit(text: string | undefined, settings: Settings): number {
  const most = settings['limit.max'];
  if (text === undefined) return Math.min(settings['limit.default'], most);
  const limit = wholeNumber(text);
  if (limit === undefined || limit < 1 || limit > most) {
    const message = `limit must be a whole number from 1 to ${most}, not "${text}".`;
    throw new GatewayError('query.limit', { message, details: { limit: text, max: most } });
  }
  return limit;
}

function parseOffset(text: string | undefined): number {
  const offset = text === undefined ? 0 : wholeNumber(text);
  if (offset === undefined) {
    const message = `offset must be a whole number from 0, not "${text}".`;
    throw new GatewayError('query.offset', { message, details: { offset: text } });
  }
  return offset;
}

function parseOrder(text: string): string {
  for (const term of text.split(',')) {
    if (!orderTerm.test(term.trim())) {
      const message = `order: "${term.trim()}" is not a field with asc or desc, like "name desc".`;
      throw new GatewayError('query.order', { message, details: { order: text } });
    }
  }
  return text;
}

function named(omitted: readonly string[]): { omitted?: readonly string[] } {
  return omitted.length > 0 ? { omitted } : {};
}
