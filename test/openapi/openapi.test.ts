// The OpenAPI document: its content for each caller, and public tools that use it.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { openApiTools } from '../../scripts/test/openapi_tools.mjs';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { OpenApiTools } from '../helpers/openapi_clients.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin, demo } = gateway.keys;
const execute = promisify(execFile);

// biome-ignore lint/suspicious/noExplicitAny: tests read only a few members of a document
type Document = any;

async function documentOf(key?: string, query = ''): Promise<Document> {
  const answer = await gateway.get(`/api/openapi.json${query}`, key === undefined ? {} : { key });
  expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.stringContaining('"openapi":"3.1.1"')]);
  return answer.json;
}

const verbsOf = (document: Document, path: string): string[] =>
  Object.keys(document.paths[path] ?? {}).filter((verb) => verb !== 'parameters');

describe('the document', () => {
  test('without a credential, it contains the parts that are the same for all callers', async () => {
    const document = await documentOf();
    expect(document.paths['/api/v1/{model}']).toBeDefined();
    expect(document.paths['/call']).toBeDefined();
    expect(Object.keys(document.paths).filter((path) => path.includes('res.partner') || path.includes('products'))).toEqual([]);
  });

  test('is refused with a wrong key, instead of being the general document', async () => {
    expect((await gateway.get('/api/openapi.json', { key: 'gwk_wrong' })).status).toBe(401);
  });

  test("reflects its caller's rights", async () => {
    const [ofAdmin, ofDemo] = [await documentOf(admin), await documentOf(demo)];
    expect(verbsOf(ofAdmin, '/api/v1/sale.order/{id}').sort()).toEqual(['delete', 'get', 'patch', 'post', 'put']);
    expect(ofDemo.paths['/api/v1/sale.order']).toBeUndefined();
    expect(ofDemo.paths['/api/v1/orders']).toBeUndefined();
    expect(verbsOf(ofDemo, '/api/v1/res.partner')).toContain('get');
  });

  test('has the types, labels, choices and links of fields', async () => {
    const { properties } = (await documentOf(admin)).components.schemas['res.partner'];
    expect(properties.name).toMatchObject({ type: ['string', 'null'], title: 'Name' });
    expect(properties.type.enum).toContain('invoice');
    expect(properties.country_id).toMatchObject({ $ref: '#/components/schemas/LinkOrNull' });
    expect(properties.create_date).toMatchObject({ format: 'date-time', readOnly: true });
  });

  test('lists the required fields of a new record', async () => {
    const { schemas } = (await documentOf(admin)).components;
    expect(schemas['sale.order-New'].allOf[1]).toEqual({ required: ['partner_id'] });
    expect(schemas['orders-New'].required).toEqual(expect.arrayContaining(['partner_id', 'order_lines']));
  });

  test('describes only the models that the request names, and refuses unknown ones', async () => {
    const document = await documentOf(admin, '?models=res.country,sale.*');
    expect(document.paths['/api/v1/res.country']).toBeDefined();
    expect(document.paths['/api/v1/sale.order.line']).toBeDefined();
    expect(document.paths['/api/v1/res.partner']).toBeUndefined();
    const reasonOf = async (models: string) =>
      (await gateway.get(`/api/openapi.json?models=${models}`, { key: admin })).json.error.reason;
    expect([await reasonOf('res.nothing'), await reasonOf('Nothing;'), await reasonOf('res.users.apikeys')]).toEqual([
      'odoo.model',
      'query.models',
      'odoo.model',
    ]);
  });

  test('is available as OpenAPI 3.0 on request, and in no other version', async () => {
    const of = async (version: string) => gateway.get(`/api/openapi.json?models=res.country&openapi=${version}`, { key: admin });
    const [newer, older, oldest] = [await of('3.1'), await of('3.0'), await of('2.0')];
    expect([newer.json.openapi, older.json.openapi, oldest.status]).toEqual(['3.1.1', '3.0.3', 400]);
    expect(oldest.json.error).toMatchObject({ reason: 'query.openapi', details: { openapi: '2.0' } });
    const { name } = older.json.components.schemas['res.country'].properties;
    expect(name).toMatchObject({ type: 'string', nullable: true });
    expect(newer.headers.get('etag')).not.toBe(older.headers.get('etag'));
    expect((await gateway.get('/api/openapi.json?openapi=3.0')).json.openapi).toBe('3.0.3');
  });

  test('never contains models that are never exposed', async () => {
    const { paths } = await documentOf(admin, '?models=*');
    expect(Object.keys(paths).filter((path) => /apikeys|ir\.config_parameter|ir\.cron|\/gateway\./.test(path))).toEqual([]);
  });

  test('is restricted like the credential', async () => {
    const web = await OdooWeb.login(gateway);
    const reader = await web.create('gateway.key', { name: 'reader', scopes: 'res.partner:read' });
    const ofReader = await documentOf(reader.secret);
    expect(verbsOf(ofReader, '/api/v1/res.partner')).toEqual(['get']);
    expect(Object.keys(ofReader.paths).filter((path) => path.includes('product'))).toEqual([]);
    const shop = await web.create('gateway.key', { name: 'shop', scopes: 'products_read products_write' });
    const ofShop = await documentOf(shop.secret);
    expect(verbsOf(ofShop, '/api/v1/products').sort()).toEqual(['get', 'post']);
    expect(ofShop.components.schemas['products-New'].properties.list_price).toMatchObject({ type: ['number', 'null'] });
    expect(Object.keys(ofShop.paths).filter((path) => /res\.partner|product\./.test(path))).toEqual([]);
  });

  test('is not sent again to a caller with its ETag, and a new field changes it without a restart', async () => {
    const ask = (tag: string) => gateway.get('/api/openapi.json', { key: admin, headers: { 'If-None-Match': tag } });
    const first = await gateway.get('/api/openapi.json', { key: admin });
    const tag = first.headers.get('etag') ?? '';
    const again = await ask(tag);
    expect([again.status, again.text, again.headers.get('cache-control')]).toEqual([304, '', 'private, no-cache']);
    const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
    const vals = { name: 'x_colour', model_id: model, ttype: 'char', field_description: '<img src=x onerror=alert(1)> *C*' };
    await gateway.orm('ir.model.fields', 'create', { vals_list: [{ ...vals, help: '<b>[x](http://evil.example)</b>' }] });
    await until('the new field is described', async () => (await ask(tag)).status === 200);
    const { x_colour: field } = (await documentOf(admin)).components.schemas['res.partner'].properties;
    expect(field.description).toBe('&lt;b&gt;\\[x\\](http:&#47;&#47;evil.example)&lt;/b&gt;');
  });

  test('may be read by any web page, and costs nothing if it is cached', async () => {
    const answer = await gateway.get('/api/openapi.json', { key: admin, headers: { Origin: 'https://editor.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('server-timing')).not.toContain('odoo;');
  });
});

describe('public tools', () => {
  // `npm run soak -- openapi` does the same for OpenAPI 3.0, and with generators in Java and Go.
  test('linters find no error, and generated clients create, read, change and delete', { timeout: 240_000 }, async () => {
    const { text } = await gateway.get('/api/openapi.json?models=res.partner', { key: admin });
    const tools = await OpenApiTools.of({ url: gateway.url, key: admin, document: text });
    try {
      expect(await tools.redocly()).toEqual([]);
      expect(await tools.spectral()).toEqual([]);
      const report = { name: 'Generated Client', phone: '+32 2 290 34 90', country: null, children: 1, total: 1, gone: 404 };
      expect(await tools.typeScript()).toEqual({ hey_api: report, orval: report });
      expect(await tools.python()).toEqual(report);
    } finally {
      tools.close();
    }
  });

  test('a generated client compiles strictly and creates, reads, changes and deletes', async () => {
    const tools = await openApiTools();
    const dir = mkdtempSync(join(tmpdir(), 'openapi-client-'));
    try {
      const bin = (path: string) => join(tools, 'node_modules', path);
      mkdirSync(join(dir, 'types'));
      symlinkSync(join(tools, 'node_modules'), join(dir, 'node_modules'));
      writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
      writeFileSync(join(dir, 'openapi.json'), JSON.stringify(await documentOf(admin)));
      cpSync(join(import.meta.dirname, '../../scripts/test/openapi_tools/openapi_fetch.ts'), join(dir, 'client.ts'));
      writeFileSync(join(dir, 'node.d.ts'), 'declare const process: { env: Record<string, string | undefined> };');
      await execute(nodeBin(), [bin('openapi-typescript/bin/cli.js'), 'openapi.json', '-o', 'schema.d.ts'], { cwd: dir });
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
      const compile = [
        ...options,
        '--allowImportingTsExtensions',
        '--skipLibCheck',
        '--lib',
        'es2022,dom',
        'node.d.ts',
        'client.ts',
      ];
      await execute(nodeBin(), [bin('typescript/bin/tsc'), ...compile], { cwd: dir }).catch((error: { stdout: string }) => {
        throw new Error(error.stdout);
      });
      const env = { ...process.env, GATEWAY: gateway.url, KEY: admin };
      const { stdout } = await execute(nodeBin(), ['client.ts'], { cwd: dir, env });
      expect(JSON.parse(stdout)).toEqual({
        name: 'Typed Client',
        phone: '+32 2 290 34 90',
        children: 1,
        total: 1,
        removed: true,
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  // Runs last, because it keeps this process busy for so long that the gateway closes idle connections.
  test('two validators accept the documents', { timeout: 240_000 }, async () => {
    const tools = createRequire(join(await openApiTools(), 'package.json'));
    const { Validator } = await import(pathToFileURL(tools.resolve('@seriousme/openapi-schema-validator')).href);
    const { validate } = await import(pathToFileURL(tools.resolve('@readme/openapi-parser')).href);
    for (const document of [
      await documentOf(),
      await documentOf(admin),
      await documentOf(demo),
      await documentOf(admin, '?models=*'),
      (await gateway.get('/api/openapi.json?openapi=3.0', { key: admin })).json,
    ]) {
      const { valid, errors } = await new Validator().validate(structuredClone(document));
      expect([valid, JSON.stringify(errors)?.slice(0, 2_000)]).toEqual([true, undefined]);
      const result = await validate(structuredClone(document));
      expect([result.valid, JSON.stringify(result.errors ?? []).slice(0, 2_000)]).toEqual([true, '[]']);
    }
  });
});
