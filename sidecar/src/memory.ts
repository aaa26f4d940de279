// Frees the memory of bytes at once. The garbage collector may let tens of megabytes of them pile up first.

/** Call this when nothing reads the bytes any more: they are gone afterwards. Does nothing for a part of a larger buffer. */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer?.(0); // Node 20 has no such method
}

/**
 * Like `free`, but frees the whole buffer that contains the bytes, so nothing in that buffer may be read afterwards. Does nothing
 * for bytes in Node's pool, which also holds the bytes of other code.
 */
export function freeAround({ buffer }: Uint8Array): void {
  if (buffer.byteLength > Buffer.poolSize) free(new Uint8Array(buffer));
}
