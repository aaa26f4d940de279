// Parses the parts of a request's path: model, method, id.

import type { Request } from 'express';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { requireExposed } from './exposure.ts';

const modelName = /^[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*$/;
const methodName = /^[A-Za-z]\w{0,127}$/;
/** The largest integer of Postgres. Ids in Odoo are not larger. */
const greatestId = 2_147_483_647;

/** The model in the path. Throws `odoo.model` for an invalid model name, `odoo.exposure` for a model that cannot be reached. */
export function requestedModel({ request, database }: RequestContext): string {
  return checkModel(database, request.params['model']);
}

export function checkModel(database: RequestContext['database'], model: unknown): string {
  if (typeof model !== 'string' || model.length > 128 || !modelName.test(model)) {
    const shown = typeof model === 'string' ? model.slice(0, 128) : JSON.stringify(model)?.slice(0, 128);
    throw new GatewayError('odoo.model', { message: `There is no model "${shown}".`, details: { model: shown } });
  }
  requireExposed(database, model);
  return model;
}

/** Names of private methods begin with an underscore, and are refused before Odoo is asked. */
export function checkMethod(method: unknown): string {
  if (typeof method !== 'string' || !methodName.test(method)) {
    const shown = String(method).slice(0, 128);
    throw new GatewayError('odoo.method', { message: `There is no public method "${shown}".`, details: { method: shown } });
  }
  return method;
}

/** The record's id in the path. Throws `route.record_id`, or `odoo.missing` for a number that no record can have. */
export function requestedId({ request }: { request: Request }): number {
  const text = String(request.params['id']);
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id === 0) {
    const message = `The record id must be a positive whole number, not "${text}".`;
    throw new GatewayError('route.record_id', { message, details: { id: text } });
  }
  if (id > greatestId) throw missing(String(request.params['model']), id);
  return id;
}

export function missing(model: string, id: number): GatewayError {
  return new GatewayError('odoo.missing', {
    message: `${model} ${id} does not exist, or your user may not see it.`,
    details: { model, id },
  });
}
