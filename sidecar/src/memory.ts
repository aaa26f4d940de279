// Frees the memory of bytes at once. The garbage collector may let tens of megabytes of them pile up first.

/** Call this when nothing reads the bytes any more: they are gone afterwards. Does nothing for a part of a larger buffer. */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer?.(0); // Node 20 has no such method
}

/**
 * Like `free`, with the whole buffer around the bytes, of which nothing else may be read either. Does nothing for bytes of Node's
 * pool, which holds other code's bytes, too.
 */
export function freeAround({ buffer }: Uint8Array): void {
  if (buffer.byteLength > Buffer.poolSize) free(new Uint8Array(buffer));
}
