// Any model's records: GET /api/v1/<model> and /api/v1/<model>/<id>.

import { success } from '../answer.ts';
import type { Answer, RequestContext, Route } from '../context.ts';
import type { Settings } from '../db/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Domain } from '../odoo/domain.ts';
import { parseDomain } from '../odoo/domain.ts';
import type { Odoo } from '../odoo/execute.ts';
import { requireExposed } from '../odoo/exposure.ts';
import type { FieldTree } from '../odoo/fields.ts';
import { parseFields } from '../odoo/fields.ts';
import type { Metadata } from '../odoo/metadata.ts';
import type { Records } from '../odoo/operations.ts';
import { asRecords } from '../odoo/operations.ts';
import { shapeRows } from '../odoo/shape.ts';
import { readQuery, wholeNumber } from './query.ts';

const modelName = /^[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*$/;
const orderTerm = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$/i;
/** Postgres' integer: no record of Odoo has a greater id. */
const greatestId = 2_147_483_647;

export interface ListQuery {
  readonly domain: Domain;
  readonly fields: FieldTree | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly order: string | undefined;
}

export function recordRoutes(odoo: Odoo, metadata: Metadata): Route[] {
  async function shaped(
    context: RequestContext,
    model: string,
    fields: FieldTree | undefined,
    result: unknown,
  ): Promise<Records> {
    const found = asRecords(result);
    const [first] = found.records;
    if (first === undefined) return found;
    const typesOf = await metadata.typesBehind(context, model, fields, Object.keys(first));
    const startedAt = performance.now();
    shapeRows(found.records, model, fields, typesOf);
    context.timings.shape = performance.now() - startedAt;
    return found;
  }

  async function list(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const { domain, fields, limit, offset, order } = parseListQuery(context.request.url, context.database.settings);
    const [result] = await odoo.read(context, [{ op: 'search', model, domain, fields, limit, offset, order }]);
    const { records, omitted } = await shaped(context, model, fields, result);
    return success(records, { limit, offset, ...named(omitted) });
  }

  async function one(context: RequestContext): Promise<Answer> {
    const model = requestedModel(context);
    const id = requestedId(context);
    const query = readQuery(context.request.url, ['fields']);
    const fields = query.fields === undefined ? undefined : parseFields(query.fields);
    const [result] = await odoo.read(context, [{ op: 'read', model, ids: [id], fields }]);
    const { records, omitted } = await shaped(context, model, fields, result);
    const [record] = records;
    if (record === undefined) throw missing(model, id);
    return success(record, omitted.length > 0 ? named(omitted) : undefined);
  }

  return [
    { name: 'records.list', method: 'GET', path: '/api/v1/:model', access: 'authenticated', handle: list },
    { name: 'records.one', method: 'GET', path: '/api/v1/:model/:id', access: 'authenticated', handle: one },
  ];
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

/** Throws `odoo.model` for what no model can be called, `odoo.exposure` for what nobody reaches. */
function requestedModel({ request, database }: RequestContext): string {
  const model = String(request.params['model']);
  if (!modelName.test(model)) {
    throw new GatewayError('odoo.model', { message: `There is no model "${model}".`, details: { model } });
  }
  requireExposed(database, model);
  return model;
}

function requestedId({ request }: RequestContext): number {
  const text = String(request.params['id']);
  const id = wholeNumber(text);
  if (id === undefined || id === 0) {
    const message = `The record id must be a positive whole number, not "${text}".`;
    throw new GatewayError('route.record_id', { message, details: { id: text } });
  }
  if (id > greatestId) throw missing(String(request.params['model']), id);
  return id;
}

function missing(model: string, id: number): GatewayError {
  return new GatewayError('odoo.missing', {
    message: `${model} ${id} does not exist, or your user may not see it.`,
    details: { model, id },
  });
}

function named(omitted: readonly string[]): { omitted?: readonly string[] } {
  return omitted.length > 0 ? { omitted } : {};
}
