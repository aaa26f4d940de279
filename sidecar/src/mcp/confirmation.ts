// A confirmation proves that the effects of a call were shown, and contains the key that makes the call happen only once. It is
// signed with a secret that all sidecars of the database share. It is valid for five minutes, for one caller with one grant,
// and for one tool with these arguments. Nothing is stored before it is used.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { perDatabase } from '../db/database.ts';
import { LivingSecrets } from '../db/living_secrets.ts';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';

const goodForMs = 5 * 60_000;
const form = /^([\w-]{22})\.([0-9a-z]{8,10})\.([\w-]{43})$/;

const secretsOf = perDatabase((database) => new LivingSecrets(database, 'confirmation'));

/** @param call the tool and its arguments */
export async function makeConfirmation(context: RequestContext, call: readonly unknown[]): Promise<string> {
  const { value } = await secretsOf(context.database).newest();
  const nonce = randomBytes(16).toString('base64url');
  const until = (Date.now() + goodForMs).toString(36);
  return `${nonce}.${until}.${signatureOf(value, nonce, until, context, call).toString('base64url')}`;
}

/** The idempotency key of the call. Throws `agent.confirmation`. */
export async function checkConfirmation(context: RequestContext, call: readonly unknown[], text: string): Promise<string> {
  const [, nonce = '', until = '', signature = ''] = form.exec(text) ?? [];
  if (nonce === '' || Number.parseInt(until, 36) < Date.now()) throw new GatewayError('agent.confirmation');
  const given = Buffer.from(signature, 'base64url');
  const secrets = secretsOf(context.database);
  for (const known of [await secrets.all(), (await secrets.reloaded()) ?? []]) {
    for (const { value } of known) {
      if (timingSafeEqual(signatureOf(value, nonce, until, context, call), given)) return `agent:${nonce}`;
    }
  }
  throw new GatewayError('agent.confirmation');
}

/** JSON contains no raw line feed, so the end of each part is unambiguous. */
function signatureOf(secret: Buffer, nonce: string, until: string, context: RequestContext, call: readonly unknown[]): Buffer {
  const { database, principal } = context;
  const { scopes, models } = principal.grant;
  const bound = [database.channel.uuid, principal.userId, principal.consumer, scopes, models, ...call];
  return createHmac('sha256', secret)
    .update(`${nonce}\n${until}\n${JSON.stringify(inOrder(bound))}`)
    .digest();
}

/** Language models may write the same arguments in another order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, inOrder(inner)]);
}
