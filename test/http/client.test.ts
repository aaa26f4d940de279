// The typed client against a real gateway: installed in a fresh project from the gateway's own address, its types pulled and
// compiled, and each of its methods used.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { Gateway } from '../../client/src/index.ts';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { pythonEnvironment } from '../../scripts/test/python_tools.mjs';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const mypy = join(await pythonEnvironment('typing'), 'mypy');
const instance = await useInstance({ shared: true });
const gateway = new Gateway({ url: instance.url, key: instance.keys.admin });
const partners = gateway.model('res.partner');
const dir = mkdtempSync(join(tmpdir(), 'client-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs a command in the project, and returns what it prints. */
async function inProject(command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, GATEWAY: instance.url, GATEWAY_KEY: instance.keys.admin };
  try {
    return (await execute(command, args, { cwd: dir, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`.slice(0, 6_000), { cause: error });
  }
}

/** The examples in this language below a heading, joined into one program. */
function examplesOf(page: string, heading: string, language: string): string {
  const sections = readFileSync(join(root, page), 'utf8').split(/\n(?=#{2,3} )/);
  const section = sections.find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => (name === language ? code : '')).join('');
}

test('a fresh project installs the client from the gateway, pulls the types, and runs the README’s example', async () => {
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
  await inProject('npm', ['install', '--no-audit', '--no-fund', `${instance.url}/api/client.tgz`]);
  expect(statSync(join(dir, 'node_modules/odoo-gateway-client/dist/index.js')).size).toBeLessThan(12_000);
  const models = ['sale.order', 'sale.order.line', 'res.partner', 'res.users', 'account.move', 'product.product', 'res.country'];
  const args = ['odoo-gateway-client', 'pull', instance.url, '--models', models.join()];
  expect(await inProject('npx', args)).toMatch(/^7 models in odoo, schema [0-9a-f]{16}\n$/);
  expect(await inProject('npx', ['odoo-gateway-client', 'pull', '--check'])).toMatch(/^Nothing has changed/);

  // Files of models that are no longer pulled are deleted; files that `pull` did not write stay.
  writeFileSync(join(dir, 'odoo/mine.ts'), 'export {};');
  await inProject('npx', ['odoo-gateway-client', 'pull', instance.url, '--models', `${models.join()},res.country.state`]);
  await inProject('npx', args);
  const files = [...models, 'index', 'mine'].map((name) => `${name.replaceAll('.', '_')}.ts`);
  expect(readdirSync(join(dir, 'odoo')).sort()).toEqual([...files, 'schema.json'].sort());

  writeFileSync(join(dir, 'readme.ts'), examplesOf('README.md', '## First call', 'ts'));
  expect((await inProject(nodeBin(), ['readme.ts'])).trim().split('\n').length).toBeGreaterThan(1);
});

test('the guide’s examples run', async () => {
  const variables = "const { GATEWAY = '', GATEWAY_KEY: KEY = '' } = process.env;\n";
  writeFileSync(join(dir, 'guide.ts'), variables + examplesOf('docs/guide.md', '### TypeScript', 'ts'));
  expect(await inProject(nodeBin(), ['guide.ts'])).toMatch(/^S\d+\n$/);
});

test('the compiler accepts the fields of the instance, and refuses others', async () => {
  copyFileSync(join(root, 'client/type_tests/cases.ts'), join(dir, 'cases.ts'));
  writeFileSync(join(dir, 'process.d.ts'), 'declare const process: { env: Record<string, string | undefined> };');
  const options = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  await inProject(nodeBin(), [join(root, 'node_modules/typescript/bin/tsc')]);
  // An instance without these fields would make the cases pass for the wrong reason.
  const cases = readFileSync(join(dir, 'cases.ts'), 'utf8').match(/@ts-expect-error|^\s*same<|\bsame<.*?>\(\)\(data/gm) ?? [];
  expect(cases.length).toBeGreaterThan(90);
});

test('in Python, mypy accepts and refuses the same fields, and the client works', async () => {
  const models = 'sale.order,sale.order.line,res.partner,ir.attachment';
  await inProject('npx', ['odoo-gateway-client', 'pull', instance.url, '--python', '--models', models]);
  copyFileSync(join(root, 'client/type_tests/cases.py'), join(dir, 'cases.py'));
  const variables = 'import os\nGATEWAY, KEY = os.environ["GATEWAY"], os.environ["GATEWAY_KEY"]\n';
  writeFileSync(join(dir, 'guide.py'), variables + examplesOf('docs/guide.md', '### Python', 'py'));
  expect(await inProject('/usr/bin/python3', ['guide.py'])).toMatch(/^S\d+ \d/);
  await inProject(mypy, [
    '--strict',
    '--warn-unused-ignores',
    '--cache-dir',
    '/dev/null',
    'cases.py',
    'guide.py',
    'odoo_gateway',
  ]);
  expect(JSON.parse(await inProject('/usr/bin/python3', ['cases.py']))).toEqual({
    city: 'Gent',
    pages: [1, 1, 0],
    tried: 'Lyon',
    groups: [
      ['Gent', 1],
      ['Lyon', 1],
    ],
    linked: ['company_id', 'id', 'name'],
    created: [true, false],
    called: 1,
    reason: 'odoo.missing',
    files: [
      ['ü.zip', 'application/zip', true],
      ['ü.zip', 'application/zip', 3_072_000, true],
      ['part.bin', 2_072_000, true, [64, 65, 66, 67]],
      ['text/html', '<!DOCTYPE html>'],
    ],
  });
});

describe('records', () => {
  test('are created, read, changed, tried out and removed', async () => {
    const made = await partners.create({ name: 'Azure', child_ids: [{ name: 'Mary' }] }, { fields: ['name', 'child_ids.name'] });
    const { id } = made.data;
    expect(made.data).toMatchObject({ name: 'Azure', child_ids: [{ name: 'Mary' }] });
    const read = await partners.get(id, { fields: ['city', 'country_id'] });
    expect(read).toMatchObject({ data: { id, city: null, country_id: null }, etag: expect.stringMatching(/^"/) });

    const tried = await partners.update(id, { city: 'Gent' }, { dryRun: true });
    expect(tried.meta.dry_run?.differences).toMatchObject([{ model: 'res.partner', id, after: { city: 'Gent' } }]);
    const options = { fields: ['city', 'country_id'], ifMatch: read.etag } as const;
    expect((await partners.update(id, { city: 'Lyon' }, options)).data).toEqual({ id, city: 'Lyon', country_id: null });
    await expect(partners.update(id, { city: 'Gent' }, options)).rejects.toMatchObject({ status: 412, reason: 'odoo.changed' });

    expect((await partners.remove(id)).data).toEqual({ id });
    await expect(partners.get(id)).rejects.toMatchObject({ reason: 'odoo.missing', details: { model: 'res.partner', id } });
  });

  test('a write that is repeated with the same Idempotency-Key happens once', async () => {
    const values = [{ name: 'Once' }, { name: 'Twice' }];
    const idempotencyKey = `client-${process.pid}-${Date.now()}`;
    const first = await partners.createMany(values, { idempotencyKey });
    expect(first.data.length).toBe(2);
    expect((await partners.createMany(values, { idempotencyKey })).data).toEqual(first.data);
  });

  test('are upserted by their keys, and changed or deleted by a filter', async () => {
    const code = `C ${process.pid}/${Date.now()}`;
    const one = await partners.upsert('ref', code, { name: 'One' }, { fields: ['ref', 'name'] });
    expect(one).toMatchObject({ data: { ref: code, name: 'One' }, meta: { created: true } });
    const both = await partners.upsertMany('ref', [
      { ref: code, city: 'Gent' },
      { ref: `${code}b`, name: 'Two', city: 'Gent' },
    ]);
    expect([both.data[0]?.id, both.meta.created]).toEqual([one.data.id, [false, true]]);
    const found = { filter: { ref: { starts: code } }, maxAffected: 2 };
    expect((await partners.updateFound(found, { city: 'Lyon' })).data).toEqual(both.data);
    await expect(partners.removeFound({ ...found, maxAffected: 1 })).rejects.toMatchObject({ reason: 'odoo.too_many' });
    const { data } = await gateway.batch((steps) => ({ again: steps.upsert('res.partner', 'ref', code, { city: 'Gent' }) }));
    expect(data.again).toMatchObject([{ id: one.data.id }]);
    expect((await partners.removeFound(found)).meta.count).toBe(2);
  });

  test('are found by filters of each form, in an address and in a body', async () => {
    const { data } = await partners.createMany([
      { name: 'Doe, "John"', city: 'A+B & C' },
      { name: 'Jane', city: null },
    ]);
    const ids = data.map(({ id }) => id);
    const filters = [
      [{ id: { in: ids }, name: { in: ['Doe, "John"', 'x'] } }, 1],
      [{ id: { in: ids }, city: 'A+B & C' }, 1],
      [{ id: { in: ids }, city: { null: true } }, 1],
      [{ id: { in: ids }, name: { starts: 'j', ne: 'x' }, active: true }, 1],
      [{ id: { in: [...ids, ...Array.from({ length: 600 }, (_, i) => 10_000_000 + i)] } }, 2],
    ] as const;
    for (const [filter, found] of filters) {
      const answer = await partners.search({ filter, fields: ['name'], count: 'exact', archived: 'include' });
      expect([answer.data.length, answer.meta.total]).toEqual([found, found]);
    }
    const domain = ['|', ['id', '=', ids[0]], ['id', '=', ids[1]]] as const;
    expect((await partners.search({ domain, order: 'id desc' })).data.map(({ id }) => id)).toEqual([...ids].reverse());
  });

  test.each([['id'], ['country_id']])('all pages come in the order of %s, each record once', async (order) => {
    const ids: number[] = [];
    for await (const { data } of partners.pages({ fields: ['name'], order, limit: 7 })) ids.push(...data.map(({ id }) => id));
    const { meta } = await partners.search({ count: 'exact', limit: 1 });
    expect([ids.length, new Set(ids).size]).toEqual([meta.total, meta.total]);
    expect(ids.length).toBeGreaterThan(14);
  });

  test('methods, groups and batches work', async () => {
    const { data: name } = await partners.call<[number, string][]>('name_search', {
      kwargs: { name: 'Azure Interior', limit: 1 },
    });
    expect(name.length).toBeLessThan(2);
    const groups = await partners.aggregate({
      group: ['is_company'],
      measures: ['id:count', '__count'],
      filter: { is_company: true },
      having: [['__count', '>', 0]],
    });
    expect(groups.data).toEqual([{ is_company: true, 'id:count': expect.any(Number), __count: expect.any(Number) }]);
    const { data } = await gateway.batch((steps) => {
      const customer = steps.create('res.partner', { name: 'Batch' });
      const changed = steps.update('res.partner', customer.id, { city: 'Gent' }, { fields: ['city', 'name'] });
      const found = steps.read('res.partner', [customer.id], { fields: ['name'] });
      const called = steps.call('res.partner', 'name_search', { kwargs: { name: 'Batch', limit: 1 } });
      return { changed, found, called, removed: steps.remove('res.partner', customer.id) };
    });
    const [removed] = data.removed;
    expect(data.changed).toEqual([{ id: removed?.id, city: 'Gent', name: 'Batch' }]);
    expect([data.found, Array.isArray(data.called)]).toEqual([[{ id: removed?.id, name: 'Batch' }], true]);
    const failed = gateway.batch((steps) => ({ one: steps.create('res.partner', { name: 'x', nme: 1 }) }));
    await expect(failed).rejects.toMatchObject({ reason: 'odoo.field', details: { operation: 0, operation_id: 'step1' } });
  });

  test('files are uploaded and downloaded, and documents are printed', async () => {
    const { data: record } = await partners.create({ name: 'With files' });
    const big = new Uint8Array(3_000_000).fill(7);
    const { data: made } = await partners.attach(record.id, new Blob([big], { type: 'application/zip' }), { filename: 'ü.zip' });
    const attachments = gateway.model('ir.attachment');
    const { data } = await attachments.get(made.id, { fields: ['name', 'mimetype', 'res_id'] });
    expect(data).toMatchObject({ name: 'ü.zip', mimetype: 'application/zip', res_id: record.id });
    const file = await attachments.readFile(made.id, 'raw');
    expect([file.headers.get('content-type'), (await file.arrayBuffer()).byteLength]).toEqual(['application/zip', 3_000_000]);
    await attachments.writeFile(made.id, 'raw', new Blob(['a;b\n']).stream(), { type: 'text/csv', filename: 'b.csv' });
    const part = await attachments.readFile(made.id, 'raw', { range: 'bytes=2-' });
    expect([part.status, part.headers.get('content-type'), await part.text()]).toEqual([206, 'text/csv', 'b\n']);
    await expect(attachments.readFile(2 ** 30, 'raw')).rejects.toMatchObject({ reason: 'odoo.missing' });

    const orders = gateway.model('sale.order');
    const { data: reports } = await orders.reports();
    const { name } = reports.find(({ formats }) => formats.includes('html')) ?? { name: '' };
    const {
      data: [order],
    } = await orders.search({ limit: 1 });
    const page = await orders.print(order?.id, name, { format: 'html' });
    expect([page.headers.get('content-type'), (await page.text()).slice(0, 15)]).toEqual([
      expect.stringContaining('text/html'),
      '<!DOCTYPE html>',
    ]);
  });

  test('changes arrive as they happen, until the signal aborts', async () => {
    const [model] = await instance.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner.category']] });
    const synced = await instance.orm<number[]>('gateway.synced.model', 'search', { domain: [['model_id', '=', model]] });
    if (synced.length === 0) await instance.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: model }] });
    const tags = gateway.model('res.partner.category');
    const controller = new AbortController();
    const changes = tags.changes({ fields: ['name'], signal: controller.signal });
    const first = await changes.next();
    expect(first.value?.data).toEqual({ upserts: [], removed: [] });
    const next = changes.next();
    const { data } = await tags.create({ name: 'Of the client' });
    expect((await next).value).toMatchObject({
      data: { upserts: [{ id: data.id, name: 'Of the client' }] },
      meta: { more: false },
    });
    const waiting = changes.next();
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await tags.remove(data.id);
  });
});

test('the gateway records what a key has used, but no values', async () => {
  const filter = { state: 'draft', 'partner_id.city': 'of the usage test' } as const;
  await gateway.model('sale.order').search({ filter, fields: ['name', 'partner_id.email'] });
  await gateway
    .model('sale.order')
    .search({ filter, fields: ['nonsense'] })
    .catch(() => {});
  await partners.update(1, { comment: 'of the usage test' }, { dryRun: true });
  const usesOf = async () => {
    const { json } = await instance.get('/api/v1/usage?days=1', { key: instance.keys.admin });
    return json.data.flatMap(({ used }: { used: { model: string; action: string; name: string }[] }) =>
      used.map(({ model, action, name }) => `${model} ${action} ${name}`),
    ) as string[];
  };
  const wanted = ['read name', 'read partner_id.email', 'read partner_id.city', 'read state', 'choice state=draft'];
  const all = ['res.partner write comment', ...wanted.map((use) => `sale.order ${use}`)];
  let uses: string[] = [];
  await until('uses are counted', async () => {
    uses = await usesOf();
    return all.every((use) => uses.includes(use));
  });
  expect(uses.filter((use) => /of the usage test|nonsense/.test(use))).toEqual([]);

  const { json } = await instance.get('/api/v1/usage?days=91', { key: instance.keys.demo });
  expect(json.error.reason).toBe('query.days');
});

test('a manager sees what all credentials have used; others, and managers with a narrowed key, only their own', async () => {
  const web = await OdooWeb.login(instance);
  const narrowed = await web.create('gateway.key', { name: 'of a manager', scopes: 'res.partner:read' });
  const own = `gateway_key:${narrowed.id}`;
  const credentialsFor = async (key: string, query = '') => {
    const { status, json } = await instance.get(`/api/v1/usage?days=1${query}`, { key });
    const data = json.data as { credential: string; name: string }[];
    return status === 200 ? data.map(({ credential }) => credential) : json.error.reason;
  };
  const { admin, demo } = instance.keys;
  for (const key of [admin, demo, narrowed.secret]) await instance.get('/api/v1/res.partner?limit=1&fields=name', { key });
  await until('uses are counted', async () => (await credentialsFor(admin, `&credential=${own}`)).includes(own));
  const [ofDemo] = await credentialsFor(demo);
  expect(await credentialsFor(admin)).toEqual(expect.arrayContaining([own, ofDemo]));
  expect(await credentialsFor(admin, `&credential=${ofDemo}`)).toEqual([ofDemo]);
  for (const [key, mine, others] of [
    [demo, ofDemo, own],
    [narrowed.secret, own, ofDemo],
  ]) {
    expect(await credentialsFor(key)).toEqual([mine]);
    expect(await credentialsFor(key, `&credential=${mine}`)).toEqual([mine]);
    expect(await credentialsFor(key, `&credential=${others}`)).toBe('odoo.access');
  }
});

test('an OAuth client gets its own tokens', async () => {
  const web = await OdooWeb.login(instance);
  const { clientId, secret } = await web.create('gateway.client', { name: 'of the typed client', user_id: 2 });
  const oauth = { clientId: String(clientId), clientSecret: secret, scope: 'read' };
  const reader = new Gateway({ url: instance.url, oauth });
  expect((await reader.model('res.partner').search({ limit: 1 })).data.length).toBe(1);
  const writing = reader.model('res.partner').create({ name: 'x' });
  await expect(writing).rejects.toMatchObject({ reason: 'scope.insufficient', requestId: expect.any(String) });
});

test('the package stays the same until the gateway changes', async () => {
  const { status, headers } = await instance.get('/api/client.tgz');
  expect([status, headers.get('content-type')]).toEqual([200, 'application/gzip']);
  const head = await instance.request('HEAD', '/api/client.tgz');
  expect([head.status, head.headers.get('etag'), head.headers.get('content-length')]).toEqual([
    200,
    headers.get('etag'),
    headers.get('content-length'),
  ]);
  const again = await instance.get('/api/client.tgz', { headers: { 'If-None-Match': headers.get('etag') ?? '' } });
  expect([again.status, again.text]).toEqual([304, '']);
});
