// The format in which Odoo stores the hashes of API keys: passlib's `$pbkdf2-sha512$<rounds>$<salt>$<checksum>`, with
// salt and checksum in "adapted base64" (`.` for `+`, no padding).

import { pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

export interface Pbkdf2Hash {
  readonly rounds: number;
  readonly salt: Buffer;
  readonly checksum: Buffer;
}

const checksumBytes = 64;
/** A hash with more rounds could occupy a thread for minutes. Odoo uses 6,000 rounds for keys and 600,000 for passwords. */
const mostRounds = 10_000_000;
const format = /^\$pbkdf2-sha512\$([1-9]\d{0,7})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)$/;

/** Parses a stored hash; undefined for other schemes, and for strings that passlib would not produce. */
export function parsePbkdf2(text: string): Pbkdf2Hash | undefined {
  const [, rounds, salt, checksum] = format.exec(text) ?? [];
  if (rounds === undefined || salt === undefined || checksum === undefined) return undefined;
  const hash = { rounds: Number(rounds), salt: adaptedBase64(salt), checksum: adaptedBase64(checksum) };
  return hash.rounds <= mostRounds && hash.checksum.length === checksumBytes ? hash : undefined;
}

/** Whether the secret matches. This takes milliseconds to seconds, in a thread of libuv's pool, not in the event loop. */
export async function verifyPbkdf2(secret: string, hash: Pbkdf2Hash): Promise<boolean> {
  const derived = await derive(secret, hash.salt, hash.rounds, checksumBytes, 'sha512');
  return timingSafeEqual(derived, hash.checksum);
}

function adaptedBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}
