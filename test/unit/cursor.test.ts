// Cursors of lists are sealed: only the caller that got one can use it, unchanged, and for the same list.

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openCursor, sealCursor } from '../../sidecar/src/records/cursor.ts';

const secret = randomBytes(32);
const binding = ['a-uuid', 6, 'model', 'res.partner'];
const cursor = { order: 'credit_limit desc, id', after: ['Zoë', null, '7'] };
const sealed = sealCursor(secret, binding, cursor);

describe('a cursor', () => {
  test('is read back unchanged, even after the secret was rotated', () => {
    expect(openCursor([secret], binding, sealed)).toEqual(cursor);
    expect(openCursor([randomBytes(32), secret], binding, sealed)).toEqual(cursor);
  });

  test('is the same for the same position, and reveals nothing about it', () => {
    expect(sealCursor(secret, binding, cursor)).toBe(sealed);
    const bytes = Buffer.from(sealed, 'base64url').toString('latin1');
    expect(bytes).not.toMatch(/credit|Zo|desc/);
  });

  test('for the largest position that Odoo creates can be read back', () => {
    const long = ['\u0001'.repeat(30), 'f'.repeat(32)] as const;
    const greatest = { order: 'x'.repeat(600), after: [...Array.from({ length: 7 }, () => long), '7', 'sr@latin'] };
    expect(openCursor([secret], binding, sealCursor(secret, binding, greatest))).toEqual(greatest);
  });

  test.each([
    ['another database', ['b-uuid', 6, 'model', 'res.partner']],
    ['another user', ['a-uuid', 7, 'model', 'res.partner']],
    ['another model', ['a-uuid', 6, 'model', 'res.users']],
    ['a resource', ['a-uuid', 6, 'resource', 'res.partner']],
    ['nothing', []],
  ])('does not work for %s', (_what, other) => {
    expect(openCursor([secret], other, sealed)).toBeUndefined();
  });

  const legacy = Buffer.from(JSON.stringify(['password desc, id', 'x', '7'])).toString('base64url');
  test.each([
    '',
    '%',
    'e30',
    legacy,
    `${sealed}AAAA`,
    sealed.slice(0, -2),
    sealed.slice(0, 21),
    sealed.slice(0, 22),
    `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`,
    `${sealed.slice(0, 30)}${sealed.charAt(30) === 'A' ? 'B' : 'A'}${sealed.slice(31)}`,
    'A'.repeat(5_000),
  ])('a string that is not a sealed cursor is refused: %j', (text) => {
    expect(openCursor([secret], binding, text)).toBeUndefined();
  });

  test('a cursor sealed with another secret is refused', () => {
    expect(openCursor([randomBytes(32)], binding, sealed)).toBeUndefined();
    expect(openCursor([], binding, sealed)).toBeUndefined();
  });
});
