// Keyset pages: where a page ended, as a token that the client gives back. It holds the order and the values of its
// fields in the last record, so a page costs the same however far down it is, and no record is shown twice or skipped
// because others came or went.
//
// It is sealed: the order may name fields that the list does not show, so nobody may read its values, nor make a cursor
// of their own. HMAC-SHA256 over what the cursor is bound to and what it holds is both its signature and the start of
// the key stream (AES-256-CTR), as in RFC 5297: the same place gives the same cursor, and there is no nonce to use up.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { perDatabase } from '../db/database.ts';
import { LivingSecrets } from '../db/living_secrets.ts';
import type { Secret } from '../db/secrets.ts';
import { GatewayError } from '../errors.ts';
import type { Place } from '../executor/operations.ts';
import type { RequestContext } from '../pipeline/context.ts';

export interface Cursor {
  readonly order: string;
  readonly after: Place;
}

/** A cursor works for the database, the user and the list that it was given by. */
export type Binding = readonly unknown[];

/** It travels in the path and in the header `Link`; clients and proxies take 16 KiB of headers at most. Odoo's end makes no
 *  place that takes more (executor/keyset.py). */
const longest = 4_096;
const signatureBytes = 16;
const form = /^[\w-]+$/;

export function sealCursor(secret: Buffer, binding: Binding, { order, after }: Cursor): string {
  const plain = Buffer.from(JSON.stringify([order, ...after]));
  const signature = signatureOf(secret, binding, plain);
  const cipher = createCipheriv('aes-256-ctr', keysOf(secret).encryption, signature);
  return Buffer.concat([signature, cipher.update(plain), cipher.final()]).toString('base64url');
}

/** Undefined for all that was not sealed with one of the secrets, for this very list. */
export function openCursor(secrets: readonly Buffer[], binding: Binding, text: string): Cursor | undefined {
  if (text.length > longest || !form.test(text)) return undefined;
  const sealed = Buffer.from(text, 'base64url');
  if (sealed.length <= signatureBytes) return undefined;
  const signature = sealed.subarray(0, signatureBytes);
  for (const secret of secrets) {
    const decipher = createDecipheriv('aes-256-ctr', keysOf(secret).encryption, signature);
    const plain = Buffer.concat([decipher.update(sealed.subarray(signatureBytes)), decipher.final()]);
    if (!timingSafeEqual(signatureOf(secret, binding, plain), signature)) continue;
    const [order, ...after] = JSON.parse(plain.toString('utf8')) as [string, ...Place];
    return { order, after };
  }
  return undefined;
}

/** JSON holds no line feed: where the binding ends is plain. */
function signatureOf(secret: Buffer, binding: Binding, plain: Buffer): Buffer {
  const hmac = createHmac('sha256', keysOf(secret).signature)
    .update(`${JSON.stringify(binding)}\n`)
    .update(plain);
  return hmac.digest().subarray(0, signatureBytes);
}

interface Keys {
  readonly signature: Buffer;
  readonly encryption: Buffer;
}

const derived = new WeakMap<Buffer, Keys>();

function keysOf(secret: Buffer): Keys {
  let keys = derived.get(secret);
  if (keys === undefined) {
    const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `cursor ${use}`, 32));
    keys = { signature: derive('signature'), encryption: derive('encryption') };
    derived.set(secret, keys);
  }
  return keys;
}

/** Shared by all sidecars of a database, and a copy of the database has others. */
const secretsOf = perDatabase((database) => new LivingSecrets(database, 'cursor'));

/**
 * The place that a cursor stands for; undefined without one. Throws `query.cursor`.
 * @param list what the caller's user must page through for the cursor to be good; values that JSON can say
 */
export async function readCursor(context: RequestContext, list: Binding, text: string | undefined): Promise<Cursor | undefined> {
  if (text === undefined) return undefined;
  const secrets = secretsOf(context.database);
  const binding = bindingOf(context, list);
  const open = (known: readonly Secret[] = []) => {
    const values = known.map(({ value }) => value);
    return openCursor(values, binding, text);
  };
  const cursor = open(await secrets.all()) ?? open(await secrets.reloaded());
  if (cursor === undefined) throw new GatewayError('query.cursor', { details: { cursor: text.slice(0, 100) } });
  return cursor;
}

/** Undefined when there is no place. */
export async function writeCursor(
  context: RequestContext,
  list: Binding,
  place: Cursor | undefined,
): Promise<string | undefined> {
  if (place === undefined) return undefined;
  const { value } = await secretsOf(context.database).newest();
  return sealCursor(value, bindingOf(context, list), place);
}

function bindingOf({ database, principal }: RequestContext, list: Binding): Binding {
  return [database.channel.uuid, principal.userId, ...list];
}
