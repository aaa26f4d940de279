// Records by a key of the caller: PUT /api/v1/<model>/by/<key>/<value>, and the batch's operation `upsert`.

import { GatewayError } from '../errors.ts';
import { asWritten } from '../executor/operations.ts';
import { requestedModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import type { Outcome, Parts } from './collection.ts';
import { parseFields } from './fields.ts';
import { asObject } from './record_shapes.ts';

const keyFormat = /^[A-Za-z_]\w{0,127}$/;
const longestValue = 256;

/** Changes or creates the record. `meta.created` says which. */
export async function upsert({ odoo, shapes }: Parts, context: RequestContext): Promise<Outcome> {
  const model = requestedModel(context);
  const { fields: asked } = readQuery(context.asked.url, ['fields'], { lists: ['fields'] });
  const fields = asked === undefined ? undefined : parseFields(asked);
  const { key, value } = checkKey(context.request.params['key'], context.request.params['value'], 'The path');
  const [values = {}] = await shapes.parse(context, model, [asObject(context.body)]);
  const operation = { op: 'upsert', model, key, value, values, fields, namespace: namespaceOf(context) } as const;
  const [result] = await odoo.execute(context, [operation]);
  const written = asWritten(result);
  const [record = {}] = await shapes.written(context, model, fields, written);
  const { created = false, ignored } = written;
  return { data: record, meta: { created, ignored }, id: created ? written.ids[0] : undefined };
}

/** Throws `body.form`. @param at where the key stands, for the message */
export function checkKey(key: unknown, value: unknown, at: string): { key: string; value: string } {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof key !== 'string' || !keyFormat.test(key) || typeof text !== 'string' || text === '' || text.length > longestValue) {
    const message = `${at} must name a key, external_id or a field, and its value, a text of at most ${longestValue} characters.`;
    throw new GatewayError('body.form', { message, details: { key } });
  }
  return { key, value: text };
}

/** Each credential has external ids of its own. */
export function namespaceOf({ principal }: RequestContext): string {
  return principal.consumer.replace(':', '_');
}
