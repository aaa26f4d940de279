import { expect, test } from 'vitest';
import { parsePbkdf2, verifyPbkdf2 } from '../../sidecar/src/credentials/passlib.ts';

// The hashes below were written by passlib 1.7.4 for this key.
const key = '0123456789abcdef0123456789abcdef01234567';
const written: [rounds: number, text: string][] = [
  [
    6_000,
    '$pbkdf2-sha512$6000$2TsnBAAAAADgfG8tZQwBQA$zScyK9VT/f06nnIRmCvPr/zyGsLGLddt/jcn31fQCRzoctXzVXdmxepm.EX5SB5HZH9rq52KOUutZxHCGowTvw',
  ],
  [
    600_000,
    '$pbkdf2-sha512$600000$hpASgpDS.n9vjfF.DyGktA$MvMnlSAU.bhS/jWT484FFAWsZFq/J9lcYANNU9.uRoOZepiYUT2T0yrOdGXu9ln5cWpokVsuFbDwa2MYnFkuTw',
  ],
];

// 600,000 rounds take seconds on a busy core.
test.each(written)('a hash that passlib wrote with %i rounds is verified', { timeout: 60_000 }, async (rounds, text) => {
  const hash = parsePbkdf2(text);
  if (hash === undefined) throw new Error('not parsed');
  expect(hash.rounds).toBe(rounds);
  expect(await verifyPbkdf2(key, hash)).toBe(true);
  expect(await verifyPbkdf2(`${key.slice(0, -1)}8`, hash)).toBe(false);
});

test.each([
  '',
  'plain text',
  '$pbkdf2-sha256$6000$2TsnBAAAAADgfG8tZQwBQA$zScyK9VT/f06nnIRmCvPr/zyGsLGLddt/jcn31fQCRw',
  '$pbkdf2-sha512$0$2TsnBAAAAADgfG8tZQwBQA$zScyK9VT',
  '$pbkdf2-sha512$6000$2TsnBAAAAADgfG8tZQwBQA$tooShort',
  `$pbkdf2-sha512$99999999$${written[0]?.[1].split('$').slice(3).join('$')}`,
])('"%s" is not taken for a hash', (text) => {
  expect(parsePbkdf2(text)).toBeUndefined();
});
