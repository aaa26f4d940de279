// Copies in step: three writers make 10,000 changes, four readers with different rights follow them, while a transaction stays
// open for ten minutes, sidecars are killed with -9 in the middle of stamping, their connections cut, and Postgres is restarted.
// Records move in and out of sight, and cascades delete them in SQL. After each pause every copy must equal Odoo's own answer to
// its reader.
//
// SOAK_WITHOUT=trigger or stamper removes that part of the feed; then the proof must fail.

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ensureCluster, stopCluster } from '../../scripts/stack/cluster.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import type { Answer } from '../helpers/http_client.ts';
import type { Sidecar } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
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
const alive: Sidecar[] = [gateway.sidecar, await gateway.startSidecar()];
const counts = { changes: 0, kills: 0, cuts: 0, restarts: 0, delivered: 0, compared: 0 };

type Row = Record<string, unknown> & { id: number };

/** A client that follows the feed, on any sidecar that is alive. */
class Copy {
  readonly rows = new Map<number, Row>();
  readonly name: string;
  readonly key: string;
  readonly model: string;
  readonly fields: readonly string[];
  readonly domain: readonly unknown[];
  #since = '';

  constructor(name: string, key: string, model: string, fields: readonly string[], domain: readonly unknown[] = []) {
    this.name = name;
    this.key = key;
    this.model = model;
    this.fields = fields;
    this.domain = domain;
  }

  get #query(): string {
    return `fields=${this.fields}&domain=${encodeURIComponent(JSON.stringify(this.domain))}`;
  }

  async start(): Promise<void> {
    this.#since = (await this.#get(`changes?since=new&${this.#query}`)).json.meta.next;
    const { text } = await this.#get(`?${this.#query}`, { Accept: 'application/x-ndjson' });
    for (const line of text.split('\n')) if (line !== '') this.#keep(JSON.parse(line));
  }

  /** One request; whether there is more. */
  async step(): Promise<boolean> {
    const { json } = await this.#get(`changes?since=${encodeURIComponent(this.#since)}&limit=50&${this.#query}`);
    for (const row of json.data.upserts) this.#keep(row);
    for (const { id } of json.data.removed) this.rows.delete(id);
    counts.delivered += json.data.upserts.length + json.data.removed.length;
    this.#since = json.meta.next;
    return json.meta.more;
  }

  #keep(row: Row): void {
    this.rows.set(row.id, row);
  }

  /** The records from Odoo's own API, without the gateway. */
  async expected(): Promise<Row[]> {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${this.key}`,
      'X-Odoo-Database': gateway.database,
    };
    const body = JSON.stringify({ domain: this.domain, fields: this.fields, order: 'id' });
    const response = await fetch(`${gateway.odoo.url}/json/2/${this.model}/search_read`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as Row[];
  }

  /** Asks again elsewhere, because a server that is down comes back. */
  async #get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const url = `/api/v1/${this.model}${path.startsWith('?') ? '' : '/'}${path}`;
    for (let tries = 0; tries < 600; tries += 1) {
      const sidecar = alive[Math.floor(Math.random() * alive.length)] as Sidecar;
      const answer = await sidecar.get(url, { key: this.key, headers }).catch(() => undefined);
      if (answer?.status === 200) return answer;
      if (answer !== undefined && answer.status < 500)
        throw new Error(`${this.name}: ${answer.status} ${answer.text.slice(0, 300)}`);
      await delay(200);
    }
    throw new Error(`${this.name}: no answer`);
  }
}

const partner = ['name', 'color', 'is_company'];
const copies = [
  new Copy('everything', keys.admin, 'res.partner', partner),
  new Copy('by a rule', keys.demo, 'res.partner', partner),
  new Copy('by a domain', keys.admin, 'res.partner', partner, [['is_company', '=', true]]),
  new Copy('cascades', keys.admin, 'res.partner.category', ['name', 'color']),
];
const pools = Array.from({ length: writers }, () => ({ partners: [] as number[], parents: [] as number[] }));
let running = true;
let writing = false;

try {
  await prepare();
  await Promise.all(copies.map((copy) => copy.start()));
  const opened = openTransaction();
  const killing = kill();
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
  await Promise.all([following, killing]);
  const figures = { ...counts, seconds: Math.round((performance.now() - startedAt) / 1_000), faults: faults.length };
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

/** Replaces the stamper's rule: numbers changes in the order in which they were made, not in which they are seen. */
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

/** How many records it has changed. */
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
    await gateway.sql('delete from res_partner_category where id = $1', [parent]); // its children go with it
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

async function follow(copy: Copy): Promise<void> {
  while (running) {
    await copy.step().catch((error: unknown) => faults.push(String(error)));
    await delay(Math.random() * 200);
  }
}

async function compare(round: number): Promise<void> {
  for (const copy of copies) {
    let expected: Row[] = [];
    const answers = () =>
      copy.expected().then(
        (rows) => {
          expected = rows;
          return true;
        },
        () => false,
      );
    await until(`${copy.name}: Odoo answers`, answers, 120_000);
    const asText = () => JSON.stringify([...copy.rows.values()].sort((a, b) => a.id - b.id).map(plain));
    const wantedText = JSON.stringify(expected.map(plain));
    const isInStep = await until('in step', () => asText() === wantedText, 20_000).then(
      () => true,
      () => false,
    );
    if (!isInStep) faults.push(`round ${round}: ${copy.name} differs from Odoo: ${difference(copy, expected)}`);
    counts.compared += expected.length;
  }
  say(`  round ${round}: ${counts.changes} changes, ${counts.kills} sidecars killed, ${faults.length} faults`);
}

function plain({ id, name, color, is_company: isCompany }: Row): unknown[] {
  return [id, name, color, isCompany];
}

function difference({ rows }: Copy, expected: readonly Row[]): string {
  const right = new Map(expected.map((row) => [row.id, row]));
  const lost = expected.filter((row) => JSON.stringify(plain(row)) !== JSON.stringify(plain(rows.get(row.id) ?? { id: 0 })));
  const invented = [...rows.keys()].filter((id) => !right.has(id));
  return `${lost.length} lost (${lost.slice(0, 3).map(({ id }) => id)}), ${invented.length} invented (${invented.slice(0, 3)})`;
}

/** Sidecars with -9, and between that all connections of the others. */
async function kill(): Promise<void> {
  while (running) {
    await delay(3_000 + Math.random() * 5_000);
    if (!writing || !running) continue;
    if (Math.random() < 0.4) {
      const cut =
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'api-gateway' and datname = $1";
      counts.cuts += (await superuser.query(cut, [gateway.database]).catch(() => ({ rowCount: 0 }))).rowCount ?? 0;
      continue;
    }
    const at = Math.floor(Math.random() * alive.length);
    const victim = alive[at] as Sidecar;
    victim.kill('SIGKILL');
    await victim.exited;
    counts.kills += 1;
    const next = await gateway.startSidecar().catch(() => undefined);
    if (next !== undefined) alive[at] = next;
  }
}

/** Odoo's prefork server exits if a new worker starts while Postgres is starting up. This starts it again, like a supervisor. */
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
