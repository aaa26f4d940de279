// Keyset pages: the end of a page, as a token that the client sends back. It contains the order and the last record's values for
// the order's fields. So every page of a list costs the same, however far down it is, and no record is repeated or skipped
// because others were created or deleted. It is encrypted and signed: the order may use fields that the list does not show, so
// clients must not read its values or create their own cursors. HMAC-SHA256 over the cursor's binding and content is both its
// signature and the start of the key stream (AES-256-CTR), as in RFC 5297: the same position gives the same cursor, and no
// nonce is needed.

import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
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

/** A cursor works only for the database, the user and the list for which it was created. */
export type Binding = readonly unknown[];

/**
 * A cursor is part of a URL and of the header `Link`, and clients and proxies accept at most 16 KiB of headers. The executor
 * creates no larger positions (executor/keyset.py).
 */
const longest = 4_096;
const signatureBytes = 16;
const form = /^[\w-]+$/;

export function sealCursor(secret: Buffer, binding: Binding, { order, after }: Cursor): string {
  const plain = Buffer.from(JSON.stringify([order, ...after]));
  const signature = signatureOf(secret, binding, plain);
  const cipher = createCipheriv('aes-256-ctr', keysOf(secret).encryption, signature);
  return Buffer.concat([signature, cipher.update(plain), cipher.final()]).toString('base64url');
}

/** The content of a cursor; undefined unless the cursor was sealed with one of the secrets, for this list. */
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

/** JSON contains no raw line feed, so the end of the binding is unambiguous. */
function signatureOf(secret: Buffer, binding: Binding, plain: Buffer): Buffer {
  const hmac = createHmac('sha256', keysOf(secret).signature)
    .update(`${JSON.stringify(binding)}\n`)
    .update(plain);
  return hmac.digest().subarray(0, signatureBytes);
}

/**
 * A secret's keys as KeyObjects. If they were buffers, Node would convert them each time, which costs several times as much as
 * the rest of a cursor.
 */
interface Keys {
  readonly signature: KeyObject;
  readonly encryption: KeyObject;
}

const derived = new WeakMap<Buffer, Keys>();

function keysOf(secret: Buffer): Keys {
  let keys = derived.get(secret);
  if (keys === undefined) {
    const derive = (use: string) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `cursor ${use}`, 32)));
    keys = { signature: derive('signature'), encryption: derive('encryption') };
    derived.set(secret, keys);
  }
  return keys;
}

/** All sidecars of a database share these secrets. A copy of the database has other secrets. */
const secretsOf = perDatabase((database) => new LivingSecrets(database, 'cursor'));

/**
 * The position in a cursor; undefined without a cursor. Throws `query.cursor`.
 * @param list the list that the cursor must belong to, as values that JSON can express
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

/** A cursor for a position; undefined if there is no position. */
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
