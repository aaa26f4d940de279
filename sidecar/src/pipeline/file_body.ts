// Receives a file as a body, raw or in a form, into a temporary file: however large it is and however slowly it comes, it takes no
// memory here and no worker of Odoo.

import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { GatewayError } from '../errors.ts';
import { Running } from '../running.ts';
import type { RequestContext } from './context.ts';
import { Spool } from './spool.ts';

/** Files that arrive at once on this sidecar. */
const most = { ofOneUser: 4, ofAll: 16 };
const running = new Running();
const mostNameBytes = 255;
/** The heads of a form's parts. */
const spareBytes = 65_536;
const mediaType = /^[a-z0-9][\w!#$&^.+-]{0,63}\/[a-z0-9][\w!#$&^.+-]{0,63}$/;
/** What clients send when nobody has chosen a type. */
const unchosen = new Set(['application/octet-stream', 'application/x-www-form-urlencoded']);

/** What the step `body` does for all bodies. */
interface Habits {
  requireUncompressed(encoding: string | undefined): void;
  tooLarge(most: number): GatewayError;
  discard(request: RequestContext['request']): Promise<void>;
}

interface Given {
  readonly name: string | undefined;
  readonly type: string | undefined;
}

/** Sets `context.file`. Throws `file.busy`, `file.form`, `request.too_large` and what the step throws. */
export async function receiveFile(context: RequestContext, { requireUncompressed, tooLarge, discard }: Habits): Promise<void> {
  const { request, response, holder } = context;
  const largest = context.database.settings['file.max_bytes'];
  const contentType = request.headers['content-type'] ?? '';
  requireUncompressed(request.headers['content-encoding']);
  const isForm = /^multipart\/form-data\s*;/i.test(contentType);
  const isTooLarge = Number(request.headers['content-length'] ?? 0) > largest + (isForm ? spareBytes : 0);
  const end = isTooLarge ? undefined : running.begin(holder, most.ofOneUser, most.ofAll);
  if (end === undefined) {
    if (!context.awaitsContinue) await discard(request);
    throw isTooLarge ? tooLarge(largest) : new GatewayError('file.busy');
  }
  if (context.awaitsContinue) context.sayContinue();
  const spool = await Spool.open(largest, () => tooLarge(largest));
  // Also when the client goes away before its answer.
  response.once('close', () => {
    end();
    void spool.close();
  });
  try {
    const { name, type } = isForm ? await takeForm(request, contentType, spool) : await takeRaw(request, contentType, spool);
    if (spool.bytes === 0) throw new GatewayError('file.form');
    const { bytes } = spool;
    context.file = { bytes, sha256: spool.digest(), name: fileName(name), type: chosen(type), open: () => spool.read() };
  } catch (error) {
    await discard(request);
    throw error;
  } finally {
    context.bytesIn = spool.bytes;
  }
}

async function takeRaw(request: Readable, type: string, spool: Spool): Promise<Given> {
  await spool.take(request);
  return { name: undefined, type };
}

/** Takes the one file of a form. */
async function takeForm(request: Readable, contentType: string, spool: Spool): Promise<Given> {
  let found: Given | undefined;
  let arriving: Promise<void> | undefined;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      request.unpipe();
      reject(error instanceof GatewayError ? error : new GatewayError('file.form', { cause: error }));
    };
    const limits = { files: 1, fields: 8, fieldSize: 1_024, parts: 9 };
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({ headers: { 'content-type': contentType }, limits });
    } catch (error) {
      fail(error); // no boundary
      return;
    }
    form.on('file', (_field, file, name, _encoding, type) => {
      found = { name, type };
      arriving = spool.take(file);
      arriving.catch(fail);
    });
    form.once('filesLimit', () => fail(new GatewayError('file.form', { message: 'The form holds more than one file.' })));
    form.once('error', fail);
    form.once('finish', resolve);
    request.once('error', (error) => fail(new GatewayError('request.incomplete', { cause: error })));
    request.pipe(form);
  });
  await arriving;
  if (found === undefined) throw new GatewayError('file.form', { message: 'The form holds no file.' });
  return found;
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
