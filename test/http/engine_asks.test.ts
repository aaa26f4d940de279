// What integrators expect from an API: why something is refused, versions of records, dry runs, quiet writes.

import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ shared: true });
const second = await gateway.startSidecar();
const { admin, demo } = gateway.keys;
type Headers = Record<string, string>;

const send = (method: string, path: string, body?: unknown, headers: Headers = {}, key = admin) =>
  gateway.request(method, path, {
    key,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

async function partner(values: Record<string, unknown> = {}): Promise<string> {
  const made = await send('POST', '/api/v1/res.partner', { name: 'Asked', ...values });
  return `/api/v1/res.partner/${made.json.data.id}`;
}

async function version(path: string, key = admin): Promise<string> {
  return String((await gateway.get(path, { key })).headers.get('etag'));
}

test('/access says why a record may be read but not changed', async () => {
  const { id } = (await gateway.get('/api/v1/res.country?limit=1&fields=code', { key: demo })).json.data[0];
  const { data } = (await gateway.get(`/api/v1/res.country/${id}/access`, { key: demo })).json;
  expect(data).toMatchObject({ model: 'res.country', id, actions: { read: { allowed: true }, write: { allowed: false } } });
  expect(data.actions.write.why).toContain('no access right to write res.country');
  expect(data.actions.write.checks[1].groups.length).toBeGreaterThan(0);
});

test('an ETag stays the same until something that it covers changes', async () => {
  const path = await partner();
  const etag = await version(path);
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  await until('the read is compiled', async () => {
    const read = await gateway.get(path, { key: admin, headers: { 'X-Gateway-Explain': '1' } });
    expect(read.headers.get('etag')).toBe(etag);
    return read.headers.get('x-gateway-read') === 'compiled';
  });
  const known = await gateway.get(path, { key: admin, headers: { 'If-None-Match': `"other", W/${etag}` } });
  expect([known.status, known.text, known.headers.get('etag')]).toEqual([304, '', etag]);
  await send('PATCH', path, { city: 'Ghent' });
  expect((await gateway.get(path, { key: admin, headers: { 'If-None-Match': etag } })).status).toBe(200);
  const ofName = await version(`${path}?fields=name`);
  await send('PATCH', path, { city: 'Lyon' });
  expect(await version(`${path}?fields=name`)).toBe(ofName);
});

test.each(['PATCH', 'DELETE'])('%s with an old ETag changes nothing', async (method) => {
  const path = await partner({ comment: 'a "quoted" <b>text</b> é \u{1f600}', partner_latitude: 0.00000123, color: 3 });
  const etag = await version(path);
  await send('PATCH', path, { city: 'Ghent' });
  const body = method === 'PATCH' ? { city: 'Lyon' } : undefined;
  const refused = await send(method, path, body, { 'If-Match': etag });
  expect([refused.status, refused.json.error.reason]).toEqual([412, 'odoo.changed']);
  expect((await gateway.get(`${path}?fields=city`, { key: admin })).json.data.city).toBe('Ghent');
  expect((await send(method, path, body, { 'If-Match': 'x' })).json.error.reason).toBe('request.header');
  expect((await send(method, path, body, { 'If-Match': `"other", ${await version(path)}` })).status).toBe(200);
});

test.each([
  ['PATCH', '?filter[name]=Asked&max_affected=10', { city: 'Unseen' }],
  ['DELETE', '?filter[name]=Asked&max_affected=10', undefined],
  ['POST', '', { name: 'Asked' }],
  ['PUT', '/by/external_id/asked-1', { name: 'Asked' }],
  ['PUT', '/by/external_id', [{ external_id: 'asked-1', name: 'Asked' }]],
  ['POST', '/1/action_archive', {}],
  ['PUT', '/1/image_1920/content', 'image'],
  ['POST', '/1/attachments', 'file'],
] as const)('%s %s does not check preconditions, so it refuses them', async (method, path, body) => {
  for (const headers of [{ 'If-Match': '"0"' }, { 'If-Match': '*' }, { 'If-None-Match': '*' }] as Headers[]) {
    const answer = await send(method, `/api/v1/res.partner${path}`, body, headers);
    expect([answer.status, answer.json.error.reason]).toEqual([400, 'request.header']);
  }
});

test('a write that checks If-Match refuses If-None-Match, and the error names that header', async () => {
  const headers = { 'If-Match': '*', 'If-None-Match': '*' };
  const { error } = (await send('PATCH', await partner(), { city: 'Unseen' }, headers)).json;
  expect([error.reason, error.details]).toEqual(['request.header', { header: 'If-None-Match' }]);
});

test('of 200 edits based on the same version, 40 at once, exactly one succeeds', async () => {
  const path = await partner();
  const etag = await version(path);
  const statuses: number[] = [];
  for (let i = 0; i < 200; i += 40) {
    const wave = Array.from({ length: 40 }, (_, j) => send('PATCH', path, { city: `City ${i + j}` }, { 'If-Match': etag }));
    statuses.push(...(await Promise.all(wave)).map(({ status }) => status));
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(new Set(statuses)).toEqual(new Set([200, 412]));
  const { city } = (await gateway.get(`${path}?fields=city`, { key: admin })).json.data;
  expect(city).toBe(`City ${statuses.indexOf(200)}`);
});

test.each([
  ['Prefer: tx=rollback', '', { Prefer: 'tx=rollback' }],
  ['?dry_run=true', '?dry_run=true', {}],
] as const)('%s tries out each kind of write', async (_, query, headers: Headers) => {
  const path = await partner();
  const before = await version(path);
  const created = await send('POST', `/api/v1/res.partner${query}`, { name: 'Tried out' }, headers);
  expect([created.status, created.headers.get('location')]).toEqual([200, null]);
  expect(created.headers.get('preference-applied')).toBe('tx=rollback');
  const [difference] = created.json.meta.dry_run.differences;
  expect(difference).toMatchObject({ model: 'res.partner', before: null, after: { name: 'Tried out' } });
  const changed = await send('PATCH', `${path}${query}`, { name: 'Other' }, headers);
  expect(changed.json.meta.dry_run).toMatchObject({ mails: 0, outside: false });
  expect(changed.json.meta.dry_run.differences[0]).toMatchObject({ before: { name: 'Asked' }, after: { name: 'Other' } });
  const deleted = await send('DELETE', `${path}${query}`, undefined, headers);
  expect(deleted.json.meta.dry_run.differences[0]).toMatchObject({ after: null });
  const called = await send('POST', `${path}/action_archive${query}`, {}, headers);
  expect(called.json.meta.dry_run.differences[0]).toMatchObject({ before: { active: true }, after: { active: false } });
  const batch = [{ op: 'create', model: 'res.partner', values: { name: 'Tried out' } }];
  expect((await send('POST', `/api/v1/batch${query}`, batch, headers)).json.meta.dry_run.differences).toHaveLength(1);
  expect(await version(path)).toBe(before);
  const left = await gateway.get('/api/v1/res.partner?filter[name]=Tried out', { key: admin });
  expect(left.json.data).toEqual([]);
});

test('dry_run must be true or false', async () => {
  const answer = await send('POST', '/api/v1/res.partner?dry_run=maybe', { name: 'Tried out' });
  expect(answer.json.error.reason).toBe('query.dry_run');
});

test('Prefer: notify=none writes without followers and messages', async () => {
  const counts = async (headers: Headers) => {
    const made = await send('POST', '/api/v1/res.partner', { name: 'Quiet' }, headers);
    const path = `/api/v1/res.partner/${made.json.data.id}`;
    await send('PATCH', path, { email: 'quiet@example.com' }, headers);
    const { data } = (await gateway.get(`${path}?fields=message_ids,message_follower_ids`, { key: admin })).json;
    return [data.message_ids.length, data.message_follower_ids.length];
  };
  const [messages = 0] = await counts({});
  expect(messages).toBeGreaterThan(0);
  expect(await counts({ Prefer: 'notify=none' })).toEqual([0, 0]);
});

test('an action that Odoo returns is marked as such, with the next step', async () => {
  const { id } = (await gateway.get('/api/v1/sale.order?limit=1&fields=name', { key: admin })).json.data[0];
  const { data, meta } = (await send('POST', `/api/v1/sale.order/${id}/action_open_discount_wizard`)).json;
  expect(data.type).toBe('ir.actions.act_window');
  expect(meta.action).toMatchObject({ type: data.type, model: 'sale.order.discount' });
});

const by = (key: string, value: string, body: unknown, headers: Headers = {}, query = '') =>
  send('PUT', `/api/v1/res.partner/by/${key}/${encodeURIComponent(value)}${query}`, body, headers);

async function count(filter: string): Promise<number> {
  return (await gateway.get(`/api/v1/res.partner?fields=name&${filter}`, { key: admin })).json.data.length;
}

test('an upsert creates, then changes, and each credential has external ids of its own', async () => {
  const tried = await by('external_id', 'crm:7/a'.replace('/', '.'), { name: 'Seven' }, { Prefer: 'tx=rollback' });
  expect(tried.json.meta).toMatchObject({ created: true, dry_run: { differences: [{ before: null }] } });
  const first = await by('external_id', 'crm:7.a', { name: 'Seven' });
  expect([first.status, first.json.meta.created]).toEqual([201, true]);
  const again = await by('external_id', 'crm:7.a', { name: 'Eight' }, {}, '?fields=name');
  expect([again.status, again.json]).toEqual([
    200,
    { success: true, data: { id: first.json.data.id, name: 'Eight' }, meta: { created: false } },
  ]);
  const others = await send('PUT', '/api/v1/res.partner/by/external_id/crm:7.a', { name: 'Other' }, {}, gateway.keys.bench);
  expect(others.json.data?.id).not.toBe(first.json.data.id);
  await send('DELETE', `/api/v1/res.partner/${first.json.data.id}`);
  expect((await by('external_id', 'crm:7.a', { name: 'Nine' })).json.meta.created).toBe(true);
});

test('an upsert finds its record by a field; ambiguous values and unsuitable fields are refused', async () => {
  const first = await by('ref', 'R/7 é', { name: 'By ref' }, {}, '?fields=ref');
  expect([first.status, first.json.data.ref]).toEqual([201, 'R/7 é']);
  expect((await by('ref', 'R/7 é', { name: 'Changed' })).json.data.id).toBe(first.json.data.id);
  await send('POST', '/api/v1/res.partner', { name: 'Twin', ref: 'R/7 é' });
  expect((await by('ref', 'R/7 é', { name: 'Which?' })).json.error.reason).toBe('odoo.validation');
  for (const [key, value, reason] of [
    ['parent_id', '7', 'odoo.field'],
    ['nope', '7', 'odoo.field'],
    ['external_id', 'has blanks', 'odoo.arguments'],
  ] as const) {
    expect([key, (await by(key, value, { name: 'No key' })).json.error?.reason]).toEqual([key, reason]);
  }
});

test('each item in a list of upserts has its own key', async () => {
  const path = '/api/v1/res.partner/by/ref?fields=name,ref';
  const made = await send('PUT', path, [
    { ref: 'list-1', name: 'One' },
    { ref: 'list-2', name: 'Two' },
  ]);
  expect(made.json.meta).toEqual({ count: 2, created: [true, true] });
  const mixed = await send('PUT', path, [
    { ref: 'list-3', name: 'Three' },
    { ref: 'list-1', name: 'Uno' },
  ]);
  expect(mixed.json.data.map(({ name, ref }: Record<string, string>) => [name, ref])).toEqual([
    ['Three', 'list-3'],
    ['Uno', 'list-1'],
  ]);
  expect(mixed.json.meta).toEqual({ count: 2, created: [true, false] });
  expect((await send('PUT', path, [{ name: 'No key' }])).json.error.reason).toBe('body.form');
});

test.each(['external_id', 'ref'])(
  '64 simultaneous upserts by %s, in all three forms on two sidecars, create one record',
  async (key) => {
    const value = `at-once-${key}`;
    const [name, model] = [`At once ${key}`, 'res.partner'];
    const forms = [
      (city: string) => ['PUT', `/api/v1/${model}/by/${key}/${value}`, { name, city }] as const,
      (city: string) => ['PUT', `/api/v1/${model}/by/${key}`, [{ [key]: value, name, city }]] as const,
      (city: string) => ['POST', '/api/v1/batch', [{ op: 'upsert', model, key, value, values: { name, city } }]] as const,
    ];
    const ask = async (i: number): Promise<{ id: number; isNew: boolean }> => {
      const [method, path, body] = forms[i % forms.length]?.(String(i)) ?? [];
      for (;;) {
        const { status, json } = await (i % 2 === 0 ? gateway : second).request(String(method), String(path), {
          key: admin,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        });
        // A client tries again when the gateway says that Odoo is busy.
        if (status === 503) continue;
        expect(json).toMatchObject({ success: true });
        const { data, meta } = path === '/api/v1/batch' ? json.data[0] : json;
        return { id: [data].flat()[0].id, isNew: [meta.created].flat()[0] };
      }
    };
    const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => ask(i)));
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await count(`filter[name]=${name}`)).toBe(1);
  },
);

test('writes to all records that a domain finds need max_affected, and do not exceed it', async () => {
  await send('POST', '/api/v1/res.partner', [{ name: 'Found 1' }, { name: 'Found 2' }, { name: 'Found 3' }]);
  const path = '/api/v1/res.partner?filter[name][starts]=Found ';
  expect((await send('PATCH', path, { city: 'Ghent' })).json.error.reason).toBe('query.max_affected');
  expect((await send('DELETE', '/api/v1/res.partner?max_affected=5')).json.error.reason).toBe('query.max_affected');
  expect((await send('PATCH', `${path}&max_affected=2`, { city: 'Ghent' })).json.error.reason).toBe('odoo.too_many');
  expect(await count('filter[name][starts]=Found &filter[city]=Ghent')).toBe(0);
  const changed = await send('PATCH', `${path}&max_affected=3`, { city: 'Ghent' });
  expect([changed.status, changed.json.meta.count]).toEqual([200, 3]);
  const tried = await send('DELETE', `${path}&max_affected=3&dry_run=true`);
  expect(tried.json.meta.dry_run.differences).toHaveLength(3);
  expect((await send('DELETE', `${path}&max_affected=3`)).json.meta.count).toBe(3);
  expect(await count('filter[name][starts]=Found ')).toBe(0);
});

test('a batch upserts, and does not exceed its max_affected', async () => {
  const upsert = { op: 'upsert', model: 'res.partner', key: 'ref', value: 'batch-7', values: { name: 'In a batch' } };
  const more = { op: 'create', model: 'res.partner', values: [{ name: 'Batch A' }, { name: 'Batch B' }] };
  const refused = await send('POST', '/api/v1/batch', { operations: [upsert, more], max_affected: 2 });
  expect(refused.json.error.reason).toBe('odoo.too_many');
  const done = await send('POST', '/api/v1/batch', { operations: [upsert, upsert, more], max_affected: 4 });
  const [created, changed] = done.json.data;
  expect([created.meta.created, changed.meta.created, changed.data]).toEqual([true, false, created.data]);
});
