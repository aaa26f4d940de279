// Reads and parses the body, after all steps that can refuse the request without it. Odoo's own protocols have the credential in
// the body, so there this step runs twice (`stepsOfBodyCredential`).

import { isUtf8 } from 'node:buffer';
import type { Request } from 'express';
import { GatewayError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { BodyMemory } from './body_memory.ts';
import type { Policy, RequestContext } from './context.ts';
import { receiveFile } from './file_body.ts';
import { formOfBody } from './media_type.ts';

/** The largest body that the gateway reads without authentication. It is enough for any credential. */
const smallBodyBytes = 16_384;
/**
 * A client does not read the answer while it is still sending, so its data is discarded for this long before the answer is sent.
 */
const discardForMs = 2_000;
const tooManyValues = 'The body contains too many lists, objects and values. Send them in several requests.';

const mebibyte = 1024 * 1024;

/**
 * @param chargeUnknown charges an address for a body that is refused before its sender is known; rejects if the address has
 * sent too many
 */
export function jsonBody(chargeUnknown: (context: RequestContext) => Promise<void> = async () => undefined): Policy {
  const memory = new BodyMemory();
  // Bodies that contain the credential have separate memory, so that they do not crowd out the bodies of known callers.
  const memoryOfUnknown = new BodyMemory(64 * mebibyte);
  const visit = (context: RequestContext): undefined | Promise<void> => {
    const { smallBody, readBody } = context.endpoint;
    const isRead = readBody !== undefined && context.request.readableEnded;
    if (isRead) return undefined;
    if (readBody !== undefined) context.endpoint.requireServed?.(context);
    if (context.endpoint.takesFile) return receiveFile(context, { requireUncompressed, tooLarge, discard });
    const isAnonymous = context.known.principal === undefined && readBody === undefined;
    if (isAnonymous && smallBody === undefined) return undefined;
    const { headers } = context.request;
    const length = Number(headers['content-length'] ?? 0);
    const isOfUnknownLength = headers['transfer-encoding'] !== undefined;
    if (!isOfUnknownLength && length === 0) return undefined;
    const most = isAnonymous ? smallBodyBytes : context.database.settings['body.max_bytes'];
    let understand: (bytes: Buffer, weigh: (size: number) => void) => unknown;
    let fault: GatewayError | undefined;
    try {
      understand =
        readBody === undefined
          ? formOfBody(headers['content-type'], smallBody === 'form or json') === 'form'
            ? parseForm
            : parse
          : (bytes, weigh) => readBody(context, bytes, weigh);
      requireUncompressed(headers['content-encoding']);
    } catch (error) {
      // Some clients announce a body of unknown length and then send none. A client that waits for 100 Continue does have a
      // body.
      if (!isOfUnknownLength || context.awaitsContinue) throw error;
      fault = error as GatewayError;
      understand = () => undefined;
    }
    if (length > most && context.awaitsContinue) throw tooLarge(most);
    if (context.awaitsContinue) context.sayContinue();
    const holding = readBody === undefined ? memory : memoryOfUnknown;
    return read(context, holding, length, fault === undefined ? most : 0, understand, fault);
  };
  const visitOfUnknown = async (context: RequestContext): Promise<void> => {
    try {
      await visit(context);
    } catch (error) {
      await chargeUnknown(context);
      throw error;
    }
  };
  return {
    appliesTo: ['anonymous', 'authenticated'],
    check(context: RequestContext): undefined | Promise<void> {
      if (context.finishBody !== undefined) return finish(context, context.finishBody);
      return context.endpoint.readBody === undefined ? visit(context) : visitOfUnknown(context);
    },
  };
}

async function finish(context: RequestContext, rest: () => Promise<unknown>): Promise<void> {
  context.finishBody = undefined;
  context.body = await rest();
}

function requireUncompressed(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new GatewayError('request.encoding', { message: `The body must not be compressed (${encoding}).` });
}

function tooLarge(most: number): GatewayError {
  return new GatewayError('request.too_large', {
    message: `The body is larger than ${most} bytes.`,
    details: { max_bytes: most },
    headers: ['Connection', 'close'],
  });
}

/** @param fault the error to throw if there is a body at all */
async function read(
  context: RequestContext,
  memory: BodyMemory,
  announced: number,
  most: number,
  understand: (bytes: Buffer, weigh: (size: number) => void) => unknown,
  fault: GatewayError | undefined,
): Promise<void> {
  const { request, response, holder } = context;
  let held = 0;
  const hold = (size: number) => {
    memory.hold(holder, size, most);
    held += size;
  };
  // `close` also comes if the client disconnects before its answer.
  response.once('close', () => memory.release(holder, held));
  const collecting = announced > most ? undefined : collect(request, most, hold);
  const bytes = await collecting?.catch(async (error: unknown) => {
    if (error instanceof GatewayError && error.reason === 'request.overloaded') await discard(request);
    throw error;
  });
  if (bytes === undefined) {
    await discard(request);
    throw fault ?? tooLarge(most);
  }
  context.bytesIn = bytes.length;
  if (bytes.length === 0) return;
  context.body = understand(withoutMark(bytes), (size) => {
    if (size > memory.shareOf(most)) throw new GatewayError('request.too_large', { message: tooManyValues });
    hold(size);
  });
}

/** All bytes of the body; undefined if there are more than `most`. Rejects if the client disconnects or `hold` throws. */
function collect(request: Request, most: number, hold: (bytes: number) => void): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) {
        request.off('data', onData);
        resolve(undefined);
        return;
      }
      try {
        hold(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        request.off('data', onData);
        chunks.length = 0;
        reject(error);
      }
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks, size)));
    request.once('error', (error) => reject(new GatewayError('request.incomplete', { cause: error })));
  });
}

/** Some editors and .NET begin UTF-8 with a byte order mark. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

async function discard(request: Request): Promise<void> {
  if (request.readableEnded) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, discardForMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done);
    request.once('close', done);
    request.resume();
  });
}

export function parse(bytes: Buffer, weigh?: (size: number) => void): unknown {
  if (!isUtf8(bytes)) throw new GatewayError('request.json', { details: { problem: 'not UTF-8' } });
  try {
    return parseJson(bytes.toString('utf8'), 'The body', changedNumber, weigh);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new GatewayError('request.json', { details: { problem: withoutQuotation(problem) }, cause: error });
  }
}

/** @param at the path of the number in the body */
function changedNumber(at: string, problem: string): GatewayError {
  const details = at === '' ? undefined : { field: at };
  return new GatewayError('body.value', { message: `${at === '' ? 'The body' : at} ${problem}.`, details });
}

/** Parses a form. No parameter may be repeated, and one without a value counts as omitted (RFC 6749, section 3.2). */
function parseForm(bytes: Buffer): Readonly<Record<string, string>> {
  if (!isUtf8(bytes)) throw new GatewayError('oauth.request', { message: 'The form is not UTF-8.' });
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(bytes.toString('utf8'))) {
    if (form.has(name)) throw new GatewayError('oauth.request', { message: `The parameter "${name}" is given twice.` });
    if (value !== '') form.set(name, value);
  }
  return Object.fromEntries(form);
}

/** V8 quotes the body around the fault. The quoted part may be a secret, which would end up in logs and tickets. */
function withoutQuotation(problem: string): string {
  const position = /at position \d+(?: \(line \d+ column \d+\))?/.exec(problem);
  return position === null ? 'ends too early or is not JSON' : `unexpected character ${position[0]}`;
}
