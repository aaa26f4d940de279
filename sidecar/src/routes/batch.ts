// POST /api/v1/batch: several operations in one transaction, all or nothing; later ones may refer to earlier ones.

import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { Operation, Written } from '../executor/operations.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { Batch, batchItems } from '../records/batch.ts';
import { checkMaxAffected } from '../records/found_writes.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { withPreferences } from './preferences.ts';

export function batchRoute(odoo: Odoo, shapes: RecordShapes): Route {
  async function handle(context: RequestContext): Promise<Answer> {
    readQuery(context.asked.url, []);
    const items = batchItems(context.body, context.database.settings['batch.max']);
    const { max_affected: most } = context.body as { readonly max_affected?: unknown };
    if (most !== undefined) context.maxAffected = checkMaxAffected(most);
    const batch = new Batch(shapes, context);
    const operations = await batch.parse(items);
    const results = await odoo.execute(context, operations).catch((error: unknown) => {
      throw namingOperation(error, operations);
    });
    const data: unknown[] = [];
    for (const [i, operation] of operations.entries()) {
      const { ignored, created } = (results[i] ?? {}) as Partial<Written>;
      const meta = isWrite(operation) && (ignored ?? created) !== undefined ? { ignored, created: created?.[0] } : undefined;
      data.push({ id: operation.name, data: await batch.shape(operation, results[i]), meta });
    }
    return success(data, { count: data.length });
  }

  return {
    name: 'batch',
    method: 'POST',
    path: '/api/v1/batch',
    access: 'authenticated',
    kind: 'write',
    operations: ({ body }) => (Array.isArray(body) ? body.length : countIn(body)),
    handle: withPreferences(shapes, handle),
  };
}

function isWrite({ op }: Operation): boolean {
  return op === 'create' || op === 'write' || op === 'upsert';
}

function countIn(body: unknown): number {
  if (typeof body !== 'object' || body === null || !('operations' in body)) return 1;
  return Array.isArray(body.operations) ? Math.max(1, body.operations.length) : 1;
}

/** Adds the name of the operation that failed to an error. None of the operations was carried out. */
function namingOperation(
  error: unknown,
  operations: readonly { readonly name?: string | undefined; readonly op: string }[],
): unknown {
  if (!(error instanceof GatewayError) || error.operation === undefined) return error;
  const { operation: index, reason, message, details, cause } = error;
  const name = operations[index]?.name;
  const which = name === undefined ? `operations[${index}]` : `operations[${index}] (${name})`;
  return new GatewayError(reason, {
    message: `${which}: ${message}`,
    details: { ...details, operation: index, operation_id: name },
    cause,
    operation: index,
  });
}
