// Sends an answer piece by piece: an export, or a stream of events. Only one piece is in memory at a time, however long the
// answer is.

import { Readable, Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { GatewayError } from '../errors.ts';
import type { RequestContext } from './context.ts';

/** A client that reads no byte for this long counts as disconnected. */
const stalledMs = 30_000;
/** Compression would delay events. */
const eventStream = 'text/event-stream';

/**
 * If the first piece throws, the answer is that error. If a later one throws, the connection is cut, so that no client mistakes
 * half an answer for a whole one.
 * @param length the total length of all pieces, if it is known. If it is given, the answer is not compressed. A piece of bytes
 *   may be freed when the next one is requested.
 * @param begin sends status and headers
 */
export async function sendPieces(
  context: RequestContext,
  pieces: AsyncIterable<string | Uint8Array>,
  type: string,
  length: number | undefined,
  begin: (type: string, isGzipped: boolean) => void,
): Promise<void> {
  const { request, response } = context;
  const iterator = pieces[Symbol.asyncIterator]();
  const left = (cause?: unknown) =>
    new GatewayError('request.incomplete', { message: 'The client disconnected before the end of the answer.', cause });
  const first = await iterator.next().catch((error: unknown) => {
    throw response.destroyed ? left(error) : error;
  });
  if (response.destroyed) {
    await iterator.return?.();
    throw left();
  }
  const isGzipped = type !== eventStream && length === undefined && request.acceptsEncodings('gzip', 'identity') === 'gzip';
  begin(type, isGzipped);
  if (request.method === 'HEAD') {
    await iterator.return?.();
    response.end();
    return;
  }
  response.setTimeout(stalledMs, () => {
    if (response.writableLength > 0) response.destroy();
  });
  // The server lets clients close their half of the connection. A client of events that does so has disconnected. Without this
  // listener, that would be noticed only at the next event.
  const leave = () => response.destroy();
  if (type === eventStream) request.socket.once('end', leave);
  try {
    if (isGzipped) {
      await pipeline(
        Readable.from(following(first, iterator), { objectMode: false }),
        createGzip({ level: constants.Z_BEST_SPEED }),
        countedIn(context),
        response,
      );
      return;
    }
    for await (const piece of following(first, iterator))
      await flush(context, piece).catch((error) => Promise.reject(left(error)));
    response.end();
    await finished(response);
  } catch (error) {
    const isCut = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    const hasLeft = isCut || response.destroyed;
    response.destroy();
    throw hasLeft ? left(error) : error;
  } finally {
    request.socket.off('end', leave);
  }
}

function countedIn(context: RequestContext): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      context.bytesOut += piece.byteLength;
      done(null, piece);
    },
  });
}

/** Waits until the piece is on its way. Rejects if the client disconnects first. */
async function flush(context: RequestContext, piece: string | Uint8Array): Promise<void> {
  const { response } = context;
  let onClose = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      onClose = () => reject(new Error('closed'));
      response.once('close', onClose);
      response.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    response.off('close', onClose);
  }
  context.bytesOut += Buffer.byteLength(piece);
}

async function* following<Piece extends string | Uint8Array>(
  first: IteratorResult<Piece>,
  iterator: AsyncIterator<Piece>,
): AsyncGenerator<Piece> {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) if (next.value.length > 0) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
