// OAuth for people: a public app sends a user to Odoo's consent page and gets tokens. Attacks on this flow are refused.

import { createHash, createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as oauth from 'oauth4webapi';
import { beforeAll, describe, expect, test } from 'vitest';
import { consentPage, decide } from '../helpers/consent.ts';
import type { HttpClient } from '../helpers/http_client.ts';
import { selfSigned } from '../helpers/https_server.ts';
import { createUser } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const second = await gateway.startSidecar();
const admin = await OdooWeb.login(gateway);
const callback = 'https://app.example.com/callback';
const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(gateway.url);
const ping = '/api/v1/ping';
let clientId = '';
let user: OdooWeb;
let userId = 0;

async function newApp(redirectUris = callback): Promise<string> {
  const [id] = await admin.call<number[]>('gateway.app', 'create', [[{ name: 'Sales Helper', redirect_uris: redirectUris }]]);
  const [app] = await admin.call<{ client_id: string }[]>('gateway.app', 'read', [[id], ['client_id']]);
  return app?.client_id ?? '';
}

beforeAll(async () => {
  await gateway.sql("update ir_config_parameter set value = $1 where key = 'web.base.url'", [gateway.odoo.url]);
  clientId = await newApp();
  userId = await createUser(gateway, 'person');
  const [group] = await gateway.orm<{ res_id: number }[]>('ir.model.data', 'search_read', {
    domain: [
      ['module', '=', 'api_gateway'],
      ['name', '=', 'group_user'],
    ],
    fields: ['res_id'],
  });
  await gateway.orm('res.users', 'write', {
    ids: [userId],
    vals: { password: 'person person', group_ids: [[4, group?.res_id]] },
  });
  user = await OdooWeb.login(gateway, 'person', 'person person');
});

interface Asked {
  readonly verifier: string;
  readonly state: string;
  /** The URL of Odoo's consent page, which contains the request. */
  readonly page: URL;
}

function authorizeUrl(verifier: string, state: string, parameters: Record<string, string | undefined> = {}): URL {
  const url = new URL('/api/oauth/authorize', gateway.url);
  const asked = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    scope: 'read write',
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

const authorize = (url: URL) => gateway.get(url.pathname + url.search);

async function ask(parameters: Record<string, string | undefined> = {}): Promise<Asked> {
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), randomUUID()];
  const sent = await authorize(authorizeUrl(verifier, state, parameters));
  expect(sent.status, sent.text).toBe(303);
  const login = new URL(sent.headers.get('location') ?? '');
  expect([login.origin, login.pathname]).toEqual([gateway.odoo.url, '/web/login']);
  return { verifier, state, page: consentPage(sent, gateway.odoo.url) };
}

async function allowed(asked: Asked, changed: Record<string, string | string[]> = {}): Promise<URL> {
  const answer = await decide(user, asked.page, changed);
  expect(answer.status, answer.text.slice(0, 500)).toBe(303);
  return new URL(answer.headers.get('location') ?? '');
}

async function codeOf(asked: Asked): Promise<string> {
  return (await allowed(asked)).searchParams.get('code') ?? '';
}

const trade = (parameters: Record<string, string>, url = gateway.url) =>
  fetch(new URL('/api/oauth/token', url), { method: 'POST', body: new URLSearchParams(parameters) });

async function traded(code: string, verifier: string, changed: Record<string, string> = {}) {
  const grant = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: callback };
  const answer = await trade({ ...grant, code, code_verifier: verifier, ...changed });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

async function newTokens(parameters: Record<string, string | undefined> = {}, decision: Record<string, string | string[]> = {}) {
  const asked = await ask(parameters);
  const code = (await allowed(asked, decision)).searchParams.get('code') ?? '';
  const { status, body } = await traded(code, asked.verifier);
  expect(status, JSON.stringify(body)).toBe(200);
  return { ...asked, code, access: body['access_token'] ?? '', refresh: body['refresh_token'] ?? '', scope: body['scope'] };
}

/** The code that an authenticator shows (RFC 6238). */
function totpNow(secret: Buffer): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7f_ff_ff_ff;
  return String(number % 1_000_000).padStart(6, '0');
}

const pinged = async (token: string, of: HttpClient = gateway) => (await of.get(ping, { key: token })).status;

describe('with oauth4webapi', () => {
  test('an app that gets a 401 finds out how to get tokens, uses them on two sidecars, renews and ends them', async () => {
    const refused = await fetch(new URL(ping, gateway.url));
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    const resource = new URL(`${gateway.url}/api/v1`);
    const found = await oauth.processResourceDiscoveryResponse(resource, await fetch(metadataUrl));
    expect(found.authorization_servers).toEqual([gateway.url]);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
    );
    expect(server).toMatchObject({
      issuer: gateway.url,
      authorization_endpoint: `${gateway.url}/api/oauth/authorize`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: false,
    });
    expect(server.registration_endpoint).toBeUndefined();

    const client = { client_id: clientId };
    const asked = await ask({ resource: resource.href, scope: 'read write offline_access' });
    const parameters = oauth.validateAuthResponse(server, client, await allowed(asked), asked.state);
    const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, callback, asked.verifier, {
      additionalParameters: { resource: resource.href },
      ...insecure,
    });
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer);
    expect(tokens.scope).toBe('read write');
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ client_id: clientId, sub: String(userId), aud: [expect.any(String), resource.href] });
    const mine = await gateway.get(ping, { key: tokens.access_token });
    expect(mine.json.data.user.login).toBe('person');

    const again = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token ?? '', insecure),
    );
    expect(await pinged(again.access_token)).toBe(200);
    const ended = await oauth.revocationRequest(server, client, oauth.None(), again.refresh_token ?? '', insecure);
    await oauth.processRevocationResponse(ended);
    expect(await until('the token is refused', async () => (await pinged(again.access_token)) === 401)).toBeLessThan(1_000);
  });
});

describe('the user decides', () => {
  test('the page shows the app and its request, cannot be framed, has no scripts, and is not stored', async () => {
    const { page } = await ask({ scope: 'read res.partner:write products_read' });
    const shown = await user.page(page.pathname + page.search);
    for (const text of [
      'Sales Helper',
      'app.example.com',
      'See the records that you can see',
      'Contact (res.partner)',
      'products',
    ]) {
      expect(shown.text).toContain(text);
    }
    expect(shown.headers.get('x-frame-options')).toBe('DENY');
    expect(shown.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(shown.headers.get('cache-control')).toBe('no-store');
    expect(shown.text).not.toContain('<script');
  });

  test('only the ticked scopes apply, and the answer names them; scopes that were not requested cannot be ticked', async () => {
    const { access, scope } = await newTokens({}, { scope: ['read', 'delete'] });
    expect(scope).toBe('read');
    const write = await gateway.post('/api/v1/res.partner', { name: 'N' }, { key: access });
    expect([write.status, write.json.error.reason]).toEqual([403, 'scope.insufficient']);
    expect(write.headers.get('www-authenticate')).toMatch(/insufficient_scope.*scope="res.partner:write".*resource_metadata=/);
  });

  test('a user with a second factor sees the page only after entering its code', async () => {
    const id = await createUser(gateway, 'two_factors', ['base.group_user', 'api_gateway.group_user']);
    await gateway.orm('res.users', 'write', { ids: [id], vals: { password: 'two factors' } });
    await gateway.sql('update res_users set totp_secret = $1 where id = $2', ['A'.repeat(32), id]);
    const { page } = await ask();
    const halfway = await OdooWeb.loginByForm(gateway, 'two_factors', 'two factors');
    const early = await halfway.page(page.pathname + page.search);
    expect([early.status, early.text.includes('Sales Helper')]).toEqual([303, false]);
    const person = await halfway.withCode(totpNow(Buffer.alloc(20)));
    const sent = await decide(person, page);
    expect(new URL(sent.headers.get('location') ?? '').searchParams.get('code')).toMatch(/^gwc_/);
  });

  test('an app that names no scope may read, unless the user ticks more', async () => {
    expect((await newTokens({ scope: undefined })).scope).toBe('read');
    expect((await newTokens({ scope: undefined }, { scope: ['read', 'call'] })).scope).toBe('read call');
  });

  test('tokens work only for the chosen company', async () => {
    const [company] = await gateway.orm<number[]>('res.company', 'create', { vals_list: [{ name: `C ${randomUUID()}` }] });
    const [before] = await gateway.orm<{ company_id: [number] }[]>('res.users', 'read', {
      ids: [userId],
      fields: ['company_id'],
    });
    await gateway.orm('res.users', 'write', { ids: [userId], vals: { company_ids: [[4, company]] } });
    const { access } = await newTokens({ scope: 'read call' }, { company: String(company) });
    const own = await gateway.post('/api/v1/res.company/search_count', { args: [[]] }, { key: access });
    expect(own.status, own.text).toBe(200);
    const other = await gateway.get('/api/v1/res.partner?limit=1', {
      key: access,
      headers: { 'X-Odoo-Company': String(before?.company_id[0]) },
    });
    expect([other.status, other.json.error.reason]).toEqual([400, 'request.header']);
  });

  test('the chosen company applies to compiled reads, too', async () => {
    const own = await gateway.orm<{ company_id: [number] }[]>('res.users', 'read', { ids: [userId], fields: ['company_id'] });
    const first = own[0]?.company_id[0] ?? 0;
    const [second = 0] = await gateway.orm<number[]>('res.company', 'create', { vals_list: [{ name: `C ${randomUUID()}` }] });
    await gateway.orm('res.users', 'write', { ids: [userId], vals: { company_ids: [[4, second]] } });
    const companiesOf = async (key: string) => {
      const { json, headers } = await gateway.get('/api/v1/res.company?fields=id', {
        key,
        headers: { 'X-Gateway-Explain': '1' },
      });
      return { ids: json.data.map(({ id }: { id: number }) => id), way: headers.get('x-gateway-read') };
    };
    const tokens = [await newTokens({}, { company: String(first) }), await newTokens({}, { company: String(second) })];
    for (const [i, { access }] of tokens.entries()) {
      let seen = await companiesOf(access);
      await until('it is compiled', async () => {
        expect(seen.ids).toEqual([[first], [second]][i]);
        seen = await companiesOf(access);
        return seen.way === 'compiled';
      });
      expect(seen.ids).toEqual([[first], [second]][i]);
    }
  });

  test('a refusal is sent to the app, and a user who ticks nothing is asked again', async () => {
    const denied = await allowed(await ask(), { decision: 'deny' });
    expect(Object.fromEntries(denied.searchParams)).toMatchObject({ error: 'access_denied', iss: gateway.url });
    expect((await decide(user, (await ask()).page, { scope: [] })).status).toBe(400);
    expect((await decide(user, (await ask()).page, { company: '999999' })).status).toBe(400);
  });

  test('an allowed app is listed; its user, a manager or a new password immediately ends its access on every sidecar', async () => {
    const ids = async () => user.call<number[]>('gateway.connected.app', 'search', [[]], { limit: 1 });
    const refused = (access: string) =>
      until('the token is refused', async () => (await pinged(access)) === 401 && (await pinged(access, second)) === 401);
    for (const who of [user, admin]) {
      const { access } = await newTokens();
      expect(await pinged(access, second)).toBe(200);
      await who.call('gateway.connected.app', 'action_revoke', [await ids()]);
      expect(await refused(access)).toBeLessThan(1_000);
    }
    const { access, refresh } = await newTokens();
    expect(await pinged(access)).toBe(200);
    await gateway.orm('res.users', 'write', { ids: [userId], vals: { password: 'another person' } });
    expect(await refused(access)).toBeLessThan(1_000);
    const renewed = await trade({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refresh });
    expect([renewed.status, ((await renewed.json()) as { error: string }).error]).toEqual([400, 'invalid_grant']);
    user = await OdooWeb.login(gateway, 'person', 'another person');
  });

  test('each step is in the log, without the code', async () => {
    const wellKnown = ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-authorization-server'];
    const handshake = [...wellKnown, '/api/oauth/authorize', '/api_gateway/consent', '/api/oauth/token'];
    for (const path of wellKnown) expect((await gateway.get(path)).status).toBe(200);
    const { code } = await newTokens();
    const steps = async () =>
      gateway.sql<{ route: string; row: string }>(
        `select route, to_jsonb(l)::text as row from gateway.request_log l
         where route = any($1) order by at desc, id desc limit 5`,
        [handshake],
      );
    await until('the steps are logged', async () => (await steps())[0]?.route === '/api/oauth/token');
    const found = await steps();
    expect(found.map(({ route }) => route).reverse()).toEqual(handshake);
    expect(JSON.stringify(found)).not.toContain(code);
  });
});

describe('a code works once, for 60 seconds, and only for its own request', () => {
  test.each<[string, Record<string, string>, string]>([
    ['another verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['another redirect URI', { redirect_uri: `${callback}/other` }, 'invalid_grant'],
    ['another app', { client_id: 'app_0000000000000000' }, 'invalid_grant'],
    ['another resource', { resource: `${gateway.url}/mcp` }, 'invalid_target'],
    ['the resource of another gateway', { resource: 'https://other.example.com/mcp' }, 'invalid_target'],
    ['another code', { code: `gwc_${'x'.repeat(43)}` }, 'invalid_grant'],
  ])('%s', async (_, changed, error) => {
    const asked = await ask({ resource: `${gateway.url}/api/v1` });
    const code = await codeOf(asked);
    expect((await traded(code, asked.verifier, changed)).body['error']).toBe(error);
    expect((await traded(code, asked.verifier)).status).toBe(200);
  });

  test('a code that is used again ends its tokens', async () => {
    const { code, verifier, access, refresh } = await newTokens();
    expect(await pinged(access)).toBe(200);
    expect((await traded(code, verifier)).body['error']).toBe('invalid_grant');
    expect(await until('the token is refused', async () => (await pinged(access)) === 401)).toBeLessThan(1_000);
    expect((await trade({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refresh })).status).toBe(400);
  });

  test('if a code is exchanged many times simultaneously, at most one exchange gets tokens, and those end', async () => {
    const asked = await ask();
    const code = await codeOf(asked);
    const answers = await Promise.all(Array.from({ length: 8 }, () => traded(code, asked.verifier)));
    const got = answers.filter(({ status }) => status === 200);
    expect(got.length).toBeLessThanOrEqual(1);
    expect(await pinged(got[0]?.body['access_token'] ?? 'x.y.z')).toBe(401);
  });

  test('a code that is older than 60 seconds is refused', async () => {
    const asked = await ask();
    const code = await codeOf(asked);
    await gateway.sql("update gateway.oauth_code set expires_at = now() at time zone 'utc' where hash = $1", [
      createHash('sha256').update(code).digest(),
    ]);
    expect((await traded(code, asked.verifier)).body['error']).toBe('invalid_grant');
  });
});

describe('tokens', () => {
  test('a token for one resource is refused for other resources of this gateway', async () => {
    const { access } = await newTokens({ resource: `${gateway.url}/mcp` });
    expect(await pinged(access)).toBe(401);
    expect(
      (await gateway.get('/api/openapi.json', { key: (await newTokens({ resource: `${gateway.url}/api/v1` })).access })).status,
    ).toBe(401);
  });

  test('a refresh token does not work for another app, or for renewing a login', async () => {
    const { refresh } = await newTokens();
    const other = await newApp();
    const stolen = await trade({ grant_type: 'refresh_token', client_id: other, refresh_token: refresh });
    expect(((await stolen.json()) as { error: string }).error).toBe('invalid_grant');
    expect((await gateway.post('/api/v1/auth/refresh', { refresh_token: refresh })).status).toBe(401);
    expect((await trade({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refresh })).status).toBe(200);
  });

  test('when a manager archives the app, all access that users have granted it ends', async () => {
    const before = clientId;
    clientId = await newApp();
    const { access } = await newTokens();
    expect(await pinged(access)).toBe(200);
    const ids = await admin.call<number[]>('gateway.app', 'search', [[['client_id', '=', clientId]]]);
    await admin.call('gateway.app', 'write', [ids, { active: false }]);
    expect(await until('the token is refused', async () => (await pinged(access)) === 401)).toBeLessThan(1_000);
    expect((await authorize(authorizeUrl('x'.repeat(43), 's'))).json).toMatchObject({ error: 'invalid_client' });
    clientId = before;
  });
});

describe('authorization requests with errors', () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    ['an address that the app has not registered', { redirect_uri: 'https://evil.example.com/callback' }, 'oauth.redirect'],
    ['a path below the address of the app', { redirect_uri: `${callback}/../evil` }, 'oauth.redirect'],
    [
      'another host, with the host of the app as the user name',
      { redirect_uri: 'https://app.example.com@evil.example.com/callback' },
      'oauth.redirect',
    ],
    ['a script as the address', { redirect_uri: 'javascript:alert(1)' }, 'oauth.redirect'],
    ['no address', { redirect_uri: undefined }, 'oauth.request'],
    ['an unknown app', { client_id: 'app_0000000000000000' }, 'oauth.client'],
    [
      'an app with a metadata document, if those are not allowed',
      { client_id: 'https://app.example.com/client.json' },
      'oauth.client',
    ],
  ])('a request with %s redirects no user', async (_, parameters, reason) => {
    const answer = await authorize(authorizeUrl('x'.repeat(43), 's', parameters));
    expect([answer.status, answer.json.reason, answer.headers.get('location')]).toEqual([400, reason, null]);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a token without a code', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope that does not exist', { scope: 'everything' }, 'invalid_scope'],
    ['the resource of another gateway', { resource: 'https://other.example.com/mcp' }, 'invalid_target'],
  ])('%s is reported to the app', async (_, parameters, error) => {
    const answer = await authorize(authorizeUrl('x'.repeat(43), 'my state', parameters));
    const sent = new URL(answer.headers.get('location') ?? '');
    expect(sent.origin + sent.pathname).toBe(callback);
    expect(Object.fromEntries(sent.searchParams)).toMatchObject({ error, state: 'my state', iss: gateway.url });
  });
});

describe('only the user can agree on the consent page', () => {
  test('another website cannot agree, because it has no CSRF token', async () => {
    const { page } = await ask();
    const request = page.searchParams.get('request') ?? '';
    const form = new URLSearchParams({ request, decision: 'allow', scope: 'read', company: '1' });
    const answer = await user.page('/api_gateway/consent', form);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  test('no one can agree to a request that was altered, or signed for another database', async () => {
    const { page } = await ask();
    const [head, payload = '', signature] = (page.searchParams.get('request') ?? '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const altered = Buffer.from(JSON.stringify({ ...claims, redirect_uri: 'https://evil.example.com' })).toString('base64url');
    for (const request of [`${head}.${altered}.${signature}`, `${head}.${payload}.`, 'x', '']) {
      const shown = await user.page(`/api_gateway/consent?${new URLSearchParams({ request })}`);
      expect([shown.status, shown.headers.get('location')]).toEqual([400, null]);
    }
  });

  test('a user who may not use the gateway cannot agree, nor can a visitor without a login', async () => {
    const { page } = await ask();
    const other = await createUser(gateway, 'outsider');
    await gateway.orm('res.users', 'write', { ids: [other], vals: { password: 'outsider outsider' } });
    const outsider = await OdooWeb.login(gateway, 'outsider', 'outsider outsider');
    expect((await outsider.page(page.pathname + page.search)).status).toBe(403);
  });
});

const setting = (value: string) =>
  gateway.sql("update gateway.setting set value = to_jsonb($1::text) where name = 'oauth.apps'", [value]);

test('the metadata document of an app must name the app, and be at a public address, without redirects, up to 16 KiB', async () => {
  const certificate = await selfSigned();
  const asked: string[] = [];
  let own = '';
  const server = createServer(certificate, ({ url = '' }, answer) => {
    asked.push(url);
    const document = { client_id: own + url, client_name: 'Chat', redirect_uris: [callback], padding: '' };
    if (url === '/redirect') answer.writeHead(302, { Location: `${own}/client` });
    if (url === '/other') document.client_id = `${own}/client`;
    if (url === '/long') document.padding = 'x'.repeat(16_384);
    answer.end(JSON.stringify(document));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  own = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authority = join(mkdtempSync(join(tmpdir(), 'authority-')), 'cert.pem');
  writeFileSync(authority, certificate.cert);
  const trusting = await gateway.startSidecar({ env: { NODE_EXTRA_CA_CERTS: authority } });
  const ofApp = async (path: string) => {
    const url = authorizeUrl('x'.repeat(43), 's', { client_id: own + path });
    const answer = await trusting.get(url.pathname + url.search);
    return [answer.status, answer.json?.reason, answer.json?.error_description];
  };
  await setting('documents');
  const unread = [400, 'oauth.client', 'The document at the client_id could not be read.'];
  await until('documents are allowed', async () => (await ofApp('/inside'))[2] === unread[2]);
  expect(asked).toEqual([]);
  await gateway.sql(`update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow'`);
  await until('the app is accepted', async () => (await ofApp('/inside'))[0] === 303);
  expect(await ofApp('/redirect')).toEqual(unread);
  expect((await ofApp('/other'))[2]).toContain('is about another client_id');
  expect((await ofApp('/long'))[2]).toContain('is longer than 16 KiB');
  const before = asked.length;
  await Promise.all(['/inside', '/other', '/long'].map(ofApp));
  expect(asked).toHaveLength(before);
  await setting('registered');
  server.close();
  server.closeAllConnections();
});

describe('apps that register themselves', () => {
  const register = (body: unknown) => gateway.post('/api/oauth/register', body);

  test('are refused until a manager allows it', async () => {
    expect((await register({ redirect_uris: [callback] })).status).toBe(403);
  });

  test('get an id, are limited to 20 an hour, and lose access when the setting no longer allows them', async () => {
    await setting('anyone');
    await until('registration is open', async () => (await register({ redirect_uris: ['javascript:x'] })).status === 400);
    const local = 'http://127.0.0.1/callback';
    const registered = await register({
      client_name: 'Tool',
      redirect_uris: [local],
      token_endpoint_auth_method: 'client_secret_post',
    });
    expect([registered.status, registered.json.token_endpoint_auth_method]).toEqual([201, 'none']);
    const port = { client_id: registered.json.client_id, redirect_uri: 'http://127.0.0.1:43117/callback' };
    const asked = await ask(port);
    expect((await user.page(asked.page.pathname + asked.page.search)).text).toContain('registered itself');
    const code = (await allowed(asked)).searchParams.get('code') ?? '';
    expect((await traded(code, asked.verifier, port)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 25 }, () => register({ redirect_uris: [local] })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(19);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(6);
    await setting('registered');
    const isClosed = async () => (await authorize(authorizeUrl('x'.repeat(43), 's', port))).json?.reason === 'oauth.client';
    await until('the app is unknown', isClosed);
  });
});
