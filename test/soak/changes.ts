// Copies stay up to date: three writers make 10,000 changes, and five readers with different rights follow them, one of them by a
// stream of events. Meanwhile a transaction stays open for ten minutes, sidecars are killed with -9 in the middle of stamping,
// connections are cut on both sides of the sidecars, and Postgres is restarted. Records become visible to readers and invisible
// again, and cascades delete them in SQL. After each pause, every copy must equal Odoo's own answer to its reader.
//
// SOAK_WITHOUT=trigger or stamper removes that part of the feed; then the proof must fail.

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ensureCluster, stopCluster } from '../../scripts/stack/cluster.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import type { Followed, Row } from '../helpers/followed_copy.ts';
import { FollowedCopy } from '../helpers/followed_copy.ts';
import { HttpClient } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import type { TcpProxy } from '../helpers/tcp_proxy.ts';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { until } from '../helpers/wait.ts';

const wanted = Number(process.env['SOAK_CHANGES'] ?? 10_000);
const openSeconds = Number(process.env['SOAK_OPEN_SECONDS'] ?? 600);
const without = process.env['SOAK_WITHOUT'];
const rounds = 10;
const writers = 3;

const startedAt = performance.now();
const real = await provideRealParts();
const gateway = await createInstance({ ...real, sharedOdooUrl: null });
const { keys } = gateway;
const superuser = new pg.Pool({ connectionString: real.parts.cluster.superuserUrl ?? gateway.databaseUrl, max: 1 });
superuser.on('error', () => {}); // Postgres is restarted
const faults: string[] = [];
const postgresPort = Number(new URL(gateway.sidecarDatabaseUrl).port);
const alive: Place[] = [await startPlace(), await startPlace()];
const counts = { changes: 0, kills: 0, cuts: 0, restarts: 0, compared: 0 };

/** A sidecar whose connections can be cut on both sides. */
interface Place {
  readonly sidecar: Sidecar;
  readonly client: HttpClient;
  readonly front: TcpProxy;
  readonly back: TcpProxy;
}

async function startPlace(): Promise<Place> {
  const back = await startTcpProxy(postgresPort);
  const sidecar = await gateway.startSidecar({ postgres: back });
  const front = await startTcpProxy(Number(new URL(sidecar.url).port));
  return { sidecar, client: new HttpClient(`http://127.0.0.1:${front.port}`), front, back };
}

const partner = ['name', 'color', 'is_company'];
const anyServer = () => (alive[Math.floor(Math.random() * alive.length)] as Place).client;
const followed: Followed[] = [
  { name: 'everything', key: keys.admin, model: 'res.partner', fields: partner },
  { name: 'by a rule', key: keys.demo, model: 'res.partner', fields: partner },
  { name: 'by a domain', key: keys.admin, model: 'res.partner', fields: partner, domain: [['is_company', '=', true]] },
  { name: 'cascades', key: keys.admin, model: 'res.partner.category', fields: ['name', 'color'] },
  { name: 'a stream', key: keys.demo, model: 'res.partner', fields: partner, streams: true },
];
const copies = followed.map((reader) => new FollowedCopy(reader, anyServer));
const pools = Array.from({ length: writers }, () => ({ partners: [] as number[], parents: [] as number[] }));
let running = true;
let writing = false;

try {
  await prepare();
  await Promise.all(copies.map((copy) => copy.start()));
  const opened = openTransaction();
  const breaking = Promise.all([kill(), cut()]);
  const following = Promise.all(copies.map(follow));
  for (let round = 1; round <= rounds; round += 1) {
    writing = true;
    const restarting = round === rounds - 2 ? restartPostgres() : undefined;
    await Promise.all(pools.map((pool) => write(pool, Math.ceil(wanted / rounds / writers))));
    writing = false;
    if (round === rounds / 2) await opened;
    await restarting;
    await compare(round);
  }
  running = false;
  for (const copy of copies) copy.stop();
  await Promise.all([following, breaking]);
  const delivered = copies.reduce((sum, copy) => sum + copy.delivered, 0);
  const figures = { ...counts, delivered, seconds: Math.round((performance.now() - startedAt) / 1_000), faults: faults.length };
  report('changes', figures, {});
} finally {
  running = false;
  await superuser.end();
  await gateway.close();
}
for (const fault of faults.slice(0, 20)) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function prepare(): Promise<void> {
  const models = await gateway.orm<number[]>('ir.model', 'search', {
    domain: [['model', 'in', ['res.partner', 'res.partner.category']]],
  });
  await gateway.orm('gateway.synced.model', 'create', { vals_list: models.map((model_id) => ({ model_id })) });
  const [user] = await gateway.orm<number[]>('res.users', 'search', { domain: [['login', '=', 'demo_api']] });
  const [group] = await gateway.orm<number[]>('res.groups', 'create', {
    vals_list: [{ name: 'Sees low colors', user_ids: [[4, user]] }],
  });
  const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
  await gateway.orm('ir.rule', 'create', {
    vals_list: [{ name: 'Low colors', model_id: model, domain_force: "[('color', '<', 5)]", groups: [[4, group]] }],
  });
  if (without === 'trigger') await gateway.sql('alter table res_partner disable trigger gateway_change_update');
  if (without === 'stamper') await numberByTheSequence();
}

/** Replaces the stamper's rule: numbers changes in the order in which they were made, not in which they become visible. */
async function numberByTheSequence(): Promise<void> {
  await gateway.sql(`create or replace function gateway.stamp_changes(most integer) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare noted integer;
    begin
      perform from gateway.change_state for update;
      with taken as (delete from gateway.change_inbox returning id, model, res_id, deleted),
      newest as (select distinct on (model, res_id) * from taken order by model, res_id, id desc),
      stamped as (
        insert into gateway.change (model, res_id, number, deleted, stamped_at)
        select model, res_id, id, deleted, gateway.utc_now() from newest
        on conflict (model, res_id) do update set number = excluded.number, deleted = excluded.deleted
        returning number)
      select count(*) into noted from taken;
      update gateway.change_state set last = greatest(last, (select max(number) from gateway.change));
      return noted;
    end $$`);
}

/** Each step is a transaction of Odoo, or of SQL. */
async function write(pool: (typeof pools)[number], steps: number): Promise<void> {
  for (let done = 0; done < steps; ) {
    const changed = await change(pool).catch(() => 0);
    if (changed === 0) await delay(100); // Odoo or Postgres is down, or the record is already deleted
    done += changed;
    counts.changes += changed;
  }
}

/** Makes a random change, and returns how many records it changed. */
async function change({ partners, parents }: (typeof pools)[number]): Promise<number> {
  const dice = Math.random();
  const one = partners[Math.floor(Math.random() * partners.length)];
  if (one === undefined || dice < 0.15) {
    const vals_list = Array.from({ length: 5 }, (_, n) => ({ name: `Soak ${n}`, color: n * 2 }));
    partners.push(...(await gateway.orm<number[]>('res.partner', 'create', { vals_list })));
    return 5;
  }
  if (dice < 0.25) {
    partners.splice(partners.indexOf(one), 1);
    await gateway.orm('res.partner', 'unlink', { ids: [one] });
    return 1;
  }
  if (dice < 0.3) {
    const [parent = 0] = await gateway.orm<number[]>('res.partner.category', 'create', { vals_list: [{ name: 'Parent' }] });
    const vals_list = Array.from({ length: 4 }, (_, n) => ({ name: `Child ${n}`, parent_id: parent }));
    await gateway.orm('res.partner.category', 'create', { vals_list });
    parents.push(parent);
    return 5;
  }
  const parent = parents.length > 3 ? parents.shift() : undefined;
  if (parent !== undefined) {
    await gateway.sql('delete from res_partner_category where id = $1', [parent]); // its children are deleted, too
    return 5;
  }
  if (dice < 0.4) {
    await gateway.sql('update res_partner set color = (color + 3) % 10 where id = $1', [one]);
    return 1;
  }
  const values = [
    { color: Math.floor(Math.random() * 10) },
    { is_company: dice > 0.7 },
    { name: `Named ${dice}` },
    { active: dice < 0.95 },
  ];
  await gateway.orm('res.partner', 'write', { ids: [one], vals: values[Math.floor(Math.random() * values.length)] });
  return 1;
}

/** Changes two records first and commits last. */
async function openTransaction(): Promise<void> {
  const ids = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Open 1' }, { name: 'Open 2' }] });
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query("update res_partner set name = name || ' changed', is_company = true where id = any($1)", [ids]);
  await delay(openSeconds * 1_000);
  await client.query('commit');
  await client.end();
  say(`  the transaction that was open for ${openSeconds} s is committed`);
}

async function follow(copy: FollowedCopy): Promise<void> {
  while (running) {
    await copy.step().catch((error: unknown) => faults.push(String(error)));
    await delay(Math.random() * 200);
  }
}

async function compare(round: number): Promise<void> {
  for (const copy of copies) {
    let expected: Row[] = [];
    const answers = () =>
      ofOdoo(copy.followed).then(
        (rows) => {
          expected = rows;
          return true;
        },
        () => false,
      );
    await until(`${copy.followed.name}: Odoo answers`, answers, 120_000);
    const asText = () => JSON.stringify([...copy.rows.values()].sort((a, b) => a.id - b.id).map(plain));
    const wantedText = JSON.stringify(expected.map(plain));
    const isInStep = await until('in step', () => asText() === wantedText, 20_000).then(
      () => true,
      () => false,
    );
    if (!isInStep) faults.push(`round ${round}: ${copy.followed.name} differs from Odoo: ${difference(copy, expected)}`);
    counts.compared += expected.length;
  }
  const { changes, kills, cuts } = counts;
  say(`  round ${round}: ${changes} changes, ${kills} sidecars killed, ${cuts} cuts, ${faults.length} faults`);
}

/** The records from Odoo's own API, without the gateway. */
async function ofOdoo({ key, model, fields, domain = [] }: Followed): Promise<Row[]> {
  return gateway.orm<Row[]>(model, 'search_read', { domain, fields, order: 'id' }, key);
}

function plain({ id, name, color, is_company: isCompany }: Row): unknown[] {
  return [id, name, color, isCompany];
}

function difference({ rows }: FollowedCopy, expected: readonly Row[]): string {
  const right = new Map(expected.map((row) => [row.id, row]));
  const lost = expected.filter((row) => JSON.stringify(plain(row)) !== JSON.stringify(plain(rows.get(row.id) ?? { id: 0 })));
  const invented = [...rows.keys()].filter((id) => !right.has(id));
  return `${lost.length} lost (${lost.slice(0, 3).map(({ id }) => id)}), ${invented.length} invented (${invented.slice(0, 3)})`;
}

/** Kills random sidecars with -9, and starts new ones. */
async function kill(): Promise<void> {
  while (running) {
    await delay(5_000 + Math.random() * 8_000);
    if (!writing || !running) continue;
    const at = Math.floor(Math.random() * alive.length);
    const { sidecar, front, back } = alive[at] as Place;
    sidecar.kill('SIGKILL');
    await sidecar.exited;
    counts.kills += 1;
    const next = await startPlace().catch(() => undefined);
    if (next === undefined) continue;
    alive[at] = next;
    await Promise.all([front.cut(), back.cut()]);
  }
}

/**
 * Cuts connections in the middle of requests and answers: those of clients to a sidecar, those of a sidecar to Postgres, or,
 * from Postgres' side, those of all sidecars.
 */
async function cut(): Promise<void> {
  while (running) {
    await delay(Math.random() * 2_000);
    if (!writing || !running) continue;
    counts.cuts += 1;
    const dice = Math.random();
    const place = alive[Math.floor(Math.random() * alive.length)] as Place;
    const { front, back } = place;
    if (dice < 0.1) {
      const ended =
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'api-gateway%' and datname = $1";
      await superuser.query(ended, [gateway.database]).catch(() => undefined);
    } else if (dice < 0.2) back.forget();
    else {
      const proxy = dice < 0.6 ? front : back;
      await proxy.cut();
      await delay(Math.random() * 1_000);
      if (alive.includes(place)) await proxy.restore();
    }
  }
}

/** Restarts Postgres, then Odoo too: its prefork server exits if a new worker starts while Postgres is starting up. */
async function restartPostgres(): Promise<void> {
  await delay(2_000);
  await stopCluster({ immediately: true });
  await delay(1_000);
  process.env['STACK_POSTGRES_PORT'] = new URL(real.parts.cluster.ownerUrl).port;
  await ensureCluster();
  await gateway.odoo.stop();
  await gateway.odoo.start();
  counts.restarts += 1;
  say('  Postgres was restarted');
}
