// Plans as Odoo compiles them for a user, to run their statements without a sidecar.

import { createSecretKey } from 'node:crypto';
import { parametersOf } from '../../sidecar/src/compiled/parameters.ts';
import type { Plan } from '../../sidecar/src/compiled/plan.ts';
import { readPlan } from '../../sidecar/src/compiled/plan.ts';
import { shapeOf } from '../../sidecar/src/compiled/shape_key.ts';
import { OdooChannel } from '../../sidecar/src/executor/channel.ts';
import type { Operation } from '../../sidecar/src/executor/operations.ts';
import type { Instance } from './instance.ts';

export interface Statement {
  plan: Plan;
  text: string;
  values: unknown[];
}

/** Throws if the read is not compiled. */
export async function compileFor(gateway: Instance, login: string, read: Operation): Promise<Statement> {
  const [user] = await gateway.sql<{ id: number }>('select id from res_users where login = $1', [login]);
  const [secret] = await gateway.sql<{ value: Buffer; uuid: string }>(
    "select value, gateway.database_uuid() as uuid from gateway.secrets('channel') limit 1",
  );
  if (user === undefined || secret === undefined) throw new Error('There is no user or no secret.');
  const shape = shapeOf(read);
  if (shape === undefined) throw new Error('The read has no shape.');
  const channel = { uuid: secret.uuid, secret: createSecretKey(secret.value) };
  const odoo = new OdooChannel({ odooUrl: gateway.odoo.url, slots: 1, mostQueued: 1, longestQueueMs: 5_000 });
  const { result } = await odoo.deliver({
    path: '/gateway/read',
    database: {
      name: gateway.database,
      channel,
      log: undefined as never,
      settings: { 'answer.max_bytes': 1_000_000 },
      reloadChannel: async () => {},
    },
    call: {
      request_id: 'bench',
      uid: user.id,
      address: '127.0.0.1',
      context: {},
      grant: { scopes: null, models: null },
      operations: [{ op: 'compile', read: shape.operation } satisfies Operation],
    },
    consumer: 'gateway:bench',
    deadline: Date.now() + 10_000,
    isWanted: () => true,
  });
  if (!result.ok) throw new Error(result.error.message);
  const made = readPlan(result.results[0], { uid: user.id, database: secret.uuid, secret: channel.secret });
  if ('why' in made) throw new Error(`${JSON.stringify(read).slice(0, 200)} is not compiled: ${made.why} ${made.what}`);
  return { plan: made, text: made.text, values: [...parametersOf(made.parameters, shape.values)] };
}
