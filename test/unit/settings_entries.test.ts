import { describe, expect, test } from 'vitest';
import { faultsOf, isAddress, isModel, isOrigin } from '../../web_src/settings/lines/entries.ts';

describe('entries of the lists in the settings', () => {
  test.each(['203.0.113.7', '203.0.113.0/24', '0.0.0.0/0', '::1', '2001:db8::/32', '::ffff:203.0.113.7', 'FE80::1/128'])(
    '%s is an address',
    (entry) => {
      expect(isAddress(entry)).toBe(true);
    },
  );

  test.each([
    '203.0.113',
    '203.0.113.256',
    '203.0.113.07',
    '203.0.113.0/33',
    '2001:db8::/129',
    '1::2::3',
    '::1/',
    '/24',
    'localhost',
    '1.2.3.4/2/3',
    'fe80::1%eth0',
  ])('%s is not an address', (entry) => {
    expect(isAddress(entry)).toBe(false);
  });

  test.each(['*', 'https://shop.example.com', 'http://localhost:3000', 'https://[::1]:8443'])('%s is an origin', (entry) => {
    expect(isOrigin(entry)).toBe(true);
  });

  test.each(['shop.example.com', 'https://shop.example.com/', 'https://shop.example.com/path', 'ftp://x', 'https://'])(
    '%s is not an origin',
    (entry) => {
      expect(isOrigin(entry)).toBe(false);
    },
  );

  test('models are accepted by name or by prefix', () => {
    expect(['hr.employee', 'hr.*', 'x_custom', '*'].map(isModel)).toEqual([true, true, true, false]);
    expect(['HR', 'hr.*.x', 'hr employee', ''].map(isModel)).toEqual([false, false, false, false]);
  });

  test('faults are reported by line, even if a line has several entries', () => {
    expect(faultsOf('203.0.113.7\n\n10.0.0.1, office  ::1\nnope', 'address')).toEqual([
      { line: 3, entry: 'office' },
      { line: 4, entry: 'nope' },
    ]);
  });
});
