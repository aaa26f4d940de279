// Uploads and downloads of files in records, attachments, and the documents that Odoo prints.

import { createHash, randomBytes } from 'node:crypto';
import { Agent, get } from 'node:http';
import { describe, expect, test } from 'vitest';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance({ shared: true });
const { admin, demo } = gateway.keys;
const web = await OdooWeb.login(gateway);
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
  'base64',
);

async function ask(method: string, path: string, init: RequestInit = {}, key = admin) {
  const headers = { Authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) };
  const answer = await fetch(new URL(path, gateway.url), { method, ...init, headers });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, headers: answer.headers, bytes, json: isJson ? JSON.parse(bytes.toString()) : undefined };
}

async function partner(): Promise<number> {
  return (await gateway.post('/api/v1/res.partner', { name: 'With files' }, { key: admin })).json.data.id;
}

async function attach(body: NonNullable<RequestInit['body']>, query = '', headers: Record<string, string> = {}, key = admin) {
  return ask('POST', `/api/v1/res.partner/${await partner()}/attachments${query}`, { body, headers }, key);
}

const contentOf = (id: number) => `/api/v1/ir.attachment/${id}/raw/content`;

describe('an attachment of several parts', async () => {
  const bytes = randomBytes(5_000_003);
  const made = await attach(bytes, `?name=${encodeURIComponent('offer "é".bin')}`);
  const path = contentOf(made.json.data.id);

  test('is downloaded whole, with its name, and not again if its ETag is known', async () => {
    expect([made.status, made.headers.get('location')]).toEqual([
      201,
      `${gateway.url}/api/v1/ir.attachment/${made.json.data.id}`,
    ]);
    const read = await ask('GET', path);
    expect([read.status, read.headers.get('content-length'), read.bytes.equals(bytes)]).toEqual([200, '5000003', true]);
    expect(read.headers.get('content-disposition')).toContain("filename*=UTF-8''offer%20%22%C3%A9%22.bin");
    const etag = String(read.headers.get('etag'));
    expect(etag).toBe(`"${createHash('sha1').update(bytes).digest('hex')}"`);
    const known = await ask('GET', path, { headers: { 'If-None-Match': etag } });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
  });

  test.each([
    ['bytes=0-9', 0, 10],
    ['bytes=2097150-2097160', 2_097_150, 2_097_161],
    ['bytes=4999999-', 4_999_999, 5_000_003],
    ['bytes=-7', 4_999_996, 5_000_003],
    ['bytes=0-99999999', 0, 5_000_003],
  ])('%s', async (range, from, to) => {
    const part = await ask('GET', path, { headers: { Range: range } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to - 1}/5000003`]);
    expect(part.bytes.equals(bytes.subarray(from, to))).toBe(true);
  });

  test('HEAD has the headers of GET, and an outdated ETag in If-None-Match gets the whole file', async () => {
    const shown = ({ status, headers }: { status: number; headers: Headers }) => [
      status,
      ...['content-length', 'etag', 'content-type', 'content-disposition'].map((name) => headers.get(name)),
    ];
    const whole = await ask('GET', path, { headers: { 'If-None-Match': '"other"' } });
    expect(whole.bytes.equals(bytes)).toBe(true);
    expect(shown(await ask('HEAD', path))).toEqual(shown(whole));
  });

  test('a range past the end is refused, and a range of another version gets the whole file', async () => {
    expect((await ask('GET', path, { headers: { Range: 'bytes=2147483648-' } })).json.error.reason).toBe('file.range');
    const beyond = await ask('GET', path, { headers: { Range: 'bytes=5000003-' } });
    expect([beyond.status, beyond.json.error.reason]).toEqual([416, 'file.range']);
    const other = await ask('GET', path, { headers: { Range: 'bytes=5-9', 'If-Range': '"other"' } });
    expect([other.status, other.bytes.equals(bytes)]).toEqual([200, true]);
  });
});

test('only a few large files are read at a time, and a file that changes meanwhile breaks off', { timeout: 30_000 }, async () => {
  const path = contentOf((await attach(randomBytes(40_000_000), '?name=large.bin')).json.data.id);
  const headers = { Authorization: `Bearer ${admin}` };
  const open = await Promise.all(Array.from({ length: 8 }, () => fetch(new URL(path, gateway.url), { headers })));
  expect(open.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const ninth = await ask('GET', path);
  expect([ninth.status, ninth.json.error.reason]).toEqual([503, 'file.busy']);
  expect((await ask('GET', path, { headers: { Range: 'bytes=0-9' } })).status).toBe(206);
  expect((await ask('PUT', path, { body: randomBytes(3_000_000) })).status).toBe(200);
  await expect(open[0]?.arrayBuffer()).rejects.toThrow();
  await Promise.all(open.slice(1).map(({ body }) => body?.cancel()));
  await until('the places are free', async () => (await ask('GET', path)).status === 200);
});

test('a long file name is cut correctly at a character of two UTF-16 units', async () => {
  const name = `${'n'.repeat(254)}💾.txt`;
  const [id = 0] = await gateway.orm<number[]>('ir.attachment', 'create', { vals_list: [{ name, raw: 'c2VjcmV0' }] });
  const read = await ask('GET', contentOf(id));
  expect([read.status, read.headers.get('content-disposition')?.includes('nnn')]).toEqual([200, true]);
});

test.each(['content', 'report', 'attachments'])(
  '"%s", a word of the file routes, may be part of the path of an upsert',
  async (key) => {
    const put = (path: string) =>
      ask('PUT', `/api/v1/res.partner/by/${path}`, { body: '{"name":"Keyed"}', headers: { 'Content-Type': 'application/json' } });
    expect((await put(`ref/${key}`)).status).toBe(201);
    expect((await put(`${key}/x`)).json.error.reason).toBe('odoo.field');
  },
);

test('a form gives its file a name and a type', async () => {
  const form = new FormData();
  form.set('comment', 'before the file');
  form.set('file', new Blob(['a;b\n1;2\n'], { type: 'text/csv' }), '../numbers.csv');
  const made = await attach(form);
  const [row] = await gateway.orm<object[]>('ir.attachment', 'read', {
    ids: [made.json.data.id],
    fields: ['name', 'mimetype', 'res_model'],
  });
  expect(row).toMatchObject({ name: 'numbers.csv', mimetype: 'text/csv', res_model: 'res.partner' });
  form.set('second', new Blob(['x']), 'x.txt');
  expect((await attach(form)).json.error.reason).toBe('file.form');
  const broken = await attach('no form', '', { 'Content-Type': 'multipart/form-data; boundary=x' });
  expect([broken.status, broken.json.error.reason]).toEqual([400, 'file.form']);
});

test('a connection stays open for further requests after a small file', async () => {
  const path = contentOf((await attach('small', '?name=small.txt')).json.data.id);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const read = () =>
    new Promise<[text: string, isReused: boolean]>((resolve, reject) => {
      const asked = get(new URL(path, gateway.url), { agent, headers: { Authorization: `Bearer ${admin}` } }, (answer) => {
        answer
          .setEncoding('utf8')
          .toArray()
          .then((parts) => resolve([parts.join(''), asked.reusedSocket]), reject);
      });
      asked.once('error', reject);
    });
  expect([await read(), await read()]).toEqual([
    ['small', false],
    ['small', true],
  ]);
  agent.destroy();
});

test('an image in a field can be read in any size; other files cannot be resized', async () => {
  const path = `/api/v1/res.partner/${await partner()}/image_1920/content`;
  expect((await ask('PUT', path, { body: png })).status).toBe(200);
  const read = await ask('GET', path);
  expect([read.headers.get('content-type'), read.bytes.equals(png)]).toEqual(['image/png', true]);
  expect(read.headers.get('content-disposition')).toMatch(/^inline/);
  const small = await ask('GET', `${path}?size=4`);
  expect([small.status, small.bytes.readUInt32BE(16), small.bytes.readUInt32BE(20)]).toEqual([200, 4, 4]);
  expect((await ask('GET', `${path}?size=0`)).json.error.reason).toBe('query.size');
  const text = (await attach('text', '?name=a.txt')).json.data.id;
  expect((await ask('GET', `${contentOf(text)}?size=4`)).json.error.reason).toBe('odoo.validation');
});

test.each([
  ['page.html', 'text/html', '<script>alert(1)</script>'],
  ['drawing.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
])('%s is sent as a download, so a browser does not run it', async (name, type, text) => {
  const { id } = (await attach(text, `?name=${name}`, { 'Content-Type': type })).json.data;
  const read = await ask('GET', contentOf(id));
  expect(read.bytes.toString()).toBe(text);
  expect(read.headers.get('content-disposition')).toMatch(/^attachment/);
  expect(read.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(read.headers.get('x-content-type-options')).toBe('nosniff');
});

test('fields and records that may not be read or written are refused, and so are fields without a file', async () => {
  const id = await partner();
  const hidden = await gateway.orm<number[]>('ir.attachment', 'create', {
    vals_list: [{ name: 'Hidden', raw: 'c2VjcmV0' }],
  });
  const { secret: narrow } = await web.create('gateway.key', { name: 'narrow files', scopes: 'res.partner:read' });
  for (const [method, path, key, reason] of [
    ['GET', contentOf(Number(hidden[0])), demo, 'odoo.missing'],
    ['GET', `/api/v1/res.partner/${id}/image_1920/content`, admin, 'odoo.missing'],
    ['GET', `/api/v1/res.partner/${id}/name/content`, admin, 'odoo.field'],
    ['GET', '/api/v1/res.partner/999999999/image_1920/content', admin, 'odoo.missing'],
    ['GET', '/api/v1/res.users/2/password/content', admin, 'odoo.exposure'],
    ['GET', '/api/v1/ir.cron/1/raw/content', admin, 'odoo.exposure'],
    ['GET', contentOf(Number(hidden[0])), narrow, 'scope.insufficient'],
    ['PUT', `/api/v1/res.partner/${id}/image_1920/content`, narrow, 'scope.insufficient'],
    ['POST', `/api/v1/res.partner/${id}/attachments`, narrow, 'scope.insufficient'],
    ['PUT', '/api/v1/res.country/20/image_url/content', demo, 'odoo.field'],
    ['PUT', '/api/v1/res.company/1/logo/content', demo, 'odoo.access'],
  ] as const) {
    const answer = await ask(method, path, method === 'GET' ? {} : { body: png }, key);
    expect([method, path, answer.json?.error?.reason]).toEqual([method, path, reason]);
  }
});

test('an upload is stored once under an Idempotency-Key, can be a dry run, and must not be empty', async () => {
  const id = await partner();
  const path = `/api/v1/res.partner/${id}/attachments`;
  const once = () => ask('POST', path, { body: 'once', headers: { 'Idempotency-Key': `file-${id}` } });
  expect((await once()).json.data).toEqual((await once()).json.data);
  const other = await ask('POST', path, { body: 'other', headers: { 'Idempotency-Key': `file-${id}` } });
  expect(other.json.error.reason).toBe('idempotency.mismatch');
  const tried = await ask('POST', path, { body: 'tried', headers: { Prefer: 'tx=rollback' } });
  expect([tried.status, tried.headers.get('preference-applied')]).toEqual([200, 'tx=rollback']);
  expect((await ask('POST', path, { body: '' })).json.error.reason).toBe('file.form');
  const count = await gateway.orm<number>('ir.attachment', 'search_count', {
    domain: [
      ['res_model', '=', 'res.partner'],
      ['res_id', '=', id],
    ],
  });
  expect(count).toBe(1);
});

describe('reports', async () => {
  const [order] = await gateway.orm<number[]>('sale.order', 'search', { domain: [['state', '=', 'sale']], limit: 1 });
  const name = 'sale.report_saleorder';

  test('a model lists the reports that the user may print', async () => {
    const { json } = await ask('GET', '/api/v1/sale.order/reports');
    expect(json.data).toContainEqual({ name, label: expect.any(String), formats: ['pdf', 'html'] });
  });

  test('a quotation is the PDF that the web client downloads', { timeout: 60_000 }, async () => {
    const own = await ask('GET', `/api/v1/sale.order/${order}/report/${name}`);
    expect([own.status, own.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const data = JSON.stringify([`/report/pdf/${name}/${order}`, 'qweb-pdf']);
    const theirs = await web.download(`/report/download?${new URLSearchParams({ data })}`);
    const comparable = (pdf: Buffer) => pdf.toString('latin1').replace(/\/(?:CreationDate|ModDate) \([^)]*\)/g, '');
    expect(comparable(own.bytes)).toBe(comparable(theirs.bytes));
    const title = /^attachment; filename="([^"]+)"$/.exec(own.headers.get('content-disposition') ?? '')?.[1];
    expect(theirs.disposition).toContain(encodeURIComponent(String(title)));
  });

  test('a report can be read as HTML, but not without the right to print it', async () => {
    const path = `/api/v1/sale.order/${order}/report/${name}`;
    const html = await ask('GET', `${path}?format=html`);
    expect([html.status, html.headers.get('content-disposition')?.startsWith('attachment')]).toEqual([200, true]);
    expect(html.bytes.toString()).toContain('<html');
    const { secret: narrow } = await web.create('gateway.key', { name: 'narrow report', scopes: 'sale.order:read' });
    for (const [at, key, reason] of [
      [path, narrow, 'scope.insufficient'],
      [`/api/v1/sale.order/${order}/report/account.report_invoice`, admin, 'odoo.missing'],
      [`/api/v1/sale.order/999999999/report/${name}`, admin, 'odoo.missing'],
      [`${path}?format=docx`, admin, 'query.format'],
    ] as const) {
      expect([at, (await ask('GET', at, {}, key)).json?.error?.reason]).toEqual([at, reason]);
    }
  });
});
