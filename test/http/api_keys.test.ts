// Odoo's own API keys: their headers, their users, their refusals.

import { describe, expect, test } from 'vitest';
import { createOdooKey, createUser } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const alice = await createUser(gateway, 'alice');
const key = await createOdooKey(gateway, { userId: alice });
const ping = '/api/v1/ping';
const metadata = `${gateway.url}/.well-known/oauth-protected-resource/api/v1`;
const basic = (login: string, secret: string) => `Basic ${Buffer.from(`${login}:${secret}`).toString('base64')}`;

test("ping names the key's user, and the time", async () => {
  const answer = await gateway.get(ping, { key: key.secret });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    success: true,
    data: { message: 'pong', user: { id: alice, name: 'alice', login: 'alice' } },
  });
  expect(answer.json.data.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Math.abs(Date.now() - Date.parse(answer.json.data.time))).toBeLessThan(5_000);
});

describe('a key is accepted', () => {
  test.each([
    ['as a bearer', { Authorization: `Bearer ${key.secret}` }],
    ['in X-API-Key', { 'X-API-Key': key.secret }],
    ['in API-KEY', { 'API-KEY': key.secret }],
    ['as Basic with its login', { Authorization: basic('alice', key.secret) }],
    ['beside a Basic credential for a proxy', { 'X-API-Key': key.secret, Authorization: basic('proxy', 'password') }],
  ])('%s', async (_, headers) => {
    const answer = await gateway.get(ping, { headers });
    expect(answer.status).toBe(200);
    expect(answer.json.data.user.id).toBe(alice);
  });

  test.each([
    ['of 600,000 rounds', { rounds: 600_000 }],
    ['without a scope', { scope: null }],
    ['that has not expired yet', { expiresIn: '1 hour' }],
  ])('%s', async (_, options) => {
    const other = await createOdooKey(gateway, { userId: alice, ...options });
    expect((await gateway.get(ping, { key: other.secret })).status).toBe(200);
  });

  test('when another key begins with the same characters', async () => {
    const twin = await createOdooKey(gateway, { userId: 2, index: key.secret.slice(0, 8) });
    expect((await gateway.get(ping, { key: twin.secret })).json.data.user.id).toBe(2);
    expect((await gateway.get(ping, { key: key.secret })).json.data.user.id).toBe(alice);
  });
});

async function refused(headers: Record<string, string>) {
  const answer = await gateway.get(ping, { headers });
  const { request_id: _, ...error } = answer.json.error;
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), error };
}
const unknown = await refused({ Authorization: `Bearer ${'0'.repeat(40)}` });

describe('a key is refused', () => {
  test('with a challenge, and without further details', () => {
    expect(unknown).toEqual({
      status: 401,
      challenge: `Bearer realm="odoo", error="invalid_token", resource_metadata="${metadata}"`,
      error: { code: 401, message: 'Invalid or expired credentials', reason: 'auth.invalid' },
    });
  });

  test.each([
    ['expired', { userId: alice, expiresIn: '-1 second' }],
    ['of another scope', { userId: alice, scope: 'mail' }],
    ["the superuser's", { userId: 1 }],
    ["an inactive user's", { userId: 3 }],
  ])('with the same answer as an unknown key: %s', async (_, options) => {
    const other = await createOdooKey(gateway, options);
    expect(await refused({ Authorization: `Bearer ${other.secret}` })).toEqual(unknown);
  });

  test.each([
    ['with other characters at the end', { Authorization: `Bearer ${key.secret.slice(0, 8)}${'0'.repeat(32)}` }],
    ['one character short', { Authorization: `Bearer ${key.secret.slice(0, -1)}` }],
    ['in capitals', { Authorization: `Bearer ${key.secret.toUpperCase().replaceAll(/\d/g, 'A')}` }],
    ['with a null byte', { Authorization: basic('alice', `${key.secret}\0`) }],
    ['with the login of another user', { Authorization: basic('admin', key.secret) }],
    ['with the login in another case', { Authorization: basic('Alice', key.secret) }],
    ['as an access token', { 'X-Access-Token': key.secret }],
    ['beside a wrong key in X-API-Key', { Authorization: `Bearer ${key.secret}`, 'X-API-Key': 'f'.repeat(40) }],
    ['empty', { 'X-API-Key': '' }],
    ['under an unknown scheme', { Authorization: `Token ${key.secret}` }],
  ])('if it is sent %s, with the same answer as an unknown key', async (_, headers) => {
    expect(await refused(headers)).toEqual(unknown);
  });

  test('if it is missing, and the answer says so', async () => {
    expect(await refused({})).toEqual({
      status: 401,
      challenge: `Bearer realm="odoo", resource_metadata="${metadata}"`,
      error: { code: 401, message: 'Missing access token', reason: 'auth.missing' },
    });
  });
});
