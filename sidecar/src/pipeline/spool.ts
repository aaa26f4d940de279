// A temporary file on disk, which holds an incoming file.

import { createHash, randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';

const pieceBytes = 256 * 1024;

/** The file has no name, so nothing stays behind, however this process ends. */
export class Spool {
  readonly #handle: FileHandle;
  readonly #most: number;
  readonly #tooLarge: () => GatewayError;
  readonly #hash = createHash('sha256');
  bytes = 0;

  private constructor(handle: FileHandle, largest: number, tooLarge: () => GatewayError) {
    this.#handle = handle;
    this.#most = largest;
    this.#tooLarge = tooLarge;
  }

  /** Opens a temporary file. Rejects with `file.storage`. @param tooLarge the error for a file of more than `largest` bytes */
  static async open(largest: number, tooLarge: () => GatewayError): Promise<Spool> {
    const path = join(tmpdir(), `api_gateway_${randomUUID()}`);
    const handle = await open(path, 'wx+', 0o600).catch(failed);
    await unlink(path).catch(failed);
    return new Spool(handle, largest, tooLarge);
  }

  /**
   * Writes a whole stream to the file, one chunk after the other. Rejects with `request.incomplete`, `file.storage` or the
   * error for a large file.
   */
  async take(source: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of source) await this.#write(chunk);
    } catch (error) {
      throw error instanceof GatewayError ? error : new GatewayError('request.incomplete', { cause: error });
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.bytes + chunk.length > this.#most) throw this.#tooLarge();
    this.#hash.update(chunk);
    await this.#handle.appendFile(chunk).catch(failed);
    this.bytes += chunk.length;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  /** The file's content from its beginning. Each piece is valid until the next one is requested. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    for (let at = 0; at < this.bytes; ) {
      const { bytesRead } = await this.#handle.read(buffer, 0, pieceBytes, at).catch(failed);
      if (bytesRead === 0) failed(new Error('the temporary file is shorter than what was written'));
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  close(): Promise<void> {
    return this.#handle.close().catch(() => undefined);
  }
}

/** Throws `file.storage`: the disk is full, or the folder cannot be written to, which is not the client's fault. */
function failed(cause: unknown): never {
  throw new GatewayError('file.storage', { cause });
}
