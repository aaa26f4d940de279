// Receives a file as a body, raw or in a form, into a temporary file: however large it is and however slowly it arrives, it
// takes no memory here and occupies no worker of Odoo.

import { once } from 'node:events';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { GatewayError } from '../errors.ts';
import { free } from '../memory.ts';
import { Running } from '../running.ts';
import type { RequestContext } from './context.ts';
import { Spool } from './spool.ts';

/** How many files may arrive at once on this sidecar. */
const most = { ofOneUser: 4, ofAll: 16 };
const running = new Running();
const mostNameBytes = 255;
/** Allowed in addition to the file: the heads of a form's parts. */
const spareBytes = 65_536;
const mediaType = /^[a-z0-9][\w!#$&^.+-]{0,63}\/[a-z0-9][\w!#$&^.+-]{0,63}$/;
/** The types that clients send by default, when no type was chosen. */
const unchosen = new Set(['application/octet-stream', 'application/x-www-form-urlencoded']);

/** The functions that the step `body` uses for bodies of every kind. */
interface Habits {
  requireUncompressed(encoding: string | undefined): void;
  tooLarge(most: number): GatewayError;
  discard(request: RequestContext['request']): Promise<void>;
}

interface Given {
  readonly name: string | undefined;
  readonly type: string | undefined;
}

/** Sets `context.file`. Throws `file.busy`, `file.form`, `file.storage`, `request.too_large` and what the step throws. */
export async function receiveFile(context: RequestContext, { requireUncompressed, tooLarge, discard }: Habits): Promise<void> {
  const { request, holder } = context;
  const largest = context.database.settings['file.max_bytes'];
  const contentType = request.headers['content-type'] ?? '';
  requireUncompressed(request.headers['content-encoding']);
  const isForm = /^multipart\/form-data\s*(?:;|$)/i.test(contentType);
  const isTooLarge = Number(request.headers['content-length'] ?? 0) > largest + (isForm ? spareBytes : 0);
  const end = isTooLarge ? undefined : running.begin(holder, most.ofOneUser, most.ofAll);
  if (end === undefined) {
    if (!context.awaitsContinue) await discard(request);
    throw isTooLarge ? tooLarge(largest) : new GatewayError('file.busy');
  }
  // `end` is called even if the client has disconnected, or does so while the file is opened.
  context.whenOver(end);
  const since = performance.now();
  if (context.awaitsContinue) context.sayContinue();
  try {
    const spool = await Spool.open(largest, () => tooLarge(largest));
    context.whenOver(() => void spool.close());
    const chunks = chunksOf(context, largest + (isForm ? spareBytes : 0), () => tooLarge(largest));
    const { name, type } = isForm ? await takeForm(chunks, contentType, spool) : await takeRaw(chunks, contentType, spool);
    if (spool.bytes === 0) throw new GatewayError('file.form');
    const { bytes } = spool;
    context.file = { bytes, sha256: spool.digest(), name: fileName(name), type: chosen(type), pieces: () => spool.pieces() };
  } catch (error) {
    await discard(request);
    throw error;
  } finally {
    context.idleMs += performance.now() - since;
  }
}

/** The chunks of the body as they arrive, counted in `context.bytesIn`. Throws `request.incomplete`. */
async function* chunksOf(context: RequestContext, most: number, tooLarge: () => GatewayError): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of context.request.iterator({ destroyOnReturn: false })) {
      context.bytesIn += (chunk as Buffer).length;
      if (context.bytesIn > most) throw tooLarge();
      yield chunk as Buffer;
    }
    if (!context.request.readableEnded) throw new GatewayError('request.incomplete');
  } catch (error) {
    throw error instanceof GatewayError ? error : new GatewayError('request.incomplete', { cause: error });
  }
}

async function takeRaw(chunks: AsyncIterable<Buffer>, type: string, spool: Spool): Promise<Given> {
  await spool.take(freed(chunks));
  return { name: undefined, type };
}

async function* freed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk;
    free(chunk);
  }
}

/** Receives the only file of a form. */
async function takeForm(chunks: AsyncIterable<Buffer>, contentType: string, spool: Spool): Promise<Given> {
  const form = formOf(contentType);
  let found: (Given & { readonly stream: Readable; readonly taken: Promise<void> }) | undefined;
  let failure: unknown;
  const finished = new Promise<void>((resolve, reject) => {
    form.on('file', (_field, stream, name, _encoding, type) => {
      const taken = spool.take(stream.iterator({ destroyOnReturn: false }));
      found = { name, type, stream, taken };
      taken.catch(reject);
    });
    form.once('filesLimit', () => reject(new GatewayError('file.form', { message: 'The form holds more than one file.' })));
    form.once('error', (error: unknown) => reject(new GatewayError('file.form', { cause: error })));
    form.once('finish', resolve);
  });
  finished.catch((error: unknown) => {
    failure = error;
  });
  try {
    for await (const chunk of chunks) {
      if (failure !== undefined) throw failure;
      if (!form.write(chunk)) await Promise.race([once(form, 'drain'), finished]);
    }
    form.end();
    await finished;
    await found?.taken;
  } catch (error) {
    found?.stream.destroy();
    throw error;
  }
  if (found === undefined) throw new GatewayError('file.form', { message: 'The form holds no file.' });
  return found;
}

function formOf(contentType: string): InstanceType<typeof Busboy> {
  const limits = { files: 1, fields: 8, fieldSize: 1_024, parts: 9 };
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (error) {
    throw new GatewayError('file.form', { cause: error }); // no boundary
  }
}

/** The last part of a path, without control characters. */
export function fileName(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const name = basename(given.replaceAll('\\', '/').replaceAll(/\p{Cc}/gu, ''));
  return name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > mostNameBytes ? undefined : name;
}

function chosen(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  return mediaType.test(type) && !unchosen.has(type) ? type : undefined;
}
