// Tokens on a real Odoo and two sidecars, requested and read by public libraries.

import { createHmac, randomUUID } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import * as oauth4webapi from 'oauth4webapi';
import * as openid from 'openid-client';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const second = await gateway.startSidecar();
const admin = await OdooWeb.login(gateway);
const ping = '/api/v1/ping';
const [database] = await gateway.sql<{ uuid: string }>('select uuid from gateway.database()');
const uuid = database?.uuid ?? '';

async function newClient(values: Record<string, unknown> = {}) {
  const client = await admin.create('gateway.client', { name: `client ${randomUUID()}`, ...values });
  return { id: client.id, clientId: client.clientId ?? '', secret: client.secret };
}

function askToken(client: { clientId: string; secret: string }, parameters: Record<string, string> = {}, url = gateway.url) {
  return fetch(new URL('/api/oauth/token', url), {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${client.clientId}:${client.secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
}

async function tokenOf(client: { clientId: string; secret: string }, parameters: Record<string, string> = {}): Promise<string> {
  const answer = await askToken(client, parameters);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

const pinged = async (token: string) => (await gateway.get(ping, { key: token })).status;
let users = 0;
async function newUser(values: Record<string, unknown> = {}) {
  users += 1;
  const login = `caller${users}@example.com`;
  const [id] = await gateway.orm<number[]>('res.users', 'create', {
    vals_list: [{ name: login, login, password: login, ...values }],
  });
  return { id: Number(id), login, password: login };
}
const logIn = (user: { login: string; password: string }) =>
  gateway.post('/api/v1/auth/login', { login: user.login, password: user.password });

describe('client credentials', () => {
  test('openid-client can discover the endpoints, and get, introspect and revoke a token', async () => {
    const client = await newClient();
    const config = await openid.discovery(new URL(gateway.url), client.clientId, client.secret, undefined, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
    expect(config.serverMetadata().token_endpoint).toBe(`${gateway.url}/api/oauth/token`);
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'read write' });
    expect(tokens.scope).toBe('read write');
    expect(tokens.expiresIn()).toBeGreaterThan(3_500);
    expect(await pinged(tokens.access_token)).toBe(200);

    const introspected = await openid.tokenIntrospection(config, tokens.access_token);
    expect(introspected).toMatchObject({
      active: true,
      client_id: client.clientId,
      username: 'admin',
      aud: uuid,
      scope: 'read write',
    });
    await openid.tokenRevocation(config, tokens.access_token);
    expect(await until('the token is refused', async () => (await pinged(tokens.access_token)) === 401)).toBeLessThan(1_000);
    expect((await openid.tokenIntrospection(config, tokens.access_token)).active).toBe(false);
  });

  test("oauth4webapi can send the client's id and secret in the body, and gets the errors of RFC 6749", async () => {
    const { clientId, secret } = await newClient({ scopes: 'read' });
    const issuer = new URL(gateway.url);
    const insecure = { [oauth4webapi.allowInsecureRequests]: true };
    const found = await oauth4webapi.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    const server = await oauth4webapi.processDiscoveryResponse(issuer, found);
    const client = { client_id: clientId };
    const ask = async (password: string, scope: string) => {
      const auth = oauth4webapi.ClientSecretPost(password);
      const answer = await oauth4webapi.clientCredentialsGrantRequest(server, client, auth, { scope }, insecure);
      return oauth4webapi.processClientCredentialsResponse(server, client, answer);
    };
    expect((await ask(secret, 'res.partner:read')).scope).toBe('res.partner:read');
    await expect(ask(secret, 'read write')).rejects.toMatchObject({ error: 'invalid_scope', status: 400 });
    await expect(ask(secret, 'everything')).rejects.toMatchObject({ error: 'invalid_scope' });
    await expect(ask(`${secret}x`, 'read')).rejects.toMatchObject({ status: 401 });
  });

  test('JSON is accepted like a form; two ways to name the client, repeated parameters and other grants are refused', async () => {
    const { clientId, secret } = await newClient();
    const path = '/api/oauth/token';
    const body = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
    expect((await gateway.post(path, body)).json).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const basic = { Authorization: `Basic ${btoa(`${clientId}:${secret}`)}` };
    expect((await gateway.post(path, body, { headers: basic })).json).toMatchObject({ error: 'invalid_request' });
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...basic };
    const twice = 'grant_type=client_credentials&scope=read&scope=write';
    expect((await gateway.request('POST', path, { headers: form, body: twice })).json).toMatchObject({
      error: 'invalid_request',
    });
    const password = await gateway.post(path, { grant_type: 'password' }, { headers: basic });
    expect([password.status, password.json.error]).toEqual([400, 'unsupported_grant_type']);
    const wrong = await gateway.post(path, { ...body, client_secret: 'x'.repeat(32) });
    expect([wrong.status, wrong.json.error, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      'invalid_client',
      'Basic realm="odoo"',
    ]);
    const unknown = await gateway.post(path, { ...body, client_id: 'gw_000000000000' });
    expect({ ...unknown.json, request_id: '' }).toEqual({ ...wrong.json, request_id: '' });
  });

  test('an address outside the ip_list is refused when it requests a token, and when it uses one', async () => {
    const client = await newClient();
    const token = await tokenOf(client);
    expect(await pinged(token)).toBe(200);
    await admin.call('gateway.client', 'write', [[client.id], { ip_list: '203.0.113.0/24\n2001:db8::/32' }]);
    expect(await until('the token is refused', async () => (await pinged(token)) === 403)).toBeLessThan(1_000);
    const asked = await askToken(client);
    expect([asked.status, await asked.json()]).toMatchObject([
      403,
      { error: 'unauthorized_client', reason: 'address.not_allowed' },
    ]);
  });

  test('a token ends with its client on both sidecars; no client can revoke the token of another', async () => {
    const [client, stranger] = [await newClient(), await newClient()];
    const token = await tokenOf(client);
    const body = { token, client_id: stranger.clientId, client_secret: stranger.secret };
    expect((await gateway.post('/api/oauth/revoke', body)).status).toBe(200);
    expect([await pinged(token), (await second.get(ping, { key: token })).status]).toEqual([200, 200]);
    await admin.call('gateway.client', 'action_revoke', [[client.id]]);
    const took = await until('both refuse', async () => {
      const answers = await Promise.all([gateway.get(ping, { key: token }), second.get(ping, { key: token })]);
      return answers.every((answer) => answer.status === 401);
    });
    expect(took).toBeLessThan(1_000);
    expect((await askToken(client)).status).toBe(401);
  });
});

describe('the token itself', () => {
  test('is read by jsonwebtoken with the secret that its kid names', async () => {
    const token = await tokenOf(await newClient());
    const decoded = jsonwebtoken.decode(token, { complete: true });
    const [secret] = await gateway.sql<{ value: Buffer }>("select value from gateway.secret where purpose = 'jwt' and kid = $1", [
      decoded?.header.kid,
    ]);
    const options = { algorithms: ['HS256' as const], audience: uuid, issuer: 'odoo-api-gateway' };
    const claims = jsonwebtoken.verify(token, secret?.value ?? '', options);
    expect(claims).toMatchObject({ sub: '2', type: 'access' });
  });

  test('works from X-Access-Token', async () => {
    const token = await tokenOf(await newClient());
    expect((await gateway.get(ping, { headers: { 'X-Access-Token': token } })).status).toBe(200);
  });

  test('survives a rotation of the signing secret with an overlap, but not a rotation without one', async () => {
    const client = await newClient();
    const old = await tokenOf(client);
    await gateway.sql("select gateway.rotate_secret('jwt', 604800)");
    const kid = (token: string) => jsonwebtoken.decode(token, { complete: true })?.header.kid;
    let fresh = '';
    await until('new tokens are signed with the new secret', async () => {
      fresh = await tokenOf(client);
      return kid(fresh) !== kid(old);
    });
    expect([await pinged(old), await pinged(fresh)]).toEqual([200, 200]);
    await gateway.sql("select gateway.rotate_secret('jwt', 0)");
    expect(await until('both are refused', async () => (await pinged(old)) + (await pinged(fresh)) === 802)).toBeLessThan(1_000);
    expect(await pinged(await tokenOf(client))).toBe(200);
  });
});

describe('logins', () => {
  test('give an access token and a refresh token, by login or e-mail address', async () => {
    const user = await newUser();
    const answer = await logIn(user);
    expect(answer.json).toMatchObject({
      success: true,
      data: { token_type: 'Bearer', expires_in: 3600, user: { login: user.login } },
    });
    expect(await pinged(answer.json.data.access_token)).toBe(200);
    const byEmail = await gateway.post('/api/v1/auth/login', { email: user.login, password: user.password });
    expect(byEmail.status).toBe(200);
    expect((await gateway.post('/api/v1/auth/login', { login: user.login })).status).toBe(400);
  });

  test('wrong, unknown and inactive users get the same answer, and the superuser can never log in', async () => {
    const gone = await newUser();
    await gateway.orm('res.users', 'write', { ids: [gone.id], vals: { active: false } });
    const bodies = [];
    for (const [login, password] of [
      ['admin', 'wrong'],
      ['nobody@example.com', 'x'],
      [gone.login, gone.password],
      ['__system__', 'admin'],
      ['admin', 'a\0b'],
    ]) {
      const answer = await gateway.post('/api/v1/auth/login', { login, password });
      bodies.push([answer.status, answer.json.error.message, answer.json.error.reason]);
    }
    expect(new Set(bodies.map(String))).toEqual(new Set(['401,Invalid or expired credentials,auth.invalid']));
  });

  test('Odoo counts failures by the address of the caller, not by the address of the sidecar', async () => {
    const proxied = await gateway.startSidecar({ env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } });
    const attempt = async (address: string, login: string) =>
      (await proxied.post('/api/v1/auth/login', { login, password: 'admin' }, { headers: { 'X-Forwarded-For': address } }))
        .status;
    // Each of Odoo's two workers counts separately.
    await gateway.orm('ir.config_parameter', 'set_param', { key: 'base.login_cooldown_after', value: '1' });
    for (let i = 0; i < 8; i += 1) expect(await attempt('198.51.100.9', 'nobody@example.com')).toBe(401);
    expect(await attempt('198.51.100.9', 'admin')).toBe(401);
    expect(await attempt('198.51.100.10', 'admin')).toBe(200);
    await gateway.orm('ir.config_parameter', 'set_param', { key: 'base.login_cooldown_after', value: '0' });
    await proxied.stop();
  });

  test('a user with a second factor gets a 401 that says to use a key, but only after the right password', async () => {
    const user = await newUser();
    await gateway.sql("update res_users set totp_secret = 'JBSWY3DPEHPK3PXP' where id = $1", [user.id]);
    await gateway.orm('res.users', 'write', { ids: [user.id], vals: { signature: 'x' } });
    expect((await gateway.post('/api/v1/auth/login', { login: user.login, password: 'wrong' })).json.error.reason).toBe(
      'auth.invalid',
    );
    const answer = await logIn(user);
    expect([answer.status, answer.json.error.reason]).toEqual([401, 'auth.mfa']);
    expect(answer.json.error.message).toContain('API key');
  });

  test('a refresh token works once: repeated within 10 s, it gets a 409; repeated later, it ends the whole family', async () => {
    const user = await newUser();
    const { access_token, refresh_token } = (await logIn(user)).json.data;
    const refresh = (token: string, more = {}) => gateway.post('/api/v1/auth/refresh', { refresh_token: token, ...more });
    expect((await refresh(access_token)).status).toBe(401);
    expect((await gateway.get(ping, { key: refresh_token })).status).toBe(401);
    const race = await Promise.all([
      refresh(refresh_token),
      refresh(refresh_token),
      second.post('/api/v1/auth/refresh', { refresh_token }),
    ]);
    expect(race.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    const next = race.find((answer) => answer.status === 200)?.json.data;
    expect(await pinged(next.access_token)).toBe(200);
    await gateway.sql(
      "update gateway.token set spent_at = spent_at - interval '11 s' where user_id = $1 and spent_at is not null",
      [user.id],
    );
    expect((await refresh(refresh_token)).status).toBe(401);
    expect(await until('the family is gone', async () => (await pinged(next.access_token)) === 401)).toBeLessThan(1_000);
    expect((await refresh(next.refresh_token)).status).toBe(401);
  });

  test('a refresh may narrow the scope, never widen it', async () => {
    const user = await newUser();
    const login = await gateway.post('/api/v1/auth/login', { login: user.login, password: user.password, scope: 'read' });
    expect(login.json.data.scope).toBe('read');
    const { refresh_token } = login.json.data;
    const wide = await gateway.post('/api/v1/auth/refresh', { refresh_token, scope: 'read write' });
    expect([wide.status, wide.json.error.reason]).toEqual([400, 'oauth.scope']);
    const narrow = await gateway.post('/api/v1/auth/refresh', { refresh_token, scope: 'res.partner:read' });
    expect(narrow.json.data.scope).toBe('res.partner:read');
  });

  test('changing the password ends login tokens, not keys; deactivating the user ends both', async () => {
    const user = await newUser();
    const { access_token, refresh_token } = (await logIn(user)).json.data;
    const key = await admin.create('gateway.key', { name: 'of the user', user_id: user.id });
    await gateway.orm('res.users', 'write', { ids: [user.id], vals: { password: 'another one' } });
    expect(await until('the login ended', async () => (await pinged(access_token)) === 401)).toBeLessThan(1_000);
    expect((await gateway.post('/api/v1/auth/refresh', { refresh_token })).status).toBe(401);
    expect(await pinged(key.secret)).toBe(200);
    await gateway.orm('res.users', 'write', { ids: [user.id], vals: { active: false } });
    expect(await until('the key ended', async () => (await pinged(key.secret)) === 401)).toBeLessThan(1_000);
    await gateway.sql(`update gateway.setting set value = 'true' where name = 'key.inactive_users'`);
    await until('the setting lets keys of inactive users in', async () => (await pinged(key.secret)) === 200);
    await gateway.sql(`update gateway.setting set value = 'false' where name = 'key.inactive_users'`);
  });

  test('logout ends the login', async () => {
    const { access_token, refresh_token } = (await logIn(await newUser())).json.data;
    expect((await gateway.post('/api/v1/auth/logout', {}, { key: access_token })).status).toBe(200);
    expect(await until('refused', async () => (await pinged(access_token)) === 401)).toBeLessThan(1_000);
    expect((await gateway.post('/api/v1/auth/refresh', { refresh_token })).status).toBe(401);
    expect((await gateway.post('/api/v1/auth/logout', {})).json.error.message).toBe('Missing access token');
  });

  test('logout also ends the tokens that a simultaneous refresh creates', async () => {
    const { access_token, refresh_token } = (await logIn(await newUser())).json.data;
    const jti = String((jsonwebtoken.decode(refresh_token) as { jti: string }).jti);
    const refreshing = new pg.Client({ connectionString: gateway.databaseUrl });
    refreshing.on('error', () => {}); // when a test fails, the database is dropped during this connection
    await refreshing.connect();
    await refreshing.query('begin');
    await refreshing.query('update gateway.token set spent_at = gateway.utc_now() where jti = $1', [jti]);
    const columns = 'type, family, credential, credential_id, user_id, stamp, expires_at, begun_at';
    await refreshing.query(
      `insert into gateway.token (jti, ${columns}) select 'next ' || jti, ${columns} from gateway.token where jti = $1`,
      [jti],
    );
    const leaving = gateway.post('/api/v1/auth/logout', {}, { key: access_token });
    await until('it waits', async () => (await gateway.sql('select from pg_locks where not granted')).length > 0);
    await refreshing.query('commit');
    await refreshing.end();
    expect((await leaving).status).toBe(200);
    const rows = await gateway.sql(`select revoked_at is not null as ended from gateway.token where jti = $1`, [`next ${jti}`]);
    expect(rows).toEqual([{ ended: true }]);
  });
});

describe('key exchange', () => {
  test('gives a token that inherits the restrictions of its key, never outlives it, and ends with it', async () => {
    const expires = new Date(Date.now() + 600_000).toISOString().slice(0, 19).replace('T', ' ');
    const { secret, id } = await admin.create('gateway.key', {
      name: 'exchanged',
      scopes: 'res.partner:read',
      expires_at: expires,
    });
    const answer = await gateway.post(
      '/auth/token/apikey',
      {},
      { headers: { 'X-API-Key': secret, 'X-Odoo-Database': gateway.database } },
    );
    expect(answer.status).toBe(200);
    expect(answer.json.expires_in).toBeLessThanOrEqual(600);
    const token = answer.json.access_token;
    expect((await gateway.get('/api/v1/res.partner?limit=1', { key: token })).status).toBe(200);
    expect((await gateway.get('/api/v1/res.country?limit=1', { key: token })).status).toBe(403);
    await admin.call('gateway.key', 'action_revoke', [[id]]);
    expect(await until('the token died with its key', async () => (await pinged(token)) === 401)).toBeLessThan(1_000);
  });

  test("accepts Odoo's own keys, even in the body, but no tokens", async () => {
    const answer = await gateway.post('/auth/token/apikey', { api_key: gateway.keys.demo });
    expect(answer.status).toBe(200);
    expect(await pinged(answer.json.access_token)).toBe(200);
    const again = await gateway.post('/auth/token/apikey', {}, { key: answer.json.access_token });
    expect([again.status, again.json.error]).toEqual([401, 'invalid_client']);
  });
});

describe('forged tokens are refused, all with the same body', () => {
  interface Kit {
    genuine: string;
    header: object;
    claims: Record<string, unknown>;
    channel: { kid: string; value: Buffer };
    sign: (header: object, claims: object, secret?: Buffer, hash?: string) => string;
  }
  let kit: Kit;
  beforeAll(async () => {
    const genuine = await tokenOf(await newClient());
    const { header, payload } = jsonwebtoken.decode(genuine, { complete: true }) ?? {};
    const secretOf = async (condition: string) => {
      const [row] = await gateway.sql<Kit['channel']>(
        `select kid, value from gateway.secret where ${condition} order by id desc`,
      );
      return row ?? { kid: '', value: Buffer.alloc(0) };
    };
    const own = await secretOf(`kid = '${header?.kid}'`);
    const sign: Kit['sign'] = (head, body, secret = own.value, hash = 'sha256') => {
      const text = `${encode(head)}.${encode(body)}`;
      return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
    };
    const channel = await secretOf("purpose = 'channel'");
    kit = { genuine, header: header ?? {}, claims: payload as Record<string, unknown>, channel, sign };
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const forgeries: Record<string, (kit: Kit) => string> = {
    'alg none': ({ header, claims }) => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`,
    'alg none with a signature': ({ header, claims }) => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.AA`,
    'HS512 with the right secret': ({ header, claims, sign }) => sign({ ...header, alg: 'HS512' }, claims, undefined, 'sha512'),
    'RS256 in the header': ({ header, claims, sign }) => sign({ ...header, alg: 'RS256' }, claims),
    'the secret of the internal channel': ({ header, claims, channel, sign }) => sign(header, claims, channel.value),
    'the kid and secret of the internal channel': ({ header, claims, channel, sign }) =>
      sign({ ...header, kid: channel.kid }, claims, channel.value),
    'an unknown kid': ({ header, claims, sign }) => sign({ ...header, kid: randomUUID() }, claims),
    'no kid': ({ claims, sign }) => sign({ alg: 'HS256', typ: 'JWT' }, claims),
    expired: ({ header, claims, sign }) => sign(header, { ...claims, exp: now - 60 }),
    'not valid yet': ({ header, claims, sign }) => sign(header, { ...claims, nbf: now + 600 }),
    'without an expiry': ({ header, claims, sign }) => sign(header, { ...claims, exp: undefined }),
    'of another database': ({ header, claims, sign }) => sign(header, { ...claims, aud: randomUUID() }),
    'of another issuer': ({ header, claims, sign }) => sign(header, { ...claims, iss: 'https://example.com' }),
    'a refresh token by its type': ({ header, claims, sign }) => sign(header, { ...claims, type: 'refresh' }),
    'correctly signed, but never issued': ({ header, claims, sign }) => sign(header, { ...claims, jti: randomUUID() }),
    'an extension that must be understood': ({ header, claims, sign }) =>
      sign({ ...header, crit: ['urn:unknown'], 'urn:unknown': 1 }, claims),
    'too long': ({ genuine }) => `${genuine}${'A'.repeat(5_000)}`,
  };

  test.each(Object.entries(forgeries))('%s', async (_what, forge) => {
    // A token made in the same way, but without a fault, is accepted.
    expect(await pinged(kit.sign(kit.header, kit.claims))).toBe(200);
    const answer = await gateway.get(ping, { key: forge(kit) });
    expect([answer.status, answer.json.error.message]).toEqual([401, 'Invalid or expired credentials']);
  });
});

describe('administration of clients over HTTP', () => {
  test('needs an unrestricted credential of a manager, and cannot set another user', async () => {
    const path = '/api/oauth/clients';
    const created = await gateway.post(path, { client_name: 'robot', scope: 'read' }, { key: gateway.keys.admin });
    expect(created.status).toBe(201);
    expect(created.json.client_id).toMatch(/^gw_[a-z0-9]{12}$/);
    expect(created.json.client_secret).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(await pinged(await tokenOf({ clientId: created.json.client_id, secret: created.json.client_secret }))).toBe(200);
    const list = await gateway.get(path, { key: gateway.keys.admin });
    expect(list.json.clients.map((client: { client_id: string }) => client.client_id)).toContain(created.json.client_id);
    expect(list.text).not.toContain(created.json.client_secret);

    expect((await gateway.get(path, { key: gateway.keys.demo })).status).toBe(403);
    const narrowed = await admin.create('gateway.key', { name: 'narrowed', scopes: 'read write' });
    expect((await gateway.post(path, { client_name: 'wide' }, { key: narrowed.secret })).status).toBe(403);

    const manager = await newUser({
      group_ids: [[6, 0, [await group('base.group_user'), await group('api_gateway.group_manager')]]],
    });
    const byToken = { key: (await logIn(manager)).json.data.access_token };
    expect((await gateway.post(path, { client_name: 'by token' }, byToken)).status).toBe(403);
    const asManager = { key: (await admin.create('gateway.key', { name: 'of a manager', user_id: manager.id })).secret };
    expect((await gateway.post(path, { client_name: 'mine' }, asManager)).status).toBe(201);
    const stolen = await gateway.post(path, { client_name: 'of admin', login: 'admin' }, asManager);
    expect([stolen.status, stolen.json.error]).toEqual([403, 'access_denied']);

    // The restrictions of the credential apply to the client.
    const profile = await admin.call<number>('gateway.profile', 'create', [{ name: 'slow', minute_limit: 50 }]);
    const ends = new Date(Date.now() + 1_800_000).toISOString().slice(0, 19).replace('T', ' ');
    const bounded = await admin.create('gateway.key', {
      name: 'bounded',
      ip_list: '127.0.0.0/8',
      expires_at: ends,
      profile_id: profile,
    });
    const short = { key: bounded.secret };
    const inside = await gateway.post(path, { client_name: 'inside', expires_at: '2099-01-01T00:00:00Z' }, short);
    expect([inside.status, inside.json.ip_list, inside.json.profile_id]).toEqual([201, '127.0.0.0/8', profile]);
    expect(inside.json.expires_at).toBe(Date.parse(`${ends.replace(' ', 'T')}Z`) / 1_000);
    const fewer = await gateway.post(path, { client_name: 'fewer', ip_list: '127.0.0.1' }, short);
    expect([fewer.status, fewer.json.ip_list]).toEqual([201, '127.0.0.1']);
    const other = await admin.call<number>('gateway.profile', 'create', [{ name: 'fast' }]);
    for (const wide of [{ ip_list: '0.0.0.0/0' }, { ip_list: '127.0.0.1 192.0.2.1' }, { profile_id: other }]) {
      expect([wide, (await gateway.post(path, { client_name: 'wide', ...wide }, short)).status]).toEqual([wide, 403]);
    }

    // A credential that ends before its key cannot create a client, and a client ends with the key that created it.
    const maker = await admin.create('gateway.key', { name: 'maker' });
    const { secret } = await admin.rotate('gateway.key', maker.id, 1);
    const exchanged = await gateway.post('/auth/token/apikey', {}, { headers: { 'X-API-Key': secret } });
    for (const key of [maker.secret, exchanged.json.access_token]) {
      expect(await pinged(key)).toBe(200);
      const refused = await gateway.post(path, { client_name: 'outlives' }, { key });
      expect([refused.status, refused.json.message ?? refused.json.error_description]).toEqual([
        403,
        expect.stringContaining('Send the key.'),
      ]);
    }
    const made = await gateway.post(path, { client_name: 'with its key' }, { key: secret });
    expect(made.status).toBe(201);
    const token = await tokenOf({ clientId: made.json.client_id, secret: made.json.client_secret });
    await admin.call('gateway.key', 'action_revoke', [[maker.id]]);
    await until('its token is refused', async () => (await pinged(token)) === 401);

    const gone = await gateway.request('DELETE', `${path}/${created.json.client_id}`, { key: gateway.keys.admin });
    expect([gone.status, gone.json.state]).toEqual([200, 'revoked']);
    expect((await askToken({ clientId: created.json.client_id, secret: created.json.client_secret })).status).toBe(401);
    expect((await gateway.request('DELETE', `${path}/gw_000000000000`, { key: gateway.keys.admin })).status).toBe(404);
  });
});

async function group(name: string): Promise<number> {
  const [module, xmlid] = name.split('.');
  const [row] = await gateway.sql<{ res_id: number }>('select res_id from ir_model_data where module = $1 and name = $2', [
    module,
    xmlid,
  ]);
  return row?.res_id ?? 0;
}
