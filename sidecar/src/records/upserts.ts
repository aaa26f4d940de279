// Writes records by a key of the caller: PUT /api/v1/<model>/by/<key>/<value>, a list of them to PUT /api/v1/<model>/by/<key>,
// and the batch's operation `upsert`.

import { GatewayError } from '../errors.ts';
import { asWritten } from '../executor/operations.ts';
import { requestedModel } from '../executor/target.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import type { Outcome, Parts, Row } from './collection.ts';
import { parseFields } from './fields.ts';
import { asObject } from './record_shapes.ts';

const keyFormat = /^[A-Za-z_]\w{0,127}$/;
const longestValue = 256;

/** Changes or creates the record. `meta.created` says which of the two happened. */
export async function upsert(parts: Parts, context: RequestContext): Promise<Outcome> {
  const { key, value } = checkKey(context.request.params['key'], context.request.params['value'], 'The path');
  const { records, ids, created, ignored } = await upsertAll(parts, context, key, [[value, asObject(context.body)]]);
  const [isNew = false] = created;
  return { data: records[0] ?? {}, meta: { created: isNew, ignored }, id: isNew ? ids[0] : undefined };
}

/** Each record of the body contains its key. For each of them, `meta.created` says whether it is new. */
export async function upsertList(parts: Parts, context: RequestContext): Promise<Outcome> {
  const { body } = context;
  if (!Array.isArray(body) || body.length === 0) {
    throw new GatewayError('body.form', { message: 'The body must be a list of records, each with its key.' });
  }
  const items = body.map((item: unknown, i): readonly [string, Row] => {
    const at = `The body[${i}]`;
    const record = asObject(item, at);
    const { key, value } = checkKey(context.request.params['key'], record[String(context.request.params['key'])], at);
    const { [key]: _, ...values } = record;
    return [value, values];
  });
  const { records, created, ignored } = await upsertAll(parts, context, String(context.request.params['key']), items);
  return { data: records, meta: { count: records.length, created, ignored } };
}

async function upsertAll(
  { odoo, shapes }: Parts,
  context: RequestContext,
  key: string,
  items: readonly (readonly [string, Row])[],
): Promise<{ records: Row[]; ids: readonly number[]; created: readonly boolean[]; ignored: readonly string[] | undefined }> {
  const model = requestedModel(context);
  const { fields: asked } = readQuery(context.asked.url, ['fields'], { lists: ['fields'] });
  const fields = asked === undefined ? undefined : parseFields(asked);
  const bodies = await shapes.parse(
    context,
    model,
    items.map(([, values]) => values),
  );
  const keyed = items.map(([value], i) => ({ value, values: bodies[i] ?? {} }));
  const [result] = await odoo.execute(context, [
    { op: 'upsert', model, key, items: keyed, fields, namespace: namespaceOf(context) },
  ]);
  const written = asWritten(result);
  const { ids, created = [], ignored } = written;
  return { records: await shapes.written(context, model, fields, written), ids, created, ignored };
}

/** Checks a key and its value. Throws `body.form`. @param at the position of the key, for the message */
export function checkKey(key: unknown, value: unknown, at: string): { key: string; value: string } {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof key !== 'string' || !keyFormat.test(key) || typeof text !== 'string' || text === '' || text.length > longestValue) {
    const message = `${at} must contain a key (external_id or a field) and its value (a string of at most ${longestValue} characters).`;
    throw new GatewayError('body.form', { message, details: { key } });
  }
  return { key, value: text };
}

/** Each credential has its own external ids, in this namespace. */
export function namespaceOf({ principal }: RequestContext): string {
  return principal.consumer.replace(':', '_');
}
