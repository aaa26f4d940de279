// Restrictions cannot be bypassed: a token ends with the secret that it was issued for, and a refresh is checked like a login.

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createOdooKey, createUser, revokeOdooKey } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const environmentSecret = 'a-secret-of-the-environment-0123456789';
const gateway = await useInstance({ env: { GATEWAY_KEY_BOUND: environmentSecret } });
const second = await gateway.startSidecar({ env: { GATEWAY_KEY_BOUND: environmentSecret } });
const admin = await OdooWeb.login(gateway);
const ping = '/api/v1/ping';
type Model = 'gateway.key' | 'gateway.client';

const exchange = (secret: string, body: object = {}) =>
  gateway.post('/auth/token/apikey', body, { headers: { 'X-API-Key': secret } });
const grant = (client: string, secret: string) =>
  gateway.post('/api/oauth/token', { grant_type: 'client_credentials', client_id: client, client_secret: secret });

/** A credential, its secret's row, and how to get a token for it. */
async function credential(model: Model, values: Record<string, unknown> = {}) {
  const { id, secret, clientId } = await admin.create(model, { name: `bound ${randomUUID()}`, ...values });
  const ask = async (with_ = secret): Promise<string> => {
    const answer = clientId === undefined ? await exchange(with_) : await grant(clientId, with_);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return answer.json.access_token;
  };
  return { id, secret, kind: model === 'gateway.key' ? 'gateway_key' : 'client', ask };
}

const statuses = async (token: string) =>
  Promise.all([gateway, second].map(async (sidecar) => (await sidecar.get(ping, { key: token })).status));
const untilBoth = (status: number, token: string) =>
  until(`both answer ${status}`, async () => (await statuses(token)).every((found) => found === status));

describe.each<Model>(['gateway.key', 'gateway.client'])('a token for a %s', (model) => {
  test('ends within a second on every sidecar after a rotation without grace; the new secret works immediately', async () => {
    const { id, ask } = await credential(model);
    const token = await ask();
    expect(await statuses(token)).toEqual([200, 200]);
    const { secret } = await admin.rotate(model, id, 0);
    const fresh = await ask(secret);
    expect(await statuses(fresh)).toEqual([200, 200]);
    expect(await untilBoth(401, token)).toBeLessThan(1_000);
    expect(await statuses(fresh)).toEqual([200, 200]);
  });

  test("works until its secret's grace period ends, and no longer", async () => {
    const { id, kind, ask, secret: old } = await credential(model);
    const token = await ask();
    const { secret } = await admin.rotate(model, id, 1);
    expect(await statuses(token)).toEqual([200, 200]);
    // A secret that is exchanged during its grace period gets a token that ends no later than that period.
    await gateway.sql(
      `update gateway.credential_secret set expires_at = gateway.utc_now() + interval '3 s'
       where kind = $1 and credential_id = $2 and expires_at is not null`,
      [kind, id],
    );
    let late = '';
    const took = await until('a token is issued for the rest of it', async () => {
      late = await ask(old);
      const [row] = await gateway.sql<{ left: number }>(
        `select extract(epoch from expires_at - gateway.utc_now())::float8 as left from gateway.token
         where credential = $1 and credential_id = $2 order by id desc limit 1`,
        [kind, id],
      );
      return row !== undefined && row.left <= 3;
    });
    expect(took).toBeLessThan(1_000);
    const fresh = await ask(secret);
    expect(await untilBoth(401, token)).toBeLessThan(4_000);
    expect(await statuses(late)).toEqual([401, 401]);
    expect(await statuses(fresh)).toEqual([200, 200]);
  });

  test("ends when its secret's row is deleted in any way, and with the action Revoke Tokens, which keeps the secret", async () => {
    const { id, kind, ask } = await credential(model);
    const first = await ask();
    await admin.call(model, 'action_revoke_tokens', [[id]]);
    expect(await untilBoth(401, first)).toBeLessThan(1_000);
    const next = await ask();
    expect(await statuses(next)).toEqual([200, 200]);
    await gateway.sql('delete from gateway.credential_secret where kind = $1 and credential_id = $2', [kind, id]);
    expect(await untilBoth(401, next)).toBeLessThan(1_000);
  });
});

test("a key's secret is refused within a second after its row is deleted", async () => {
  const { id, secret } = await credential('gateway.key');
  expect(await statuses(secret)).toEqual([200, 200]);
  await gateway.sql("delete from gateway.credential_secret where kind = 'gateway_key' and credential_id = $1", [id]);
  expect(await untilBoth(401, secret)).toBeLessThan(1_000);
});

test("a token for one of Odoo's own keys ends with the key's row", async () => {
  const user = await createUser(gateway, 'with_odoo_key');
  const { id, secret } = await createOdooKey(gateway, { userId: user });
  const token = (await exchange(secret)).json.access_token;
  expect(await statuses(token)).toEqual([200, 200]);
  await revokeOdooKey(gateway, id);
  expect(await untilBoth(401, token)).toBeLessThan(1_000);
});

test('a token for an environment key ends when its variable name is removed; a sidecar with another value refuses it', async () => {
  const id = await admin.call<number>('gateway.key', 'create', [{ name: 'bound to a name', environment_name: 'BOUND' }]);
  const tokenOf = async () => {
    let token = '';
    await until('the key is known', async () => {
      const answer = await exchange(environmentSecret);
      token = answer.json.access_token;
      return answer.status === 200;
    });
    return token;
  };
  const token = await tokenOf();
  const other = await gateway.startSidecar({ env: { GATEWAY_KEY_BOUND: `${environmentSecret}-changed` } });
  expect(await statuses(token)).toEqual([200, 200]);
  expect((await other.get(ping, { key: token })).status).toBe(401);
  await other.stop();
  await admin.call('gateway.key', 'write', [[id], { environment_name: false }]);
  expect(await untilBoth(401, token)).toBeLessThan(1_000);
});

test('a token is refused if its key is archived or bound to other addresses', async () => {
  const { id, ask } = await credential('gateway.key');
  const token = await ask();
  await admin.call('gateway.key', 'write', [[id], { ip_list: '203.0.113.7' }]);
  expect(await untilBoth(403, token)).toBeLessThan(1_000);
  await admin.call('gateway.key', 'write', [[id], { ip_list: false, active: false }]);
  expect(await untilBoth(401, token)).toBeLessThan(1_000);
});

describe('an issued token', () => {
  test('has no more scopes than its key or client allows, and the answer names them', async () => {
    const { secret } = await credential('gateway.key', { scopes: 'res.partner:read' });
    const wide = await exchange(secret, { scope: 'read' });
    expect([wide.status, wide.json.reason]).toEqual([400, 'oauth.scope']);
    expect((await exchange(secret)).json.scope).toBe('res.partner:read');
    expect((await exchange(secret, { scope: 'res.partner:read' })).status).toBe(200);
  });

  test('can be introspected only by the client that it was issued for', async () => {
    const [owner, stranger] = await Promise.all(
      ['owner', 'stranger'].map((name) => admin.create('gateway.client', { name: `${name} ${randomUUID()}` })),
    );
    const key = await credential('gateway.key');
    const ask = async (client: typeof owner, token: string) => {
      const body = { token, client_id: client?.clientId, client_secret: client?.secret };
      return (await gateway.post('/api/oauth/introspect', body)).json.active;
    };
    const token = (await grant(owner?.clientId ?? '', owner?.secret ?? '')).json.access_token;
    const exchanged = await key.ask();
    expect([await ask(owner, token), await ask(stranger, token), await ask(owner, exchanged)]).toEqual([true, false, false]);
    const { clientId: client_id, secret: client_secret } = stranger ?? {};
    for (const other of [token, exchanged]) await gateway.post('/api/oauth/revoke', { token: other, client_id, client_secret });
    expect([await statuses(token), await statuses(exchanged)]).toEqual([
      [200, 200],
      [200, 200],
    ]);
  });
});

describe('a refresh is checked like a login', () => {
  let users = 0;
  async function loggedIn() {
    users += 1;
    const login = `refresher${users}@example.com`;
    const [id] = await gateway.orm<number[]>('res.users', 'create', { vals_list: [{ name: login, login, password: login }] });
    const { json } = await gateway.post('/api/v1/auth/login', { login, password: login });
    return { id: Number(id), login, ...(json.data as { access_token: string; refresh_token: string }) };
  }
  const refresh = (token: string, more: object = {}) => gateway.post('/api/v1/auth/refresh', { refresh_token: token, ...more });
  const profileOf = (user: number, values: object) =>
    admin.call<number>('gateway.profile', 'create', [{ name: randomUUID(), user_ids: [[4, user]], ...values }]);

  test("the profile's addresses apply to tokens and to a refresh, and a refusal does not spend the refresh token", async () => {
    const user = await loggedIn();
    const profile = await profileOf(user.id, { ip_list: '203.0.113.7' });
    expect(await untilBoth(403, user.access_token)).toBeLessThan(1_000);
    const refused = await refresh(user.refresh_token);
    expect([refused.status, refused.json.error.reason]).toEqual([403, 'address.not_allowed']);
    // A login gets the same answer as for a wrong password, so it reveals nothing.
    const answers = [];
    for (const password of [user.login, 'wrong']) {
      const answer = await gateway.post('/api/v1/auth/login', { login: user.login, password });
      answers.push([answer.status, answer.json.error.message, answer.json.error.reason]);
    }
    expect(answers[0]).toEqual([401, 'Invalid or expired credentials', 'auth.invalid']);
    expect(answers[1]).toEqual(answers[0]);
    await admin.call('gateway.profile', 'write', [[profile], { ip_list: false }]);
    expect((await refresh(user.refresh_token)).status).toBe(200);
  });

  test('a new token gets no more scopes than the profile now allows', async () => {
    const user = await loggedIn();
    await profileOf(user.id, { scopes: 'read' });
    const wide = await refresh(user.refresh_token, { scope: 'read write' });
    expect([wide.status, wide.json.error.reason]).toEqual([400, 'oauth.scope']);
    expect((await refresh(user.refresh_token)).json.data.scope).toBe('read');
  });

  test('an archived user is refused', async () => {
    const user = await loggedIn();
    await gateway.orm('res.users', 'write', { ids: [user.id], vals: { active: false } });
    expect((await refresh(user.refresh_token)).status).toBe(401);
  });

  test('a second factor that is switched on ends the login and its tokens within a second, and a refresh says so', async () => {
    const user = await loggedIn();
    expect(await statuses(user.access_token)).toEqual([200, 200]);
    await gateway.sql("update res_users set totp_secret = 'JBSWY3DPEHPK3PXP' where id = $1", [user.id]);
    expect(await untilBoth(401, user.access_token)).toBeLessThan(1_000);
    const answer = await refresh(user.refresh_token);
    expect([answer.status, answer.json.error.reason]).toEqual([401, 'auth.mfa']);
    await gateway.sql('update res_users set totp_secret = null where id = $1', [user.id]);
    expect((await refresh(user.refresh_token)).status).toBe(401);
  });

  test('the tokens of a login end after token.family_s, and no refreshed token lives longer', async () => {
    const user = await loggedIn();
    const age = (days: string) =>
      gateway.sql('update gateway.token set begun_at = gateway.utc_now() - $2::interval where user_id = $1', [user.id, days]);
    await age('29 days 23 hours 50 minutes');
    const last = await refresh(user.refresh_token);
    expect(last.status).toBe(200);
    expect(last.json.data.expires_in).toBeLessThanOrEqual(600);
    const [row] = await gateway.sql<{ left: number }>(
      'select extract(epoch from max(expires_at) - gateway.utc_now())::float8 as left from gateway.token where user_id = $1 and spent_at is null',
      [user.id],
    );
    expect(row?.left).toBeLessThanOrEqual(3_600);
    await age('30 days');
    expect((await refresh(last.json.data.refresh_token)).status).toBe(401);
  });
});
