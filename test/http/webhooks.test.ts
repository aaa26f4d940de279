import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const gateway = await useInstance();
const receiver = await startReceiver();
afterAll(() => receiver.close());

const partnerFields = ['name', 'country_id', 'category_id', 'is_company', 'write_date', 'comment', 'color', 'parent_id'];
let partnerModel: number;

async function setting(name: string, value: unknown): Promise<void> {
  await gateway.sql('update gateway.setting set value = $2 where name = $1', [`webhook.${name}`, JSON.stringify(value)]);
}

async function createWebhook(values: Record<string, unknown> = {}): Promise<number> {
  const url = receiver.url;
  const [id] = await gateway.orm<number[]>('gateway.webhook', 'create', {
    vals_list: [{ name: 'Test', url, model_id: partnerModel, ...values }],
  });
  return id as number;
}

async function createPartner(values: Record<string, unknown> = {}): Promise<number> {
  const [id] = await gateway.orm<number[]>('res.partner', 'create', { vals_list: [{ name: 'Azure', ...values }] });
  return id as number;
}

const rename = (id: number, name: string) => gateway.orm('res.partner', 'write', { ids: [id], vals: { name } });
const arrivals = (count: number) =>
  until(`${count} arrivals`, () => receiver.arrived.filter(({ status }) => status > 0).length >= count);

interface JobRow {
  id: number;
  state: string;
  attempts: number;
  status: number | null;
  error: string | null;
  event_id: string;
}
const jobs = () =>
  gateway.sql<JobRow>('select id::int, state, attempts, status, error, event_id from gateway.webhook_job order by id');
const settled = (count: number) =>
  until(`${count} settled`, async () => (await jobs()).filter(({ state }) => state !== 'queued').length >= count);

beforeAll(async () => {
  const found = await gateway.orm<{ id: number }[]>('ir.model', 'search_read', {
    domain: [['model', '=', 'res.partner']],
    fields: ['id'],
  });
  partnerModel = found[0]?.id as number;
  await setting('egress_allow', ['127.0.0.0/8']);
  await setting('retry_first_seconds', 0.2);
  await setting('breaker_failures', 1_000);
});

afterEach(async () => {
  receiver.answer = () => ({ status: 200 });
  await gateway.orm('gateway.webhook', 'unlink', {
    ids: await gateway.orm<number[]>('gateway.webhook', 'search', { domain: [] }),
  });
  await gateway.sql('truncate gateway.webhook_job, gateway.webhook_attempt, gateway.webhook_state');
  receiver.arrived.length = 0;
});

describe('a committed change', () => {
  test("arrives signed, with the values that the webhook's owner reads over the API", async () => {
    const fieldIds = await gateway.orm<number[]>('ir.model.fields', 'search', {
      domain: [
        ['model', '=', 'res.partner'],
        ['name', 'in', partnerFields],
      ],
    });
    const id = await createWebhook({
      payload_field_ids: [[6, 0, fieldIds]],
      header_ids: [[0, 0, { name: 'Authorization', value: 'Bearer s3cret' }]],
    });
    const partner = await createPartner({ is_company: true, comment: '<p>Ä</p>' });
    await arrivals(1);
    const [arrival] = receiver.arrived;
    const secret = await signingSecret(id);
    const verified = new Verifier(secret).verify(arrival?.body ?? '', arrival?.headers as Record<string, string>);
    expect(verified).toMatchObject({ type: 'res.partner.create', data: { model: 'res.partner', id: partner, changed: [] } });
    expect(arrival?.headers.authorization).toBe('Bearer s3cret');
    expect(arrival?.headers['webhook-id']).toBe(arrival?.event.id);
    const answer = await gateway.get(`/api/v1/res.partner/${partner}?fields=${partnerFields.join()}`, {
      key: gateway.keys.admin,
    });
    expect(arrival?.event.data.values).toEqual(answer.json.data);
  });

  test('changes of a synced model carry their number in the change feed, which rises with each change of a record', async () => {
    const [synced] = await gateway.orm<number[]>('gateway.synced.model', 'create', { vals_list: [{ model_id: partnerModel }] });
    const key = gateway.keys.admin;
    const changes = '/api/v1/res.partner/changes?fields=name';
    const { json } = await gateway.get(`${changes}&since=new`, { key });
    await createWebhook();
    const partner = await createPartner();
    await arrivals(1);
    await rename(partner, 'Renamed');
    await arrivals(2);
    const feed = await gateway.get(`${changes}&since=${json.meta.next}`, { key });
    const [first, last] = receiver.arrived.map(({ event }) => event.data.sequence);
    expect(first).toBeGreaterThan(json.meta.sequence);
    expect(last).toBeGreaterThan(first as number);
    expect(last).toBe(feed.json.meta.sequence);
    await gateway.orm('gateway.synced.model', 'unlink', { ids: [synced] });
    await rename(partner, 'Not synced');
    await arrivals(3);
    expect(receiver.arrived[2]?.event.data.sequence).toBeNull();
  });

  test("the deletion of a record arrives with the record's last values", async () => {
    const partner = await createPartner({ name: 'Gone' });
    await createWebhook();
    await gateway.orm('res.partner', 'unlink', { ids: [partner] });
    await arrivals(1);
    expect(receiver.arrived[0]?.event).toMatchObject({
      type: 'res.partner.unlink',
      data: { id: partner, values: { id: partner, name: 'Gone', country_id: null } },
    });
  });

  test('a change that Odoo refuses causes no event', async () => {
    await createWebhook();
    const partner = await createPartner();
    await expect(gateway.orm('res.partner', 'write', { ids: [partner], vals: { parent_id: partner } })).rejects.toThrow();
    await rename(partner, 'After');
    await arrivals(2);
    expect(receiver.arrived.map(({ event }) => event.type)).toEqual(['res.partner.create', 'res.partner.write']);
  });

  test('a change of a record that was deleted before the delivery arrives without values', async () => {
    const id = await createWebhook({ on_unlink: false });
    await gateway.orm('gateway.webhook', 'action_pause', { ids: [id] });
    const partner = await createPartner();
    await gateway.orm('res.partner', 'unlink', { ids: [partner] });
    await gateway.orm('gateway.webhook', 'action_resume', { ids: [id] });
    await arrivals(1);
    expect(receiver.arrived[0]?.event.data).toMatchObject({ id: partner, values: null });
  });
});

describe('a receiver that fails', () => {
  test('gets the same id and body again, and the next change of the record only after that', async () => {
    await createWebhook();
    let failures = 2;
    receiver.answer = () => (failures-- > 0 ? { status: 503 } : { status: 200 });
    const partner = await createPartner({ name: 'One' });
    await until('the first failure', () => receiver.arrived.length === 1);
    await rename(partner, 'Two');
    await settled(2);
    const types = receiver.arrived.map(({ event, status }) => [event.type, status]);
    expect(types).toEqual([
      ['res.partner.create', 503],
      ['res.partner.create', 503],
      ['res.partner.create', 200],
      ['res.partner.write', 200],
    ]);
    const [first, second, third] = receiver.arrived;
    expect([second?.body, third?.body]).toEqual([first?.body, first?.body]);
    const attempts = await gateway.sql('select status, error from gateway.webhook_attempt order by id limit 3');
    expect(attempts).toEqual([
      { status: 503, error: 'Answered 503' },
      { status: 503, error: 'Answered 503' },
      { status: 200, error: null },
    ]);
  });

  test('a delivery that keeps failing becomes a dead letter, which lets the next change of the record through', async () => {
    await setting('max_attempts', 2);
    await createWebhook();
    receiver.answer = ({ type }) => (type.endsWith('create') ? 'reset' : { status: 200 });
    const partner = await createPartner({ name: 'One' });
    await rename(partner, 'Two');
    await settled(2);
    expect(await jobs()).toMatchObject([
      { state: 'dead', attempts: 2, status: null },
      { state: 'delivered', attempts: 1, status: 200 },
    ]);

    receiver.answer = () => ({ status: 204 });
    receiver.arrived.length = 0;
    const [dead] = await jobs();
    await gateway.orm('gateway.webhook.job', 'action_redeliver', { ids: [dead?.id] });
    await arrivals(1);
    expect(receiver.arrived[0]?.event.id).toBe(dead?.event_id);
    await until('delivered', async () => (await jobs())[0]?.state === 'delivered');
    await setting('max_attempts', 10);
  });

  test('after several failures in a row, the receiver gets no events for a while, and then one probe', async () => {
    await setting('breaker_failures', 3);
    await setting('retry_first_seconds', 1);
    const id = await createWebhook({ concurrency: 1 });
    receiver.answer = () => ({ status: 500 });
    for (let i = 0; i < 8; i += 1) await createPartner();
    await until('a probe', () => receiver.arrived.length > 3);
    const [, , third, probe] = receiver.arrived;
    expect((probe?.at ?? 0) - (third?.at ?? 0)).toBeGreaterThan(500);
    receiver.answer = () => ({ status: 200 });
    await settled(8);
    const [webhook] = await gateway.orm<{ health: string; delivered: number; failed: number }[]>('gateway.webhook', 'read', {
      ids: [id],
      fields: ['health', 'delivered', 'failed'],
    });
    expect(webhook).toMatchObject({ health: 'healthy', delivered: 8, failed: receiver.arrived.length - 8 });
    await setting('breaker_failures', 1_000);
    await setting('retry_first_seconds', 0.2);
  });

  test('a receiver that answers 410 is not called again until the webhook is resumed', async () => {
    const id = await createWebhook();
    receiver.answer = () => ({ status: 410 });
    const partner = await createPartner();
    await until('paused', async () => (await health(id)) === 'paused');
    await rename(partner, 'Two');
    receiver.answer = () => ({ status: 200 });
    await gateway.orm('gateway.webhook', 'action_resume', { ids: [id] });
    await settled(2);
    expect(receiver.arrived.map(({ status }) => status)).toEqual([410, 200, 200]);
  });
});

test('an address that the settings do not allow is refused with its reason', async () => {
  await createWebhook({ url: 'http://[::ffff:169.254.169.254]/latest' });
  await createPartner();
  await until('refused', async () => (await jobs())[0]?.error !== null);
  expect((await jobs())[0]).toMatchObject({
    state: 'queued',
    attempts: 1,
    error: expect.stringContaining('169.254.169.254 is not a public address'),
  });
});

test('after a rotation, events are signed with the old and the new secret', async () => {
  const id = await createWebhook();
  const before = await signingSecret(id);
  await gateway.orm('gateway.webhook', 'action_rotate_secret', { ids: [id] });
  const after = await signingSecret(id);
  expect(after).not.toBe(before);
  await createPartner();
  await arrivals(1);
  const [arrival] = receiver.arrived;
  const headers = arrival?.headers as Record<string, string>;
  for (const secret of [before, after]) expect(() => new Verifier(secret).verify(arrival?.body ?? '', headers)).not.toThrow();
});

test('a test event is sent with a real record, and the answer is shown', async () => {
  const id = await createWebhook({ domain: "[('is_company', '=', True)]" });
  receiver.answer = () => ({ status: 418, body: 'short and stout' });
  const action = await gateway.orm<{ res_model: string; res_id: number }>('gateway.webhook', 'action_send_test', { ids: [id] });
  const [job] = await gateway.orm<Record<string, unknown>[]>('gateway.webhook.job', 'read', {
    ids: [action.res_id],
    fields: ['state', 'status', 'event', 'error', 'attempt_ids', 'body'],
  });
  expect(job).toMatchObject({ state: 'dead', status: 418, event: 'test', error: 'Answered 418' });
  expect(JSON.parse(String(job?.['body']))).toMatchObject({
    type: 'res.partner.test',
    data: { values: { is_company: true } },
  });
  const [attempt] = await gateway.orm<Record<string, unknown>[]>('gateway.webhook.attempt', 'read', {
    ids: job?.['attempt_ids'],
    fields: ['response'],
  });
  expect(attempt?.['response']).toBe('short and stout');
});

// This test is in this file because it also needs an address on this machine to be allowed.
test('the upgrade check asks another gateway, and names exactly the keys that use something that is gone there', async () => {
  const fields = await gateway.orm<number[]>('ir.model.fields', 'create', {
    vals_list: [
      { name: 'x_route', ttype: 'char', field_description: 'Route', model_id: partnerModel },
      {
        name: 'x_kind',
        ttype: 'selection',
        field_description: 'Kind',
        model_id: partnerModel,
        selection_ids: ['a', 'b'].map((value) => [0, 0, { value, name: value }]),
      },
    ],
  });
  const { admin, demo } = gateway.keys;
  const path = '/api/v1/res.partner?limit=1';
  for (const [key, query] of [
    [admin, '&fields=x_route'],
    [admin, '&filter[x_kind]=b'],
    [demo, '&fields=name&filter[x_kind]=a'],
  ] as const) {
    expect((await gateway.get(path + query, { key })).status).toBe(200);
  }
  const consumers = () =>
    gateway.sql<{ consumer: string; name: string }>(
      "select consumer, name from gateway.used where name in ('x_route', 'x_kind=a', 'x_kind=b')",
    );
  await until('uses are counted', async () => (await consumers()).length >= 3);
  const ofAdmin = (await consumers()).find(({ name }) => name === 'x_route')?.consumer;
  await gateway.sql(
    `select gateway.record_used('[{"consumer": "gateway_key:0", "model": "res.partner", "action": "call", "name": "action_gone", "requests": 1}]')`,
  );
  // After a change, the same instance plays the part of an upgraded copy.
  await gateway.orm('ir.model.fields.selection', 'unlink', {
    ids: await gateway.orm<number[]>('ir.model.fields.selection', 'search', {
      domain: [
        ['field_id', '=', fields[1]],
        ['value', '=', 'b'],
      ],
    }),
  });
  await gateway.orm('ir.model.fields', 'unlink', { ids: [fields[0]] });
  await gateway.orm('ir.model.fields', 'create', {
    vals_list: [{ name: 'x_route2', ttype: 'char', field_description: 'Route', model_id: partnerModel }],
  });
  const [check] = await gateway.orm<number[]>('gateway.upgrade.check', 'create', {
    vals_list: [{ url: gateway.url, api_key: admin }],
  });
  await gateway.orm('gateway.upgrade.check', 'action_compare', { ids: [check] });
  const lines = await gateway.orm<{ consumer: string; name: string; problem: string }[]>(
    'gateway.upgrade.check.line',
    'search_read',
    {
      domain: [['check_id', '=', check]],
      fields: ['consumer', 'name', 'problem'],
      order: 'name',
    },
  );
  expect(lines.map(({ consumer, name, problem }) => [consumer, name, problem])).toEqual([
    ['gateway_key:0', 'action_gone', expect.stringContaining('The method is gone.')],
    [ofAdmin, 'x_kind=b', 'The choice is gone.'],
    [ofAdmin, 'x_route', 'The field is gone. Is it now “x_route2”?'],
  ]);
  const refused = gateway.orm('gateway.upgrade.check', 'create', { vals_list: [{ url: gateway.url, api_key: 'wrong' }] });
  await expect(refused).rejects.toThrow(/refused the key: auth.invalid/);
});

describe('several sidecars', () => {
  test('share the work: each event arrives once, in order per record', async () => {
    const second = await gateway.startSidecar();
    await createWebhook();
    const partners = await Promise.all(Array.from({ length: 5 }, () => createPartner()));
    for (let i = 1; i <= 6; i += 1) await Promise.all(partners.map((partner) => rename(partner, `Name ${i}`)));
    await settled(35);
    expect(receiver.arrived).toHaveLength(35);
    for (const partner of partners) {
      const names = receiver.arrived
        .filter(({ event }) => event.data.id === partner && event.type.endsWith('write'))
        .map(({ event }) => event.data.previous?.['name']);
      expect(names).toEqual(['Azure', 'Name 1', 'Name 2', 'Name 3', 'Name 4', 'Name 5']);
    }
    await second.stop();
  });

  test('take over the jobs of a killed sidecar', async () => {
    const second = await gateway.startSidecar();
    await createWebhook();
    receiver.answer = () => ({ status: 200, delayMs: 60_000 });
    await createPartner();
    await until('it is being delivered', () => receiver.arrived.length === 1);
    const [held] = await gateway.sql<{ pid: number }>(
      'select s.pid from gateway.webhook_job j join gateway.sidecar s on s.instance = j.holder',
    );
    const holder = held?.pid === second.pid ? second : gateway.sidecar;
    receiver.answer = () => ({ status: 200 });
    process.kill(holder.pid, 'SIGKILL');
    await holder.exited;
    // Simulates the end of the lease of 45 seconds.
    await gateway.sql("update gateway.webhook_job set run_at = now() at time zone 'utc'");
    await settled(1);
    expect(receiver.arrived.map(({ event }) => event.id)).toEqual([receiver.arrived[0]?.event.id, receiver.arrived[0]?.event.id]);
  });
});

async function signingSecret(id: number): Promise<string> {
  const [wizard] = await gateway.orm<number[]>('gateway.webhook.secret', 'create', { vals_list: [{ webhook_id: id }] });
  const [row] = await gateway.orm<{ secret: string }[]>('gateway.webhook.secret', 'read', {
    ids: [wizard],
    fields: ['secret'],
  });
  return row?.secret ?? '';
}

async function health(id: number): Promise<string> {
  const [row] = await gateway.orm<{ health: string }[]>('gateway.webhook', 'read', { ids: [id], fields: ['health'] });
  return row?.health ?? '';
}
