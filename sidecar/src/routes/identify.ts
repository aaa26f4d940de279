// POST /api/identify: Odoo's settings page asks whether this is a sidecar of its database. Both sides prove that they know the
// secret of the internal channel; others learn nothing, not even a version.

import type { KeyObject } from 'node:crypto';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';

export interface Identity {
  readonly version: string;
  readonly schemaVersion: number;
  /** A function that rejects if Odoo does not answer on the channel. */
  readonly probe: (database: Database) => Promise<void>;
}

const question = z.object({
  nonce: z.string().regex(/^[\w-]{16,64}$/),
  /** An HMAC-SHA256 in hexadecimal digits. */
  proof: z.string().regex(/^[0-9a-f]{64}$/),
});

export function identifyRoute({ version, schemaVersion, probe }: Identity): Route {
  async function identify({ database, body }: RequestContext): Promise<Answer> {
    const asked = question.safeParse(body);
    // A copy of the database has another identity and other secrets.
    if (!asked.success || !(await isProven(database, asked.data))) throw new GatewayError('auth.invalid');
    const { nonce } = asked.data;
    const { uuid, secret } = database.channel;
    return success({
      version,
      schema_version: schemaVersion,
      postgres_ms: await timed(() => database.query({ name: 'identify', text: 'select 1' }, [])),
      odoo_ms: await timed(() => probe(database)),
      proof: proof(secret, 'answer', uuid, nonce, version, String(schemaVersion)),
    });
  }
  return {
    name: 'identify',
    method: 'POST',
    path: '/api/identify',
    access: 'anonymous',
    kind: 'read',
    smallBody: 'json',
    handle: identify,
  };
}

async function isProven(database: Database, { nonce, proof: given }: z.infer<typeof question>): Promise<boolean> {
  const holds = () => {
    const { uuid, secret } = database.channel;
    return timingSafeEqual(Buffer.from(proof(secret, 'question', uuid, nonce)), Buffer.from(given));
  };
  if (holds()) return true;
  // The secret may be newer than this process's copy.
  await database.reloadChannel();
  return holds();
}

/** The same computation as in `models/gateway_sidecar_diagnosis.py`. */
function proof(secret: KeyObject, ...said: readonly string[]): string {
  return createHmac('sha256', secret)
    .update(['identify', ...said].join('\n'))
    .digest('hex');
}

/** How many milliseconds the work took; null if it failed. */
async function timed(work: () => Promise<unknown>): Promise<number | null> {
  const startedAt = performance.now();
  try {
    await work();
    return Math.round((performance.now() - startedAt) * 100) / 100;
  } catch {
    return null;
  }
}
