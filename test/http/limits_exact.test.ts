// The limit under load: three sidecar processes, 300 connections, five times as many requests as the limit allows.

import { Agent, request } from 'undici';
import { beforeEach, expect, test } from 'vitest';
import type { Sidecar } from '../helpers/instance.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const limit = 1_000;
const requests = 5_000;
const connectionsEach = 100;

const gateway = await useInstance();
const sidecars = [gateway.sidecar, await gateway.startSidecar(), await gateway.startSidecar()];

beforeEach(async () => {
  await gateway.sql(`update gateway.setting set value = to_jsonb($1::integer) where name = 'throttle.limit'`, [limit]);
  for (const sidecar of sidecars) {
    await until('the limit is live', async () => {
      const answer = await sidecar.get('/api/v1/ping', { key: gateway.keys.admin });
      return answer.headers.get('ratelimit-limit') === String(limit);
    });
  }
  await gateway.sql(`delete from gateway.throttle`);
  await gateway.sql(`select gateway.reset_throttle(array[]::text[])`);
});

interface Count {
  passed: number;
  refused: number;
  /** Requests without an answer. */
  lost: number;
}

/** Keeps `connectionsEach` requests running on each sidecar until all have been sent. */
async function ask(targets: readonly Sidecar[], onPassed: (total: number) => void = () => {}): Promise<Map<Sidecar, Count>> {
  const counts = new Map<Sidecar, Count>(targets.map((target) => [target, { passed: 0, refused: 0, lost: 0 }]));
  const agent = new Agent({ connections: connectionsEach, pipelining: 1 });
  const headers = { authorization: `Bearer ${gateway.keys.demo}` };
  let asked = 0;
  let passed = 0;
  async function call(target: Sidecar, count: Count): Promise<void> {
    while (asked < requests && count.lost < connectionsEach) {
      asked += 1;
      try {
        const { statusCode, body } = await request(`${target.url}/api/v1/ping`, { dispatcher: agent, headers });
        await body.dump();
        if (statusCode === 429) count.refused += 1;
        else if (statusCode === 503)
          asked -= 1; // the machine was too busy to decide, so the request is sent again
        else if (statusCode !== 200) throw new Error(`An answer with ${statusCode}.`);
        else {
          count.passed += 1;
          passed += 1;
          onPassed(passed);
        }
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('An answer')) throw error;
        count.lost += 1;
      }
    }
  }
  const callers = [...counts].flatMap(([target, count]) => Array.from({ length: connectionsEach }, () => call(target, count)));
  await Promise.all(callers);
  await agent.close();
  return counts;
}

const sum = (counts: Map<Sidecar, Count>, of: keyof Count) => [...counts.values()].reduce((total, count) => total + count[of], 0);

test('of 5,000 requests over three sidecars, exactly 1,000 pass, some of them through each sidecar', async () => {
  const counts = await ask(sidecars);
  expect(sum(counts, 'passed')).toBe(limit);
  expect(sum(counts, 'refused')).toBe(requests - limit);
  for (const { passed } of counts.values()) expect(passed).toBeGreaterThan(0);
});

test('if a sidecar is killed under this load, no more than 1,000 pass, and only its requests in flight are lost', async () => {
  const victim = sidecars[2] as Sidecar;
  let killed = false;
  const counts = await ask(sidecars, (total) => {
    if (killed || total < limit / 3) return;
    killed = true;
    victim.kill('SIGKILL');
  });
  expect(killed).toBe(true);
  const passed = sum(counts, 'passed');
  expect(passed).toBeLessThanOrEqual(limit);
  expect(passed).toBeGreaterThanOrEqual(limit - connectionsEach);
  expect(counts.get(victim)?.lost).toBeGreaterThan(0);
  expect(sum(counts, 'lost')).toBe(counts.get(victim)?.lost);
});
