// Requests that take too long, and clients that leave: the caller's answer, and the end of the work in Odoo.

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const timeoutMs = 3_000;
const gateway = await useInstance({ env: { GATEWAY_REQUEST_TIMEOUT_MS: String(timeoutMs) } });
const { admin } = gateway.keys;
const path = '/api/v1/res.partner.category';

/** Inserting a tag of colour 7 is slow; with colour 9 the commit is slow, and has no time limit. */
await gateway.sql(`
  create function test_slow() returns trigger language plpgsql as $$
  begin
    if new.color = 7 then perform pg_sleep(20); end if;
    perform set_config('statement_timeout', '0', true);
    return new;
  end $$;
  create trigger test_slow before insert on res_partner_category
  for each row when (new.color in (7, 9)) execute function test_slow();
  create function test_slow_commit() returns trigger language plpgsql as $$
  begin
    perform pg_sleep(6);
    return null;
  end $$;
  create constraint trigger test_slow_commit after insert on res_partner_category deferrable initially deferred
  for each row when (new.color = 9) execute function test_slow_commit();
`);

function create(name: string, color: number, key: string) {
  return gateway.post(path, { name, color }, { key: admin, headers: { 'Idempotency-Key': key } });
}

async function tagsNamed(name: string): Promise<number> {
  return gateway.orm<number>('res.partner.category', 'search_count', { domain: [['name', '=', name]] });
}

/** Odoo's running transactions in the database. */
async function transactions(): Promise<number> {
  const [row] = await gateway.sql<{ count: string }>(
    `select count(*) from pg_stat_activity
     where datname = current_database() and application_name like 'odoo-%' and xact_start is not null`,
  );
  return Number(row?.count);
}

test('a write that is aborted at its deadline gets a 504, and nothing is written', async () => {
  await create('Warm', 1, 'warm');
  const startedAt = performance.now();
  const answer = await create('Cut', 7, 'cut');
  expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 2_000);
  expect(answer.status).toBe(504);
  expect(answer.json.error).toMatchObject({ reason: 'odoo.timeout', details: { outcome: 'nothing_written' } });
  expect(await tagsNamed('Cut')).toBe(0);
  // The key is free: another body would be refused if the first had been stored.
  expect((await create('Cut', 1, 'cut')).status).toBe(201);
});

test('a write that continues after its deadline gets a 504, and its Idempotency-Key shows the outcome', async () => {
  const answer = await create('Late', 9, 'late');
  expect(answer.status).toBe(504);
  expect(answer.json.error.details).toEqual({ outcome: 'unknown' });
  const during = await create('Late', 9, 'late');
  expect([during.status, during.json.error.reason]).toEqual([409, 'idempotency.running']);
  await until('the first answer', async () => {
    const again = await create('Late', 9, 'late');
    return again.status === 201 && again.headers.get('idempotency-replayed') === 'true';
  });
  expect(await tagsNamed('Late')).toBe(1);
});

/** Ends the connection on which Odoo runs a matching statement, as a restart of Postgres does. */
async function endConnection(statement: string): Promise<void> {
  await until(statement, async () => {
    const ended = await gateway.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'odoo-%' and state = 'active' and query ilike $1`,
      [statement],
    );
    return ended.length > 0;
  });
}

test.each([
  ['before the commit, nothing is written', 7, 'insert into%', 'nothing_written'],
  ['during the commit, the outcome is unknown', 9, 'commit%', 'unknown'],
])('if Postgres ends the connection of a write %s', async (_name, color, statement, outcome) => {
  const writing = create('Lost', color, `lost-${color}`);
  await endConnection(statement);
  const answer = await writing;
  expect(answer.json.error).toMatchObject({ code: 503, reason: 'database.unavailable', details: { outcome } });
  expect(answer.headers.get('retry-after')).toBe('2');
});

test('the gateway recovers after Postgres ended its connections between two requests', async () => {
  const read = () => gateway.get(`${path}?limit=1&fields=name`, { key: admin });
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([read(), read(), read()]);
    await gateway.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'odoo-%'",
    );
    const answers = await Promise.all([read(), create(`Between ${round}`, 1, `between-${round}`), read()]);
    for (const { status, json } of answers) if (status >= 400) expect(json.error.reason).toBe('database.unavailable');
  }
  await until('200', async () => (await read()).status === 200);
});

test('a client that disconnects leaves no busy worker and no transaction', async () => {
  const created = await create('Held', 1, 'held');
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('update res_partner_category set color = 2 where id = $1', [created.json.data.id]);
  try {
    const leaving = new AbortController();
    const requests = Array.from({ length: 6 }, () =>
      fetch(`${gateway.url}${path}/${created.json.data.id}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: '{"color": 3}',
        signal: leaving.signal,
      }).catch(() => 'left'),
    );
    await until('Odoo waits for the record', async () => (await transactions()) > 0);
    leaving.abort();
    expect(await Promise.all(requests)).toEqual(Array(6).fill('left'));
    await until('no transaction', async () => (await transactions()) === 0);
    expect((await gateway.get(`${path}?limit=1&fields=name`, { key: admin })).status).toBe(200);
  } finally {
    await client.query('rollback');
    await client.end();
  }
  await delay(200);
  const after = await gateway.get(`${path}/${created.json.data.id}?fields=color`, { key: admin });
  expect(after.json.data.color).toBe(1);
});
