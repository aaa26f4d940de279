// Answers requests that Node's parser rejects before they reach a route.

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Reason } from '../errors.ts';
import { GatewayError, renderEnvelope } from '../errors.ts';

/** The maximum size of the URL and headers together, in bytes. */
export const mostHeaderBytes = 16_384;

/** How long a peer may take to read the reason before its connection ends. */
const goodbyeMs = 2_000;

/** Answers in the same format as every other error. */
export function refuseMalformed(fault: ParserFault, socket: Duplex): void {
  if (!socket.writable || fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // The server no longer has a timer for this connection. A peer that keeps its half open must not keep our half open.
  setTimeout(() => socket.destroy(), goodbyeMs).unref();
  const error = new GatewayError(reasonOfFault(fault));
  const body = JSON.stringify(renderEnvelope(error, randomUUID()));
  socket.end(
    [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

export type ParserFault = Error & { readonly code?: string; readonly rawPacket?: Buffer };

/** The parser's fault, determined from its code and the bytes that it read last. */
export function reasonOfFault({ code, rawPacket }: ParserFault): Reason {
  const read = rawPacket?.toString('latin1') ?? '';
  const [line = ''] = read.split(/[\r\n]/, 1);
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return isLongAddress(line, line.length === read.length) ? 'request.url_too_long' : 'request.headers_too_large';
    case 'HPE_INVALID_URL':
      return 'request.url';
    // The URL contains a space, after which the parser expects the version.
    case 'HPE_INVALID_CONSTANT':
      return /^[A-Z]+ .* .*HTTP\/1\.[01]$/.test(line) ? 'request.url' : 'request.malformed';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request.incomplete';
    default:
      return 'request.malformed';
  }
}

/**
 * Whether the URL is the larger part of an oversized head. The request line may have begun in an earlier packet, or continue in
 * the next.
 */
function isLongAddress(line: string, goesOn: boolean): boolean {
  const [, method, address = ''] = /^([A-Z]+ )?(\S+)(?: HTTP\/1\.[01])?$/.exec(line) ?? [];
  if (method !== undefined) return address.length > mostHeaderBytes / 2;
  return address !== '' && (goesOn || line.endsWith(' HTTP/1.1') || line.endsWith(' HTTP/1.0'));
}
