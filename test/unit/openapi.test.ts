import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Described, Fields } from '../../sidecar/src/openapi/description.ts';
import { openApiDocument } from '../../sidecar/src/openapi/document.ts';
import { recordSchema, requiredOf, valuesSchema } from '../../sidecar/src/openapi/fields.ts';
import { asMarkdown } from '../../sidecar/src/openapi/markdown.ts';

const about = { version: '1', origin: 'https://gateway.example' };
const all = { read: true, write: true, create: true, delete: true, call: true };
const fields: Fields = {
  id: { type: 'integer', readonly: true },
  name: { type: 'char', string: 'Name', required: true },
  company_id: { type: 'many2one', string: 'Company', relation: 'res.company', required: true, has_default: true },
  state: { type: 'selection', string: 'State', selection: [['draft', '`Draft` <b>']], readonly: true },
  line_ids: { type: 'one2many', string: 'Lines', relation: 'x.line' },
};
const described: Described = {
  models: [{ model: 'x.thing', label: 'Thing', rights: all, fields }],
  resources: [
    {
      name: 'projects',
      label: 'Project',
      model: 'x.thing',
      rights: all,
      lines: [
        {
          name: 'title',
          read: true,
          write: true,
          required: true,
          isEmail: false,
          words: undefined,
          field: { type: 'char' },
          nested: undefined,
        },
      ],
    },
  ],
  limit: { standard: 80, most: 1_000 },
  mostOperations: 1_000,
};
const document = openApiDocument(about, described);
const paths = document['paths'] as Record<string, Record<string, { operationId?: string; tags?: string[] }>>;

function everyReference(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(everyReference);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === '$ref' ? [String(inner)] : everyReference(inner)));
}

describe('the document', () => {
  test('leads nowhere that is not there', () => {
    const found = (reference: string) =>
      reference
        .slice(2)
        .split('/')
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    const references = [...new Set(everyReference(document))];
    expect(references.length).toBeGreaterThan(40);
    expect(references.filter((reference) => found(reference) === undefined)).toEqual([]);
  });

  test('names each operation once, under a tag that it explains', () => {
    const operations = Object.values(paths).flatMap((path) =>
      Object.values(path).filter((entry) => entry.operationId !== undefined),
    );
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const explained = (document['tags'] as { name: string }[]).map(({ name }) => name);
    expect([...new Set(operations.flatMap(({ tags = [] }) => tags))].sort()).toEqual([...explained].sort());
  });

  test('has a path for every route of the sidecar but those for operators and for people', () => {
    const dir = join(import.meta.dirname, '../../sidecar/src/routes');
    const routes = readdirSync(dir).flatMap((file) =>
      [...readFileSync(join(dir, file), 'utf8').matchAll(/path: '(\/[^']+)'/g)].map(([, path = '']) => path),
    );
    const others = ['/healthz', '/readyz', '/metrics', '/api/docs', '/api/docs/:file', '/api/openapi.json', '/api/identify'];
    const expected = routes.filter((path) => !others.includes(path)).map((path) => path.replaceAll(/:(\w+)/g, '{$1}'));
    expect(expected.length).toBeGreaterThan(12);
    expect([...new Set(expected)].filter((path) => paths[path] === undefined)).toEqual([]);
  });
});

describe('fields', () => {
  test('that Odoo fills in are not asked for', () => {
    expect(requiredOf(fields)).toEqual(['name']);
  });

  test('that are read-only are not written', () => {
    expect(Object.keys(valuesSchema(fields)['properties'] as object)).toEqual(['name', 'company_id', 'line_ids']);
  });

  test('show choices with their labels as text', () => {
    const { state } = recordSchema(fields)['properties'] as Record<string, { enum: unknown; description: string }>;
    expect(state?.enum).toEqual(['draft', null]);
    expect(state?.description).toBe('`draft` \\`Draft\\` &lt;b&gt;.');
  });
});

describe('texts of others', () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['[a](javascript:alert(1))', '\\[a\\](javascript:alert(1))'],
    ['![i](http://evil.example/i.png)', '\\!\\[i\\](http:&#47;&#47;evil.example/i.png)'],
    ['line\n# heading\n| a | b |', 'line \\# heading \\| a \\| b \\|'],
    ['&lt;script&gt;', '&amp;lt;script&amp;gt;'],
    ['see www.evil.example or a@evil.example', 'see www&#46;evil.example or a&#64;evil.example'],
  ])('%j are shown as they are', (text, escaped) => {
    expect(asMarkdown(text)).toBe(escaped);
  });

  test('that go on for ever are cut', () => {
    expect(asMarkdown('x'.repeat(10_000))).toHaveLength(400);
  });
});
