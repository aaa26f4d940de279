// Every request is counted once, whatever the log level, and the figures are correct.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Sidecar } from '../helpers/instance.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();

interface Totals {
  requests: number;
  class_2: number;
  class_4: number;
  class_5: number;
  unauthenticated: number;
  p50_ms: number | null;
  keys: number;
}

const wholeDay = "gateway.utc_now() - interval '1 day', gateway.utc_now() + interval '1 minute'";

async function totals(who: string[] | null = null): Promise<Totals> {
  const [row] = await gateway.sql<{ totals: Totals }>(`select gateway.stat_totals(${wholeDay}, $1) as totals`, [who]);
  if (row === undefined) throw new Error('no totals');
  return row.totals;
}

async function counted(): Promise<number> {
  return (await totals()).requests;
}

async function consumerOf(key: string): Promise<string> {
  const [row] = await gateway.sql<{ id: number }>('select id from res_users_apikeys where index = $1', [key.slice(0, 8)]);
  return `odoo_key:${row?.id}`;
}

describe('figures', () => {
  beforeAll(() => until('nothing is left from the start', async () => (await counted()) >= 0));

  test('every answer is counted by consumer, endpoint, model, method and status', async () => {
    const before = await totals();
    for (let i = 0; i < 25; i += 1) await gateway.get('/api/v1/ping', { key: gateway.keys.demo });
    await gateway.get('/api/v1/res.partner?limit=1', { key: gateway.keys.demo });
    await gateway.get('/api/v1/no.such.model', { key: gateway.keys.demo });
    await gateway.get('/api/v1/ping', { key: 'f'.repeat(40) });
    await gateway.get('/nowhere');
    await until('29 more are counted', async () => (await counted()) === before.requests + 29);

    const after = await totals();
    expect(after.class_2 - before.class_2).toBe(26);
    expect(after.class_4 - before.class_4).toBe(3);
    expect(after.unauthenticated - before.unauthenticated).toBe(1);

    const consumer = await consumerOf(gateway.keys.demo);
    expect((await totals([consumer])).requests).toBe(27);
    const top = async (facet: string, who: string[] | null) => {
      const [row] = await gateway.sql<{ top: { value: string; requests: number; name?: string }[] }>(
        `select gateway.stat_top(${wholeDay}, $1, null, $2, 50) as top`,
        [who, facet],
      );
      return new Map(row?.top.map(({ value, requests }) => [value, requests]));
    };
    expect(await top('route', [consumer])).toEqual(
      new Map([
        ['/api/v1/ping', 25],
        ['/api/v1/:model', 2],
      ]),
    );
    expect(await top('method', [consumer])).toEqual(new Map([['GET', 27]]));
    expect(await top('status', [consumer])).toEqual(
      new Map([
        ['200', 26],
        ['404', 1],
      ]),
    );
    expect(await top('reason', [consumer])).toEqual(new Map([['odoo.model', 1]]));
    expect((await top('consumer', null)).get(consumer)).toBe(27);
  });

  test('names of models that do not exist never appear in the figures', async () => {
    const consumer = await consumerOf(gateway.keys.demo);
    const [row] = await gateway.sql<{ top: { value: string }[] }>(
      `select gateway.stat_top(${wholeDay}, $1, null, 'model', 50) as top`,
      [[consumer]],
    );
    expect(row?.top.map(({ value }) => value)).toEqual(['res.partner']);
  });

  test('health checks do not count as traffic', async () => {
    const before = await counted();
    await gateway.get('/healthz');
    await gateway.get('/readyz');
    await gateway.get('/api/v1/ping', { key: gateway.keys.demo });
    await until('the ping is counted', async () => (await counted()) > before);
    expect(await counted()).toBe(before + 1);
  });

  test('two sidecars add to the same figures', async () => {
    const before = await counted();
    const second = await gateway.startSidecar();
    await Promise.all([pings(gateway.sidecar, 300), pings(second, 300)]);
    await until('all 600 are counted', async () => (await counted()) === before + 600);
  });

  test('a sidecar that is stopped loses no figures', async () => {
    const before = await counted();
    const third = await gateway.startSidecar();
    await pings(third, 200);
    await third.stop();
    expect(await counted()).toBe(before + 200);
  });

  test('a sidecar that is killed loses at most the figures of the last second', async () => {
    const before = await counted();
    const doomed = await gateway.startSidecar();
    const answeredAt: number[] = [];
    const startedAt = performance.now();
    while (performance.now() - startedAt < 3_300) {
      await doomed.get('/api/v1/ping', { key: gateway.keys.demo });
      answeredAt.push(performance.now());
    }
    const killedAt = performance.now();
    process.kill(doomed.pid, 'SIGKILL');
    // Half a second more than promised, because tests run concurrently.
    const sure = answeredAt.filter((at) => at < killedAt - 1_500).length;
    expect(sure).toBeGreaterThan(50);
    const kept = (await counted()) - before;
    expect(kept).toBeGreaterThanOrEqual(sure);
    expect(kept).toBeLessThanOrEqual(answeredAt.length);
  });

  test('requests answered while Postgres was down are counted afterwards, once', async () => {
    const before = await counted();
    const postgres = await startTcpProxy(Number(new URL(gateway.sidecarDatabaseUrl).port));
    const fourth = await gateway.startSidecar({ postgres });
    await pings(fourth, 50);
    await until('the first are counted', async () => (await counted()) === before + 50);
    await postgres.cut();
    let answered = 0;
    const cutAt = performance.now();
    while (performance.now() - cutAt < 3_000) {
      await fourth.get('/api/v1/ping', { key: gateway.keys.demo });
      answered += 1;
    }
    await postgres.restore();
    await until('all are counted', async () => (await counted()) === before + 50 + answered, 20_000);
    await fourth.stop();
    expect(await counted()).toBe(before + 50 + answered);
  });
});

async function pings(sidecar: Sidecar, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 50) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(50, count - sent) }, () => sidecar.get('/api/v1/ping', { key: gateway.keys.demo })),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  }
}
