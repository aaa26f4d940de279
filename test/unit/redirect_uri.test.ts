// The URLs to which an app may have its users redirected. The addon checks the same cases when a manager registers an app.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isRedirectUri, isRegistered } from '../../sidecar/src/oauth/redirect_uri.ts';

const cases: { good: string[]; bad: string[] } = JSON.parse(
  readFileSync(new URL('../../odoo_addon/api_gateway/tests/redirect_cases.json', import.meta.url), 'utf8'),
);

test('a redirect URL is on the web, on a port of the user’s computer, or has the app’s own scheme', () => {
  expect(cases.good.filter((uri) => !isRedirectUri(uri))).toEqual([]);
  expect(cases.bad.filter(isRedirectUri)).toEqual([]);
});

test.each([
  ['https://a.example.com/callback', true],
  ['https://a.example.com/callback/', false],
  ['https://a.example.com/callback?x=1', false],
  ['https://A.example.com/callback', false],
  ['https://a.example.com:8443/callback', false],
  ['https://a.example.com/x/../callback', false],
  ['https://a.example.com.evil.example/callback', false],
  ['https://a.example.com\\@evil.example/callback', false],
  ['http://a.example.com/callback', false],
  ['http://127.0.0.1:43117/callback', true],
  ['http://127.0.0.1/callback', true],
  ['http://127.0.0.1:43117/callback?x=1', false],
  ['http://127.0.0.1:43117/callback#x', false],
  ['http://127.0.0.1:43117/other', false],
  ['http://localhost:43117/callback', false],
  ['http://127.0.0.1:80@evil.example/callback', false],
  ['http://127.0.0.1:80\\@evil.example/callback', false],
  ['https://127.0.0.1:43117/callback', false],
  ['cursor://callback', true],
  ['cursor://callback/x', false],
  ['CURSOR://callback', false],
])('%s: registered %s', (asked, expected) => {
  const registered = ['https://a.example.com/callback', 'http://127.0.0.1/callback', 'cursor://callback'];
  expect(isRegistered(asked, registered)).toBe(expected);
});
