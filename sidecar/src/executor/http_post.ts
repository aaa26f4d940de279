// Each POST uses a new connection, with HTTP/1.0: Odoo closes every connection after its answer, so a pool would be useless.
// An exchange takes a third of the CPU time of undici's pool, and half that of node:http.

import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { free } from '../memory.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** A file that is sent after a body, from its beginning each time. */
export interface FileToSend {
  readonly bytes: number;
  /** Each piece is valid until the next one is requested. */
  pieces(): AsyncIterable<Uint8Array>;
}

const connectLimitMs = 5_000;
const mostHeadBytes = 65_536;
const largeBytes = 262_144;
const headEnd = '\r\n\r\n';

/** Thrown if the answer is larger than the caller accepts. The rest of it was not read. */
export class AnswerTooLarge extends Error {}

/** Thrown if no connection was made, so nothing was sent. */
export class NotConnected extends Error {}

/**
 * Thrown if the connection was reset before the answer began. Odoo has probably not read the request, but that is not certain.
 */
export class ConnectionReset extends Error {}

/**
 * @param headers names and values, alternating, of visible ASCII
 * @param limitMs after this long without data, the connection is given up
 * @param mostBytes the largest body of an answer
 * @param file follows the body
 * Rejects with NotConnected when the server can't be reached, with ConnectionReset, with AnswerTooLarge, or with another
 * error when the server is silent for too long or closes before its answer is complete.
 */
export function post(
  origin: URL,
  path: string,
  headers: readonly string[],
  body: string,
  limitMs: number,
  mostBytes: number,
  file?: FileToSend,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const socket = open(origin);
    const reader = new AnswerReader(mostBytes);
    const finish = (answer: HttpAnswer) => {
      resolve(answer);
      socket.destroy();
    };
    let awaited = 'connection';
    let begun = false;
    const asLost = (error: NodeJS.ErrnoException) => {
      if (awaited === 'connection') return new NotConnected(error.message, { cause: error });
      const isReset = !begun && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      return isReset ? new ConnectionReset(error.message, { cause: error }) : error;
    };
    socket.setNoDelay(true);
    socket.setTimeout(connectLimitMs);
    socket.on('timeout', () => socket.destroy(new Error(`no ${awaited} in time`)));
    socket.once(origin.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      awaited = 'answer';
      socket.setTimeout(limitMs);
    });
    socket.on('data', (chunk) => {
      begun = true;
      try {
        const answer = reader.take(chunk);
        if (answer !== undefined) finish(answer);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.once('end', () => {
      const answer = reader.end();
      if (answer !== undefined) finish(answer);
    });
    socket.once('error', (error) => reject(asLost(error)));
    // this has no effect once the answer is complete
    socket.once('close', () => reject(new Error('the connection was closed before the answer was complete')));
    socket.write(request(origin, path, headers, body, file?.bytes));
    if (file !== undefined) send(file, socket).catch((error: Error) => socket.destroy(error));
  });
}

/** Sends the file, and waits while Odoo accepts no more data. */
async function send(file: FileToSend, socket: Socket): Promise<void> {
  for await (const piece of file.pieces()) {
    await new Promise<void>((resolve, reject) => {
      socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function open({ protocol, hostname, port }: URL): Socket {
  // In a URL, an IPv6 address is in brackets.
  const host = hostname.replace(/^\[|\]$/g, '');
  return protocol === 'https:' ? connectTls({ host, port: Number(port || 443) }) : connectTcp({ host, port: Number(port || 80) });
}

function request({ host }: URL, path: string, headers: readonly string[], body: string, more = 0): string {
  let head = `POST ${path} HTTP/1.0\r\nHost: ${host}\r\nContent-Length: ${Buffer.byteLength(body) + more}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n${body}`;
}

/** An arriving answer. It ends after its Content-Length or, if there is none, with the connection (RFC 1945, 7.2.2). */
class AnswerReader {
  readonly #mostBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #head: { readonly status: number; readonly length: number | undefined } | undefined;
  /** Memory into which a large body is read, so that it is in memory only once. */
  #body: Buffer | undefined;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The answer, if this chunk completes it. Throws if it is not HTTP/1.0, or too large. */
  take(chunk: Buffer): HttpAnswer | undefined {
    const at = this.#size;
    this.#size += chunk.length;
    if (this.#body === undefined) this.#chunks.push(chunk);
    else {
      chunk.copy(this.#body, at);
      free(chunk);
    }
    if (this.#head === undefined && !this.#readHead()) return undefined;
    const { length = 0 } = this.#head ?? {};
    if (Math.max(this.#size, length) > this.#mostBytes) throw new AnswerTooLarge('the answer is too large');
    if (this.#body === undefined && length >= largeBytes) {
      this.#body = Buffer.allocUnsafeSlow(length);
      this.#joined().copy(this.#body);
      this.#chunks = [];
    }
    return this.#head?.length !== undefined && this.#size >= this.#head.length ? this.#answer() : undefined;
  }

  end(): HttpAnswer | undefined {
    return this.#head !== undefined && this.#head.length === undefined ? this.#answer() : undefined;
  }

  #readHead(): boolean {
    const bytes = this.#joined();
    const end = bytes.indexOf(headEnd);
    if (end === -1) {
      if (bytes.length > mostHeadBytes) throw new Error('the answer has no end of headers');
      this.#chunks = [bytes];
      return false;
    }
    this.#head = parseHead(bytes.toString('latin1', 0, end));
    const rest = bytes.subarray(end + headEnd.length);
    this.#chunks = [rest];
    this.#size = rest.length;
    return true;
  }

  #answer(): HttpAnswer {
    const { status, length } = this.#head ?? { status: 0, length: 0 };
    return { status, body: this.#body ?? this.#joined().subarray(0, length) };
  }

  #joined(): Buffer {
    return this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#size);
  }
}

function parseHead(head: string): { status: number; length: number | undefined } {
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head) ?? [];
  if (status === undefined) throw new Error('the answer is not HTTP');
  if (/^transfer-encoding:/im.test(head)) throw new Error('the answer to HTTP/1.0 came in chunks');
  const [, length] = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(head) ?? [];
  return { status: Number(status), length: length === undefined ? undefined : Number(length) };
}
