// The throttle itself, on real Postgres with the rights of a sidecar's role. Each Throttle represents one sidecar.

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { ConnectionPool } from '../../sidecar/src/db/pool.ts';
import { takeThrottle } from '../../sidecar/src/db/throttle.ts';
import type { Decision } from '../../sidecar/src/limits/decision.ts';
import { Throttle } from '../../sidecar/src/limits/throttle.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const pools: ConnectionPool[] = [];
afterAll(() => Promise.all(pools.map((pool) => pool.end())));

function sidecar(): Throttle {
  const pool = new ConnectionPool(gateway.sidecarDatabaseUrl, 2, pino({ level: 'silent' }));
  pools.push(pool);
  return new Throttle({ take: (asks) => takeThrottle(pool, asks), trustsMemory: () => false });
}

const none = { minute: 0, hour: 0, day: 0 };
const newSubject = () => `test:${randomUUID()}`;

async function take(throttle: Throttle, subject: string, limits: Partial<typeof none>, cost = 1): Promise<Decision> {
  const decision = await throttle.take(subject, { ...none, ...limits }, cost);
  if (decision === undefined) throw new Error('Nothing was limited.');
  return decision;
}

/** Shifts the subject's windows as if that much time had passed. */
async function passTime(subject: string, interval: string): Promise<void> {
  await gateway.sql(
    `update gateway.throttle
     set minute_start = minute_start - $2::interval, hour_start = hour_start - $2::interval, day_start = day_start - $2::interval
     where subject = $1`,
    [subject, interval],
  );
}

test('three sidecars together grant exactly the limit, however many callers ask simultaneously', async () => {
  const sidecars = [sidecar(), sidecar(), sidecar()];
  const subject = newSubject();
  const decisions = await Promise.all(
    Array.from({ length: 900 }, (_, i) => take(sidecars[i % 3] as Throttle, subject, { minute: 100, hour: 1_000 })),
  );
  expect(decisions.filter((decision) => decision.allowed)).toHaveLength(100);
  const [row] = await gateway.sql(
    'select minute_hits + granted as minute, hour_hits + granted as hour from gateway.throttle where subject = $1',
    [subject],
  );
  expect(row).toEqual({ minute: 100, hour: 100 });
});

test('waiting callers are served in the order of their arrival', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  const decisions = await Promise.all(Array.from({ length: 6 }, () => take(throttle, subject, { minute: 4 })));
  expect(decisions.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 3],
    [true, 2],
    [true, 1],
    [true, 0],
    [false, 0],
    [false, 0],
  ]);
});

test('waiting callers share one statement', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  await Promise.all(Array.from({ length: 500 }, () => take(throttle, subject, { day: 1_000 })));
  expect(throttle.counts).toEqual({ statements: 1, rows: 1, fromMemory: 0 });
});

test('sidecars that change the same row in turn grant exactly the limit', async () => {
  const sidecars = [sidecar(), sidecar(), sidecar()];
  const subject = newSubject();
  const remaining: number[] = [];
  for (let i = 0; i < 60; i += 1) {
    // The sidecars take turns, two calls each. A sidecar remembers the row's ctid from its last call, but an update by another
    // sidecar makes that ctid outdated.
    const turn = sidecars[Math.floor(i / 2) % 3] as Throttle;
    const decision = await take(turn, subject, { minute: 50, day: 1_000 });
    if (decision.allowed) remaining.push(decision.remaining);
  }
  expect(remaining).toEqual(Array.from({ length: 50 }, (_, i) => 49 - i));
  const both = sidecars.flatMap((one) => Array.from({ length: 200 }, () => take(one, subject, { hour: 300 })));
  const allowed = (await Promise.all(both)).filter((decision) => decision.allowed);
  expect(allowed).toHaveLength(300);
});

test('a row that has moved or was replaced is found or created again', async () => {
  const throttle = sidecar();
  const [subject, other] = [newSubject(), newSubject()];
  await take(throttle, subject, { minute: 5 });
  await take(throttle, other, { minute: 5 });
  await gateway.sql('delete from gateway.throttle where subject = $1', [subject]);
  expect((await take(throttle, subject, { minute: 5 })).remaining).toBe(4);
  await gateway.sql('vacuum full gateway.throttle');
  expect((await take(throttle, other, { minute: 5 })).remaining).toBe(3);
  expect((await take(throttle, subject, { minute: 5 })).remaining).toBe(3);
  const rows = await gateway.sql('select subject from gateway.throttle where subject = any ($1)', [[subject, other]]);
  expect(rows).toHaveLength(2);
});

test('a statement for one subject uses the ctid of its row, except one time in sixteen', async () => {
  const pool = new ConnectionPool(gateway.sidecarDatabaseUrl, 1, pino({ level: 'silent' }));
  pools.push(pool);
  const places: (string | undefined)[] = [];
  const throttle = new Throttle({
    take(asks) {
      places.push(asks[0]?.place);
      return takeThrottle(pool, asks);
    },
    trustsMemory: () => false,
  });
  const subject = newSubject();
  for (let i = 0; i < 18; i += 1) await take(throttle, subject, { minute: 100 });
  expect(places.map((place) => /^\(\d+,\d+\)$/.test(place ?? ''))).toEqual(Array.from({ length: 18 }, (_, i) => i % 16 !== 0));
});

test('a row is found by its ctid, without the index', async () => {
  const [subject, database] = [newSubject(), new pg.Client({ connectionString: gateway.databaseUrl })];
  await database.connect();
  const taken = async (place: string | null): Promise<string> => {
    const { rows } = await database.query(`select gateway.take(array[$1], '{1}', '{1}', '{9}', '{0}', '{0}', $2) as taken`, [
      subject,
      place,
    ]);
    return rows[0].taken;
  };
  const scans = async (): Promise<number> => {
    const { rows } = await database.query(
      `select coalesce(idx_scan, 0)::integer as n from pg_stat_xact_all_tables where relid = 'gateway.throttle'::regclass`,
    );
    return rows[0].n;
  };
  const place = (await taken(null)).split('}').at(-1) ?? '';
  await database.query('begin');
  const before = await scans();
  const moved = (await taken(place)).split('}').at(-1) ?? '';
  expect(await scans()).toBe(before);
  expect(moved).not.toBe(place);
  await taken(place);
  expect(await scans()).toBeGreaterThan(before);
  await database.query('rollback');
  await database.end();
});

test('a refused request is charged to no window', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  const limits = { minute: 5, hour: 3, day: 100 };
  for (let i = 0; i < 3; i += 1) expect((await take(throttle, subject, limits)).allowed).toBe(true);
  const refused = await take(throttle, subject, limits);
  expect(refused).toMatchObject({ allowed: false, window: 'hour', limit: 3, remaining: 0 });
  expect(refused.resetMs).toBeGreaterThan(3_590_000);
  await take(sidecar(), subject, limits);
  const [row] = await gateway.sql(
    'select minute_hits + granted as minute, hour_hits + granted as hour, day_hits + granted as day from gateway.throttle where subject = $1',
    [subject],
  );
  expect(row).toEqual({ minute: 3, hour: 3, day: 3 });
});

test('a remainder too small for a costly request is kept for cheaper ones', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  expect((await take(throttle, subject, { minute: 10 }, 7)).remaining).toBe(3);
  expect(await take(throttle, subject, { minute: 10 }, 4)).toMatchObject({ allowed: false, remaining: 3 });
  expect((await take(throttle, subject, { minute: 10 }, 2)).remaining).toBe(1);
  const both = await Promise.all([take(throttle, subject, { minute: 10 }, 2), take(throttle, subject, { minute: 10 }, 1)]);
  expect(both.map((decision) => decision.allowed)).toEqual([false, true]);
});

test('a request that costs more than a whole window is refused immediately', () => {
  const attempt = () => sidecar().take(newSubject(), { minute: 10, hour: 5, day: 0 }, 6);
  expect(attempt).toThrow(expect.objectContaining({ reason: 'throttle.cost', details: { cost: 6, limit: 5 } }));
});

test('a used-up window is answered from memory, without a statement', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  await take(throttle, subject, { minute: 1 });
  const before = throttle.counts.statements;
  const answer = throttle.take(subject, { ...none, minute: 1 });
  expect(answer).not.toBeInstanceOf(Promise);
  expect(answer).toMatchObject({ allowed: false, remaining: 0 });
  expect(throttle.counts.statements).toBe(before);
});

test('a raised limit applies immediately, even for a subject whose window was used up', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  await take(throttle, subject, { minute: 2 }, 2);
  expect((await take(throttle, subject, { minute: 2 })).allowed).toBe(false);
  expect(await take(throttle, subject, { minute: 5 })).toMatchObject({ allowed: true, limit: 5, remaining: 2 });
});

test("each window ends separately, by the database's clock", async () => {
  const subject = newSubject();
  const limits = { minute: 2, hour: 3 };
  const first = sidecar();
  await take(first, subject, limits, 2);
  await passTime(subject, '59 seconds');
  expect((await take(sidecar(), subject, limits)).allowed).toBe(false);
  await passTime(subject, '1 second');
  expect(await take(sidecar(), subject, limits)).toMatchObject({ allowed: true, window: 'hour', remaining: 0 });
  expect(await take(sidecar(), subject, limits)).toMatchObject({ allowed: false, window: 'hour' });
});

test('windows that Odoo resets start again', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  await take(throttle, subject, { minute: 1, hour: 2 });
  await gateway.sql(`select gateway.reset_throttle(array[$1], 'minute')`, [subject]);
  throttle.forget();
  expect((await take(throttle, subject, { minute: 1, hour: 2 })).allowed).toBe(true);
  expect(await take(throttle, subject, { minute: 1, hour: 2 })).toMatchObject({ allowed: false, window: 'hour' });
  await gateway.sql('select gateway.reset_throttle(array[$1])', [subject]);
  throttle.forget();
  expect((await take(throttle, subject, { minute: 1, hour: 2 })).allowed).toBe(true);
});

test('the answer of a statement that ran during a reset is not remembered', async () => {
  const throttle = sidecar();
  const subject = newSubject();
  const pending = take(throttle, subject, { minute: 1 });
  await new Promise(setImmediate);
  throttle.forget();
  await pending;
  expect(throttle.known(subject, { ...none, minute: 1 })).toBeUndefined();
});

test('clean-up forgets subjects whose limited windows have all ended, and no others', async () => {
  const throttle = sidecar();
  const [ended, living, unlimited] = [newSubject(), newSubject(), newSubject()] as const;
  await take(throttle, ended, { minute: 5, hour: 5 });
  await take(throttle, living, { minute: 5, day: 5 });
  await take(throttle, unlimited, { minute: 5 });
  for (const subject of [ended, living, unlimited]) await passTime(subject, '2 hours');
  for (let gone = 1; gone > 0; ) {
    const [row] = await gateway.sql<{ gone: number }>('select gateway.clean_throttles(1) as gone');
    gone = row?.gone ?? 0;
  }
  const left = await gateway.sql('select subject from gateway.throttle where subject = any ($1)', [[ended, living, unlimited]]);
  expect(left).toEqual([{ subject: living }]);
});

test('subjects may contain any character', async () => {
  const throttle = sidecar();
  const strange = ['a"b', 'back\\slash', '{,}', "quote'", 'ünïcode', 'NULL'].map((name) => `${newSubject()}:${name}`);
  const decisions = await Promise.all(strange.map((subject) => take(throttle, subject, { minute: 3 })));
  expect(decisions.every(({ remaining }) => remaining === 2)).toBe(true);
  const rows = await gateway.sql<{ subject: string }>('select subject from gateway.throttle where subject = any ($1)', [strange]);
  expect(rows).toHaveLength(strange.length);
});

test('a failed statement fails its waiting callers, and further callers fail immediately while Postgres is down', async () => {
  const pool = new ConnectionPool(gateway.sidecarDatabaseUrl.replace(/:\d+\//, ':1/'), 1, pino({ level: 'silent' }));
  pools.push(pool);
  const throttle = new Throttle({ take: (asks) => takeThrottle(pool, asks), trustsMemory: () => true });
  const away = expect.objectContaining({ reason: 'database.unavailable' });
  await expect(
    Promise.all([take(throttle, newSubject(), { minute: 1 }), take(throttle, newSubject(), { hour: 1 })]),
  ).rejects.toThrow(away);
  expect(() => throttle.take(newSubject(), { ...none, minute: 1 })).toThrow(away);
});
