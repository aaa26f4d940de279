// No event lost, no event invented: 10,000 changes, each in a transaction of its own, while sidecars are killed with -9 at
// random, Postgres is restarted and the receiver fails from time to time (500s, cut connections, stalls of 30 seconds). Every
// committed change must arrive at least once under one id, in order per record; changes that were rolled back must not arrive.

import { setTimeout as delay } from 'node:timers/promises';
import { ensureCluster, stopCluster } from '../../scripts/stack/cluster.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { createPartnerWebhook } from '../helpers/partner_webhook.ts';
import { until } from '../helpers/wait.ts';
import type { Answer } from '../helpers/webhook_receiver.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const changes = Number(process.env['SOAK_CHANGES'] ?? 10_000);
const records = 200;
const producers = 4;
/** One call out of this many fails in Odoo after it has written. */
const rolledBackEvery = 10;

const startedAt = performance.now();
const real = await provideRealParts();
const gateway = await createInstance({ ...real, sharedOdooUrl: null });
const receiver = await startReceiver();
const faults: string[] = [];
let kills = 0;
let restarts = 0;
let rolledBack = 0;
let producing = true;

try {
  const settings = { egress_allow: ['127.0.0.0/8'], retry_first_seconds: 0.5, retry_longest_seconds: 10, max_attempts: 1_000 };
  for (const [name, value] of Object.entries({ ...settings, breaker_longest_seconds: 5 })) {
    await gateway.sql('update gateway.setting set value = $2 where name = $1', [`webhook.${name}`, JSON.stringify(value)]);
  }
  const ids = await gateway.orm<number[]>('res.partner', 'create', {
    vals_list: Array.from({ length: records }, (_, n) => ({ name: `Soak ${n}`, ref: '0' })),
  });
  await createPartnerWebhook(gateway, { name: 'Soak', url: receiver.url, payload: ['ref'], watched: ['ref'] });

  receiver.answer = flap;
  const killing = killSidecars();
  const restarting = restartPostgres();
  const shares = Array.from({ length: producers }, (_, n) => ids.filter((_id, i) => i % producers === n));
  await Promise.all(shares.map((share, n) => produce(share, n)));
  producing = false;
  await Promise.all([killing, restarting]);
  say(`  ${changes} changes made in ${seconds()} s, ${rolledBack} calls rolled back, ${kills} sidecars killed`);

  receiver.answer = () => ({ status: 200 });
  await until('the outbox is empty', outboxIsEmpty, 600_000);
  await check(ids);
  report(
    'webhooks',
    {
      changes,
      rolled_back: rolledBack,
      requests: receiver.arrived.length,
      events: new Set(receiver.arrived.map(({ event }) => event.id)).size,
      sidecars_killed: kills,
      postgres_restarts: restarts,
      seconds: seconds(),
      faults: faults.length,
    },
    {},
  );
} finally {
  producing = false;
  await gateway.close();
  await receiver.close();
}
for (const fault of faults.slice(0, 20)) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function seconds(): number {
  return Math.round((performance.now() - startedAt) / 1_000);
}

/** Increments each record's `ref`, one transaction for each step; some of the calls fail after they have written. */
async function produce(share: readonly number[], producer: number): Promise<void> {
  const steps = changes / records;
  for (let step = 1; step <= steps; step += 1) {
    for (const id of share) {
      if ((step + id + producer) % rolledBackEvery === 0) await rollBack(id);
      // Writing the same value again is not a second change, so a call whose answer was lost may be repeated.
      while (!(await succeeds(() => gateway.orm('res.partner', 'write', { ids: [id], vals: { ref: String(step) } })))) {
        await delay(200);
      }
    }
  }
}

/** Writes a partner as its own parent, which Odoo detects only after it has written both values. */
async function rollBack(id: number): Promise<void> {
  const vals = { ref: 'rolled back', parent_id: id };
  if (await succeeds(() => gateway.orm('res.partner', 'write', { ids: [id], vals })))
    faults.push('a write that must fail did not');
  rolledBack += 1;
}

async function succeeds(call: () => Promise<unknown>): Promise<boolean> {
  return call().then(
    () => true,
    () => false,
  );
}

/** In good times everything is accepted; in bad times many events are not. */
function flap(): Answer {
  const bad = Math.floor(performance.now() / 1_000) % 12 >= 8;
  const dice = Math.random();
  if (!bad || dice < 0.4) return { status: 200 };
  if (dice < 0.7) return { status: 500 };
  if (dice < 0.97) return 'reset';
  return { status: 200, delayMs: 30_000 };
}

async function killSidecars(): Promise<void> {
  const alive = [gateway.sidecar, await gateway.startSidecar()];
  while (producing) {
    await delay(3_000 + Math.random() * 6_000);
    const at = Math.floor(Math.random() * alive.length);
    const victim = alive[at];
    if (!victim || !producing) continue;
    victim.kill('SIGKILL');
    await victim.exited;
    kills += 1;
    const next = await gateway.startSidecar().catch(() => undefined);
    if (next) alive[at] = next;
  }
}

/**
 * Restarts Postgres once, in the middle of the run. Connections are cut, and sidecars recover by themselves. Odoo's prefork
 * server exits if a new worker starts while Postgres is starting up, so Odoo is restarted as well, as by a supervisor.
 */
async function restartPostgres(): Promise<void> {
  await until('a third has arrived', () => receiver.arrived.length > changes / 3, 1_800_000);
  await stopCluster({ immediately: true });
  await delay(2_000);
  // Postgres must get the port that everything else uses for it.
  process.env['STACK_POSTGRES_PORT'] = new URL(real.parts.cluster.ownerUrl).port;
  await ensureCluster();
  await gateway.odoo.stop();
  await gateway.odoo.start();
  restarts += 1;
}

async function outboxIsEmpty(): Promise<boolean> {
  await delay(500);
  const rows = await gateway.sql<{ state: string; count: number }>(
    'select state, count(*)::int as count from gateway.webhook_job group by state',
  );
  return rows.every(({ state }) => state === 'delivered');
}

async function check(ids: readonly number[]): Promise<void> {
  const stored = await gateway.orm<{ id: number; ref: string }[]>('res.partner', 'read', { ids, fields: ['ref'] });
  const byRecord = Map.groupBy(receiver.arrived, ({ event }) => event.data.id);
  for (const { id, ref } of stored) {
    const arrivals = byRecord.get(id) ?? [];
    // The change from n to n + 1 has `previous` n. Each change must have one id, and the ids must first arrive in this order.
    const order = [...new Map(arrivals.map(({ event }) => [event.id, String(event.data.previous?.['ref'])])).values()];
    const expected = Array.from({ length: Number(ref) }, (_, n) => String(n));
    if (order.join() !== expected.join()) faults.push(`record ${id}: arrived in the order ${order.join()}`);
    const accepted = new Set(arrivals.filter(({ status }) => status === 200).map(({ event }) => event.id));
    if (accepted.size !== expected.length) faults.push(`record ${id}: ${accepted.size} of ${expected.length} changes accepted`);
  }
  for (const { event, headers, body } of receiver.arrived) {
    if (body.includes('rolled back')) faults.push(`a change that was rolled back arrived: ${event.id}`);
    if (headers['webhook-id'] !== event.id) faults.push(`${event.id}: another id in the header`);
    if (!byRecord.has(event.data.id) || !ids.includes(event.data.id)) faults.push(`an event of record ${event.data.id}`);
  }
}
