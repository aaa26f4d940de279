// The change feed: a copy that follows it always equals the list.

import pg from 'pg';
import { afterAll, describe, expect, inject, test } from 'vitest';
import type { Answer } from '../helpers/http_client.ts';
import { createOdooKey, revokeOdooKey } from '../helpers/odoo_keys.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const second = await gateway.startSidecar();
const { admin, demo } = gateway.keys;
const superuser = new pg.Pool({ connectionString: inject('real').parts.cluster.superuserUrl ?? gateway.databaseUrl, max: 1 });
afterAll(() => superuser.end());

type Row = Record<string, unknown> & { id: number };

const [partnerModel] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
await gateway.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: partnerModel }] });

const path = '/api/v1/res.partner/changes';
const send = async (method: string, url: string, body?: object): Promise<Answer> => {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await gateway.request(method, url, { key: admin, headers, ...(body && { body: JSON.stringify(body) }) });
  expect([answer.json?.error?.message]).toEqual([undefined]);
  return answer;
};
const create = async (values: object): Promise<number> =>
  (await send('POST', '/api/v1/res.partner?fields=id', values)).json.data.id;
const write = (id: number, values: object) => send('PATCH', `/api/v1/res.partner/${id}?fields=id`, values);
const unlink = (id: number) => send('DELETE', `/api/v1/res.partner/${id}`);

/** A client's copy of the records that it may see, kept up to date as the guide describes. */
class Copy {
  readonly rows = new Map<number, Row>();
  readonly removed: unknown[] = [];
  #since = '';
  readonly #query: string;
  readonly #key: string;
  readonly #sidecar: typeof second;

  constructor(query: string, key = admin, sidecar = gateway.sidecar) {
    this.#query = query;
    this.#key = key;
    this.#sidecar = sidecar;
  }

  get since(): string {
    return this.#since;
  }

  ask(query: string): Promise<Answer> {
    return this.#sidecar.get(`${path}?${query}&${this.#query}`, { key: this.#key });
  }

  async start(): Promise<this> {
    const begun = await this.ask('since=new');
    expect([begun.status, begun.json?.error]).toEqual([200, undefined]);
    this.#since = begun.json.meta.next;
    this.rows.clear();
    for (const row of await this.list()) this.rows.set(row.id, row);
    return this;
  }

  async list(): Promise<Row[]> {
    const rows: Row[] = [];
    let next: string | undefined = `/api/v1/res.partner?limit=1000&order=id&${this.#query}`;
    while (next !== undefined) {
      const page: Answer = await this.#sidecar.get(next, { key: this.#key });
      expect(page.status).toBe(200);
      rows.push(...page.json.data);
      next = /<[^/]*\/\/[^/]+([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    return rows;
  }

  /** Fetches changes until there are no more. */
  async follow(wait = 0): Promise<this> {
    for (let more = true; more; ) {
      const answer = await this.ask(`since=${this.#since}&limit=40&wait=${wait}`);
      expect([answer.status, answer.json?.error]).toEqual([200, undefined]);
      for (const row of answer.json.data.upserts) this.rows.set(row.id, row);
      for (const { id } of answer.json.data.removed) this.rows.delete(id);
      this.removed.push(...answer.json.data.removed);
      ({ next: this.#since, more } = answer.json.meta);
    }
    return this;
  }

  async expectInStep(): Promise<void> {
    const sorted = [...this.rows.values()].sort((a, b) => a.id - b.id);
    expect(sorted).toEqual(await this.list());
  }
}

describe('a copy', async () => {
  const everything = new Copy('fields=name,ref,active');
  const companies = new Copy('fields=name&filter[is_company]=true', demo, second);

  test('follows creates, updates and deletions, and records that leave its domain', async () => {
    await Promise.all([everything.start(), companies.start()]);
    const [ada, grace, acme] = [
      await create({ name: 'Ada' }),
      await create({ name: 'Grace' }),
      await create({ name: 'Acme', is_company: true }),
    ];
    await write(ada, { name: 'Ada L.' });
    await unlink(grace);
    await Promise.all([everything.follow(), companies.follow()]);
    await Promise.all([everything.expectInStep(), companies.expectInStep()]);
    expect(everything.removed).toEqual([{ id: grace, reason: 'deleted' }]);
    await write(acme, { is_company: false });
    await write(ada, { active: false });
    await gateway.sql('update res_partner set ref = $1 where id = $2', ['by SQL', acme]);
    await Promise.all([everything.follow(), companies.follow()]);
    await Promise.all([everything.expectInStep(), companies.expectInStep()]);
    expect(companies.removed).toContainEqual({ id: acme, reason: 'not_visible' });
    expect(everything.removed).toContainEqual({ id: ada, reason: 'not_visible' });
    expect(everything.rows.get(acme)).toMatchObject({ ref: 'by SQL' });
  });

  test('misses nothing of a transaction that commits after transactions that began later', async () => {
    const late = new Promise<void>((resolve, reject) => {
      gateway
        .sql(
          `with new as (insert into res_partner (name, active, color, autopost_bills) values ('late', true, 0, 'ask') returning id)
           select pg_sleep(1.5) from new`,
        )
        .then(() => resolve(), reject);
    });
    const early = await create({ name: 'early' });
    await everything.follow();
    expect(everything.rows.has(early)).toBe(true);
    await late;
    await everything.follow();
    expect([...everything.rows.values()].map(({ name }) => name)).toContain('late');
    await everything.expectInStep();
  });

  test('misses nothing when a sidecar is killed while it numbers changes', async () => {
    const doomed = await gateway.startSidecar();
    const copy = await new Copy('fields=name,ref,active', admin, second).start();
    const held = await create({ name: 'held' });
    await copy.follow();
    const holding = new pg.Client({ connectionString: gateway.databaseUrl });
    await holding.connect();
    await holding.query('begin');
    // The doomed sidecar has taken the changes from the inbox, and waits here before it can note their numbers.
    await holding.query('select from gateway.change where res_id = $1 for update', [held]);
    const taken = await create({ name: 'taken' });
    await write(held, { name: 'held again' });
    const dying = doomed.get(`${path}?since=${copy.since}&fields=name,ref,active`, { key: admin }).catch(() => undefined);
    const stampers = () =>
      superuser.query<{ pid: number }>(
        `select pid from pg_stat_activity
         where query like '%stamp_changes%' and wait_event_type = 'Lock' and datname = $1
         order by query_start`,
        [gateway.database],
      );
    await until('it waits', async () => (await stampers()).rowCount === 1);
    const [first] = (await stampers()).rows;
    const following = copy.follow();
    await until('the other one waits for it', async () => (await stampers()).rowCount === 2);
    doomed.kill('SIGKILL');
    await dying;
    await superuser.query('select pg_terminate_backend($1)', [first?.pid]);
    const late = await create({ name: 'committed meanwhile' });
    await holding.end();
    await following;
    await copy.follow();
    expect([taken, held, late].map((id) => copy.rows.get(id)?.name)).toEqual(['taken', 'held again', 'committed meanwhile']);
    await copy.expectInStep();
  });

  test('is up to date after three concurrent writers, read in small parts from two sidecars', async () => {
    const other = await new Copy('fields=name,ref,active', admin, second).start();
    const crowd = await send(
      'POST',
      '/api/v1/res.partner?fields=id',
      Array.from({ length: 90 }, (_, i) => ({ name: `Crowd ${i}` })),
    );
    const ids = crowd.json.data.map(({ id }: Row) => id);
    const writer = async (part: number[]) => {
      for (const [i, id] of part.entries()) {
        if (i % 5 === 4) await unlink(id);
        else await write(id, { name: `Crowd again ${id}` });
      }
    };
    const writing = Promise.all([writer(ids.slice(0, 30)), writer(ids.slice(30, 60)), writer(ids.slice(60))]);
    for (let done = false; !done; ) {
      done = await Promise.race([writing.then(() => true), Promise.all([everything.follow(), other.follow()]).then(() => false)]);
    }
    await Promise.all([everything.follow(), other.follow()]);
    await Promise.all([everything.expectInStep(), other.expectInStep()]);
  });
});

describe('a request that waits', () => {
  const copy = new Copy('fields=name');

  test('is answered as soon as something changes, on any sidecar', async () => {
    await copy.start();
    const waiting = [
      copy.ask(`since=${copy.since}&wait=25`),
      second.get(`${path}?since=${copy.since}&wait=25&fields=name`, { key: admin }),
    ];
    const id = await create({ name: 'News' });
    for (const { json } of await Promise.all(waiting)) expect(json.data.upserts).toEqual([{ id, name: 'News' }]);
  });

  test('gets an empty answer when its time is over, and the reported duration does not include the wait', async () => {
    await copy.follow();
    const startedAt = performance.now();
    const answer = await copy.ask(`since=${copy.since}&wait=1`);
    expect(answer.json.data).toEqual({ upserts: [], removed: [] });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    const spent = Number(/total;dur=([\d.]+)/.exec(answer.headers.get('server-timing') ?? '')?.[1]);
    expect(spent).toBeLessThan(900);
  });

  test('is answered when its sidecar stops', async () => {
    const third = await gateway.startSidecar();
    const waiting = third.get(`${path}?since=${copy.since}&wait=25&fields=name`, { key: admin });
    await third.get('/api/v1/res.partner?limit=1', { key: admin });
    await third.stop();
    expect((await waiting).status).toBe(200);
  });
});

describe('a stream of events', async () => {
  const copy = await new Copy('fields=name').start();

  /** Yields events as they arrive, until the caller has enough. */
  async function* events(query: string, headers: Record<string, string> = {}, key = admin) {
    const leaving = new AbortController();
    const url = new URL(`${path}?${query}`, gateway.url);
    const sent = { Accept: 'text/event-stream', Authorization: `Bearer ${key}`, ...headers };
    const response = await fetch(url, { headers: sent, signal: leaving.signal });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    let text = '';
    try {
      for await (const piece of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        text += piece;
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          const lines = text.slice(0, end).split('\n');
          text = text.slice(end + 2);
          yield Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
        }
      }
    } finally {
      leaving.abort();
    }
  }

  test('begins, delivers changes, and continues after the last change', async () => {
    const stream = events('since=new&fields=name');
    const next = async () => (await stream.next()).value ?? {};
    const start = await next();
    expect([start['retry'], start['event'], JSON.parse(start['data'] ?? '')]).toEqual([
      '2000',
      'start',
      { upserts: [], removed: [], more: false, sequence: expect.any(Number) },
    ]);
    const id = await create({ name: 'Streamed' });
    const created = await next();
    expect([created['event'], JSON.parse(created['data'] ?? '').upserts]).toEqual(['changes', [{ id, name: 'Streamed' }]]);
    await stream.return();

    await unlink(id);
    // The header takes precedence over the parameter that is still in the URL.
    for await (const later of events('since=new&fields=name', { 'Last-Event-ID': created['id'] ?? '' })) {
      const { removed } = JSON.parse(later['data'] ?? '');
      // The first event says only that the stream has begun.
      if (removed.length === 0) continue;
      expect([later['event'], removed]).toEqual(['changes', [{ id, reason: 'deleted' }]]);
      break;
    }
    expect((await copy.ask(`since=${created['id']}`)).json.data.removed).toEqual([{ id, reason: 'deleted' }]);
  });

  test('ends with the reason when the rights change', async () => {
    const stream = events('since=new&fields=name', {}, demo);
    await stream.next();
    const [rule] = await gateway.orm<number[]>('ir.rule', 'create', {
      vals_list: [{ name: 'Only people', model_id: partnerModel, domain_force: "[('is_company', '=', False)]" }],
    });
    await create({ name: 'Wakes it' });
    const { value: reset } = await stream.next();
    expect([reset?.['event'], JSON.parse(reset?.['data'] ?? '{}').details]).toEqual(['reset', { why: 'rights' }]);
    expect((await stream.next()).done).toBe(true);
    await gateway.orm('ir.rule', 'unlink', { ids: [rule] });
  });

  test('shows nothing more to a key that was revoked, and ends', async () => {
    const { id, secret } = await createOdooKey(gateway, { userId: 2 });
    const stream = events('since=new&fields=name', {}, secret);
    await stream.next();
    await revokeOdooKey(gateway, id);
    await until('the key is refused', async () => (await gateway.get('/api/v1/res.partner/3', { key: secret })).status === 401);
    await create({ name: 'Not for a revoked key' });
    await expect(stream.next()).rejects.toThrow('terminated');
  });

  test('shows nothing more to a key that was narrowed, and ends', async () => {
    const web = await OdooWeb.login(gateway);
    const { id, secret } = await web.create('gateway.key', { name: 'streams' });
    const stream = events('since=new&fields=name', {}, secret);
    await stream.next();
    await web.call('gateway.key', 'write', [[id], { scopes: 'res.country:read' }]);
    await until('the key is narrowed', async () => (await gateway.get('/api/v1/res.partner/3', { key: secret })).status === 403);
    await create({ name: 'Not for a narrowed key' });
    await expect(stream.next()).rejects.toThrow('terminated');
  });

  test('is refused to a user who has too many of them open', async () => {
    const streams = Array.from({ length: 16 }, () => events('since=new&fields=name'));
    await Promise.all(streams.map((stream) => stream.next()));
    const headers = { Accept: 'text/event-stream' };
    const more = () => gateway.get(`${path}?since=new&fields=name`, { key: admin, headers });
    const refused = await more();
    expect([refused.status, refused.json.error.reason]).toEqual([429, 'throttle.concurrency']);
    await Promise.all(streams.map((stream) => stream.return()));
    await until('their places are free', async () => {
      const stream = events('since=new&fields=name');
      const begun = await stream.next().then(
        () => true,
        () => false,
      );
      await stream.return();
      return begun;
    });
  });

  test('is refused for the same reasons as a long poll', async () => {
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': 'forged' };
    const answer = await gateway.get(`${path}?fields=name`, { key: admin, headers });
    expect([answer.status, answer.json.error.reason]).toEqual([400, 'sync.token']);
  });
});

describe('requests that are refused', async () => {
  const { since } = await new Copy('fields=name').start();
  const forged = Buffer.from(JSON.stringify(['changes', '1', 'x'])).toString('base64url');

  test.each([
    ['no token', `fields=name`, admin, 400, 'sync.token'],
    ['a forged token', `since=${forged}&fields=name`, admin, 400, 'sync.token'],
    ['a token of other fields', `since=${since}&fields=name,ref`, admin, 400, 'sync.token'],
    ['a token of another domain', `since=${since}&fields=name&filter[active]=true`, admin, 400, 'sync.token'],
    ['a token of another user', `since=${since}&fields=name`, demo, 400, 'sync.token'],
    ['too long a wait', `since=${since}&fields=name&wait=26`, admin, 400, 'query.wait'],
    ['an order', `since=${since}&order=name`, admin, 400, 'query.unknown'],
  ])('%s', async (_what, query, key, status, reason) => {
    const answer = await gateway.get(`${path}?${query}`, { key });
    expect([answer.status, answer.json.error.reason]).toEqual([status, reason]);
  });

  test.each([
    ['a model that is not synced', '/api/v1/res.bank/changes?since=new', 404, 'sync.off'],
    ['a model that is never exposed', '/api/v1/ir.config_parameter/changes?since=new', 403, 'odoo.exposure'],
  ])('%s', async (_what, url, status, reason) => {
    const answer = await gateway.get(url, { key: admin });
    expect([answer.status, answer.json.error.reason]).toEqual([status, reason]);
  });

  test('a cursor of a list is not accepted as a token, nor a token as a cursor', async () => {
    const page = await gateway.get('/api/v1/res.partner?fields=name&limit=1', { key: admin });
    const asToken = await gateway.get(`${path}?since=${page.json.meta.next}&fields=name`, { key: admin });
    expect(asToken.json.error.reason).toBe('sync.token');
    const asCursor = await gateway.get(`/api/v1/res.partner?fields=name&limit=1&cursor=${since}`, { key: admin });
    expect(asCursor.json.error.reason).toBe('query.cursor');
  });

  test('a token from before a change of rights is refused, and so is a token whose changes are no longer kept', async () => {
    const rights = await new Copy('fields=name', demo).start();
    const [rule] = await gateway.orm<number[]>('ir.rule', 'create', {
      vals_list: [{ name: 'Only people', model_id: partnerModel, domain_force: "[('is_company', '=', False)]" }],
    });
    const after = await rights.ask(`since=${rights.since}`);
    expect([after.status, after.json.error.reason, after.json.error.details]).toEqual([410, 'sync.reset', { why: 'rights' }]);
    await gateway.orm('ir.rule', 'unlink', { ids: [rule] });

    const old = await new Copy('fields=name').start();
    await create({ name: 'Forgotten' });
    await new Copy('fields=name').start(); // gives the change its number
    await gateway.sql("update gateway.change set stamped_at = stamped_at - interval '31 days'");
    const [cron] = await gateway.sql<{ id: number }>(
      "select res_id as id from ir_model_data where name = 'ir_cron_clean_changes'",
    );
    const answerAfter = async (days: number) => {
      await gateway.sql("update gateway.setting set value = to_jsonb($1::int) where name = 'changes.retention_days'", [days]);
      await gateway.orm('ir.cron', 'method_direct_trigger', { ids: [cron?.id] });
      return old.ask(`since=${old.since}`);
    };
    expect((await answerAfter(40)).status).toBe(200);
    const expired = await answerAfter(30);
    expect([expired.status, expired.json.error.details]).toEqual([410, { why: 'expired' }]);
  });

  test('a token from before a change of the rules of an inherited model is refused', async () => {
    const models = await gateway.orm<number[]>('ir.model', 'search', {
      domain: [['model', 'in', ['product.product', 'product.template']]],
      order: 'model',
    });
    await gateway.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: models[0] }] });
    const asked = (since: string) => gateway.get(`/api/v1/product.product/changes?since=${since}&fields=name`, { key: admin });
    const { next } = (await asked('new')).json.meta;
    expect((await asked(next)).status).toBe(200);
    await gateway.orm('ir.rule', 'create', {
      vals_list: [{ name: 'Only some', model_id: models[1], domain_force: "[('id', '>', 0)]" }],
    });
    expect((await asked(next)).json.error?.details).toEqual({ why: 'rights' });
  });

  test('a token that is newer than the restored backup of the database is refused', async () => {
    const why = async ({ since }: Copy) =>
      (await gateway.get(`${path}?since=${since}&fields=name`, { key: admin })).json.error?.details;
    const [before] = await gateway.sql<{ last: number }>('select last from gateway.change_state');
    await create({ name: 'Lost' });
    const late = await new Copy('fields=name').start();
    await gateway.sql('update gateway.change_state set last = $1', [before?.last]);
    expect(await why(late)).toEqual({ why: 'restored' });
    await gateway.sql('update gateway.change_state set last = last + 100'); // other changes had these numbers before
    expect(await why(late)).toBeUndefined();
    const kept = await new Copy('fields=name').start();
    await gateway.sql("create or replace function gateway.feed_life() returns text language sql as $$ select 'another' $$");
    expect(await why(kept)).toEqual({ why: 'restored' });
  });

  test('a token is refused if its model was removed from the synced models and added again', async () => {
    const old = await new Copy('fields=name').start();
    const ids = await gateway.orm<number[]>('gateway.synced.model', 'search', { domain: [['model_name', '=', 'res.partner']] });
    await gateway.orm('gateway.synced.model', 'unlink', { ids });
    await create({ name: 'Noted by nobody' });
    await gateway.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: partnerModel }] });
    const again = await old.ask(`since=${old.since}`);
    expect([again.status, again.json.error?.details]).toEqual([410, { why: 'expired' }]);
    expect((await new Copy('fields=name').start()).since).not.toBe(old.since);
  });
});
