// The forwarding headers of a trusted proxy, and which parts are trusted.

import { describe, expect, test } from 'vitest';
import { originOf } from '../../sidecar/src/pipeline/origin.ts';

const inner = { host: 'inner:8080' };

describe('behind a trusted proxy', () => {
  test.each<[headers: Record<string, string>, origin: string]>([
    [{}, 'http://inner:8080'],
    [{ 'x-forwarded-proto': 'https' }, 'https://inner:8080'],
    [{ 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'API.example' }, 'https://api.example'],
    [{ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'api.example' }, 'http://api.example'],
    [{ 'x-forwarded-host': 'forged.example, api.example:8443' }, 'http://api.example:8443'],
    [{ 'x-forwarded-host': 'a@api.example' }, 'http://localhost'],
    [{ 'x-forwarded-prefix': '/Odoo' }, 'http://inner:8080/Odoo'],
    [{ 'x-forwarded-prefix': '/odoo/api-1.0_x~/' }, 'http://inner:8080/odoo/api-1.0_x~'],
    [{ 'x-forwarded-prefix': '/forged, /odoo' }, 'http://inner:8080/odoo'],
    [{ 'x-forwarded-prefix': '/' }, 'http://inner:8080'],
    ...[
      'odoo',
      '//evil.example',
      '/a//b',
      '/../x',
      '/a/..',
      '/./a',
      '/a?b',
      '/a#b',
      '/a b',
      '/a\\b',
      '/a%2fb',
      '/"><script>',
      '/é',
      `/${'a'.repeat(65)}`,
      '/a'.repeat(9),
    ].map((prefix): [Record<string, string>, string] => [{ 'x-forwarded-prefix': prefix }, 'http://inner:8080']),
    [{ forwarded: 'proto=https;host=evil.example' }, 'http://inner:8080'],
  ])('%j: %s', (headers, origin) => {
    expect(originOf({ ...inner, ...headers }, 'x-forwarded-for')).toBe(origin);
  });
});

describe('behind a trusted proxy that writes Forwarded', () => {
  test.each<[headers: Record<string, string>, origin: string]>([
    [{ forwarded: 'for=192.0.2.1;proto=https;host="api.example:8443"' }, 'https://api.example:8443'],
    [{ forwarded: 'host=forged.example;proto=http, For=192.0.2.1; Host=api.example; Proto=HTTPS' }, 'https://api.example'],
    [{ forwarded: 'for=192.0.2.1' }, 'http://inner:8080'],
    [{ forwarded: 'host="a@api.example"' }, 'http://localhost'],
    [{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/evil' }, 'http://inner:8080'],
  ])('%j: %s', (headers, origin) => {
    expect(originOf({ ...inner, ...headers }, 'forwarded')).toBe(origin);
  });
});

test('without a trusted proxy, forwarding headers are ignored', () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/evil',
    forwarded: 'host=evil.example',
  };
  expect(originOf({ ...inner, ...headers }, undefined)).toBe('http://inner:8080');
});
