// Gateway keys on a real Odoo, Postgres and two sidecars.

import { describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ env: { GATEWAY_KEY_WAREHOUSE: 'warehouse-secret-of-the-environment-0123456789' } });
const second = await gateway.startSidecar();
const admin = await OdooWeb.login(gateway);
const ping = '/api/v1/ping';

/** Asks both sidecars until each answers with the status, and returns how many milliseconds that took. */
async function bothAnswer(status: number, headers: Record<string, string>): Promise<number> {
  return until(`both sidecars answer ${status}`, async () => {
    const answers = await Promise.all([gateway.get(ping, { headers }), second.get(ping, { headers })]);
    return answers.every((answer) => answer.status === status);
  });
}

describe('a gateway key', () => {
  test('is 64 URL-safe characters beginning with gwk_, and works from all three headers', async () => {
    const { secret } = await admin.create('gateway.key', { name: 'three headers' });
    expect(secret).toMatch(/^gwk_[A-Za-z0-9_-]{60}$/);
    for (const headers of [{ 'X-API-Key': secret }, { 'API-KEY': secret }, { Authorization: `Bearer ${secret}` }]) {
      const answer = await gateway.get(ping, { headers });
      expect(answer.status).toBe(200);
      expect(answer.json.data.user.login).toBe('admin');
    }
    expect((await gateway.get(ping, { headers: { Authorization: `Basic ${btoa(`admin:${secret}`)}` } })).status).toBe(401);
  });

  test('is stored in the database only as a hash', async () => {
    const { secret, id } = await admin.create('gateway.key', { name: 'hashed' });
    const [row] = await gateway.sql<{ row: string }>('select to_jsonb(k)::text as row from gateway_key k where id = $1', [id]);
    expect(row?.row).toContain(secret.slice(0, 12));
    expect(row?.row).not.toContain(secret.slice(12, 30));
    const read = await admin.call<Record<string, unknown>[]>('gateway.key', 'read', [[id]]);
    expect(JSON.stringify(read)).not.toContain(secret.slice(12, 30));
  });

  test('is refused within a second of its revocation, on both sidecars', async () => {
    const { secret, id } = await admin.create('gateway.key', { name: 'revoked' });
    await bothAnswer(200, { 'X-API-Key': secret });
    await admin.call('gateway.key', 'action_revoke', [[id]]);
    expect(await bothAnswer(401, { 'X-API-Key': secret })).toBeLessThan(1_000);
  });

  test('works with the old and the new secret during the grace period of its rotation, then only with the new one', async () => {
    const { secret, id } = await admin.create('gateway.key', { name: 'rotated' });
    const { secret: next } = await admin.rotate('gateway.key', id, 1);
    await bothAnswer(200, { 'X-API-Key': secret });
    await bothAnswer(200, { 'X-API-Key': next });
    const { secret: last } = await admin.rotate('gateway.key', id, 0);
    await bothAnswer(200, { 'X-API-Key': last });
    expect(await bothAnswer(401, { 'X-API-Key': next })).toBeLessThan(1_000);
    // The first secret's grace period was an hour, but the second rotation ended it.
    await bothAnswer(401, { 'X-API-Key': secret });
  });

  test('can come from an environment variable', async () => {
    const headers = { 'X-API-Key': 'warehouse-secret-of-the-environment-0123456789' };
    expect((await gateway.get(ping, { headers })).status).toBe(401);
    await admin.call('gateway.key', 'create', [{ name: 'from the environment', environment_name: 'WAREHOUSE' }]);
    // The sidecar remembers the refusal until it is notified of the new key.
    await until('the key works', async () => (await gateway.get(ping, { headers })).status === 200, 1_000);
    expect((await second.get(ping, { headers })).status).toBe(401);
  });

  test('takes precedence over a Basic credential for a proxy', async () => {
    const { secret } = await admin.create('gateway.key', { name: 'with Basic' });
    const headers = { 'API-KEY': secret, Authorization: `Basic ${btoa('proxy:password')}` };
    expect((await gateway.get(ping, { headers })).status).toBe(200);
  });
});
