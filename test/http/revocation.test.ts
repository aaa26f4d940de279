// A change of a key or a user in Odoo takes effect on every sidecar within a second.

import pg from 'pg';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { createOdooKey, createUser, revokeOdooKey } from '../helpers/odoo_keys.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const sidecars = [gateway.sidecar, await gateway.startSidecar()];
const alice = await createUser(gateway, 'alice');
const { superuserUrl } = inject('real').parts.cluster;
const superuser = new pg.Pool({ connectionString: superuserUrl ?? gateway.databaseUrl, max: 1 });
afterAll(() => superuser.end());

const statuses = (secret: string) =>
  Promise.all(sidecars.map(async (sidecar) => (await sidecar.get('/api/v1/ping', { key: secret })).status));

/** Milliseconds until all sidecars answer with the status. */
const untilAll = (status: number, secret: string) =>
  until(`all sidecars answer ${status}`, async () => (await statuses(secret)).every((found) => found === status));

/** Ends the connections on which the sidecars listen, without waiting. */
async function cutListeners(): Promise<void> {
  const { rowCount } = await superuser.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'api-gateway-listen'",
    [gateway.database],
  );
  expect(rowCount).toBe(sidecars.length);
}

describe.each([
  ['', async () => {}],
  [', even right after the listening connections were cut', cutListeners],
])('within a second on every sidecar%s', (_, disturb) => {
  test('a revoked key is refused', async () => {
    const key = await createOdooKey(gateway, { userId: alice });
    expect(await statuses(key.secret)).toEqual([200, 200]);
    await disturb();
    await revokeOdooKey(gateway, key.id);
    expect(await untilAll(401, key.secret)).toBeLessThan(1_000);
    await until('listening again', async () => (await listeners()) === sidecars.length, 15_000);
  });

  test('a user that is deactivated in Odoo is refused, and accepted again when active', async () => {
    const key = await createOdooKey(gateway, { userId: alice });
    expect(await statuses(key.secret)).toEqual([200, 200]);
    await disturb();
    await gateway.orm('res.users', 'write', { ids: [alice], vals: { active: false } });
    expect(await untilAll(401, key.secret)).toBeLessThan(1_000);
    await gateway.orm('res.users', 'write', { ids: [alice], vals: { active: true } });
    expect(await untilAll(200, key.secret)).toBeLessThan(1_000);
    await until('listening again', async () => (await listeners()) === sidecars.length, 15_000);
  });
});

async function listeners(): Promise<number> {
  const { rows } = await superuser.query(
    "select pid from pg_stat_activity where datname = $1 and application_name = 'api-gateway-listen'",
    [gateway.database],
  );
  return rows.length;
}

test('a change whose transaction began long before it was committed is not missed', async () => {
  const key = await createOdooKey(gateway, { userId: alice });
  expect(await statuses(key.secret)).toEqual([200, 200]);
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('delete from res_users_apikeys where id = $1', [key.id]);
    // The sidecars notice later transactions, and still wait for the earlier one.
    for (let i = 0; i < 3; i += 1) {
      const other = await createOdooKey(gateway, { userId: alice });
      await revokeOdooKey(gateway, other.id);
      await untilAll(401, other.secret);
    }
    expect(await statuses(key.secret)).toEqual([200, 200]);
    await client.query('commit');
  } finally {
    await client.end();
  }
  expect(await untilAll(401, key.secret)).toBeLessThan(1_000);
});

test('a setting takes effect within a second', async () => {
  const key = await createOdooKey(gateway, { userId: alice });
  await gateway.sql("update gateway.setting set value = '7' where name = 'limit.max'");
  await until('the new limit', async () => {
    const answer = await gateway.get('/api/v1/res.partner?limit=8', { key: key.secret });
    return answer.status === 400 && answer.json.error.details.max === 7;
  });
  await gateway.sql("update gateway.setting set value = default_value where name = 'limit.max'");
});

test('a model that is hidden in Odoo is hidden in the gateway within a second', async () => {
  const read = () => gateway.get('/api/v1/res.country?limit=1', { key: gateway.keys.admin });
  expect((await read()).status).toBe(200);
  await gateway.sql("insert into gateway.never_exposed (pattern) values ('res.country')");
  expect(await until('403', async () => (await read()).status === 403)).toBeLessThan(1_000);
  await gateway.sql("delete from gateway.never_exposed where pattern = 'res.country'");
  expect(await until('200', async () => (await read()).status === 200)).toBeLessThan(1_000);
});
