import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callContext, idempotencyToken } from '../../sidecar/src/executor/caller.ts';
import type { Described, Fields } from '../../sidecar/src/openapi/description.ts';
import { openApiDocument } from '../../sidecar/src/openapi/document.ts';
import { recordSchema, requiredOf, valuesSchema } from '../../sidecar/src/openapi/fields.ts';
import { asMarkdown } from '../../sidecar/src/openapi/markdown.ts';
import { asOpenApi30 } from '../../sidecar/src/openapi/older.ts';
import type { RequestContext } from '../../sidecar/src/pipeline/context.ts';
import { takePreferences } from '../../sidecar/src/pipeline/preferences.ts';
import { ifMatch, isKnown } from '../../sidecar/src/records/versions.ts';

const about = { version: '1', origin: 'https://gateway.example' };
const all = { read: true, write: true, create: true, delete: true, call: true };
const fields: Fields = {
  id: { type: 'integer', readonly: true },
  name: { type: 'char', string: 'Name', required: true },
  company_id: { type: 'many2one', string: 'Company', relation: 'res.company', required: true, has_default: true },
  state: { type: 'selection', string: 'State', selection: [['draft', '`Draft` <b>']], readonly: true },
  line_ids: { type: 'one2many', string: 'Lines', relation: 'x.line' },
};
/** Two fields of each type in Odoo: one required, one not. */
const fieldsOfAllTypes: Fields = Object.fromEntries(
  [
    ...['boolean', 'integer', 'float', 'monetary', 'char', 'text', 'html', 'date', 'datetime', 'binary', 'many2one', 'one2many'],
    ...['many2many', 'many2one_reference', 'reference', 'selection', 'properties', 'properties_definition', 'json', 'unknown'],
  ].flatMap((type) =>
    [true, false].map((required) => [
      `${type}_${required}`,
      { type, string: type, required, selection: [['a', 'A']] satisfies [unknown, string][], relation: 'x.line' },
    ]),
  ),
);
const described: Described = {
  models: [
    { model: 'x.thing', label: 'Thing', rights: all, fields },
    { model: 'x.types', label: 'Types', rights: all, fields: fieldsOfAllTypes },
  ],
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
  test('has no dangling references', () => {
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

  test('has a path for every route of the sidecar except those for operators, people and agents', () => {
    const dir = join(import.meta.dirname, '../../sidecar/src/routes');
    const routes = readdirSync(dir).flatMap((file) =>
      [...readFileSync(join(dir, file), 'utf8').matchAll(/path: '(\/[^']+)'/g)].map(([, path = '']) => path),
    );
    const others = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/docs',
      '/api/docs/:file',
      '/api/docs/login',
      '/api/client.tgz',
      '/api/openapi.json',
      '/api/identify',
      '/mcp',
      '/api/oauth/authorize',
      '/api/oauth/register',
      // Odoo itself describes its own protocols.
      '/jsonrpc',
      '/web/webclient/version_info',
      '/json/2/:model/:method',
      '/doc-bearer/:model.json',
    ];
    const expected = routes.filter((path) => !others.includes(path)).map((path) => path.replaceAll(/:(\w+)/g, '{$1}'));
    expect(expected.length).toBeGreaterThan(12);
    expect([...new Set(expected)].filter((path) => paths[path] === undefined)).toEqual([]);
  });
});

describe('the document allows exactly the headers that are accepted', () => {
  const readers: Record<string, (context: RequestContext) => unknown> = {
    'X-Odoo-Company': ({ asked }) => callContext(asked.headers),
    'X-Odoo-Timezone': ({ asked }) => callContext(asked.headers),
    'X-Odoo-Language': ({ asked }) => callContext(asked.headers),
    'Accept-Language': ({ asked }) => callContext(asked.headers),
    'Idempotency-Key': idempotencyToken,
    'If-Match': (context) => ifMatch(context, undefined),
    'If-None-Match': (context) => isKnown(context, ''),
    Prefer: takePreferences,
  };
  const values = [
    ...['', '0', '1', '1,2', '1 , 2', '1,', '1234567890', 'a', 'a b', 'a,b', 'a'.repeat(41), 'a'.repeat(65), 'a'.repeat(256)],
    ...['fr-FR', 'fr_FR', 'fr-', '-fr', 'fr--FR', 'sr@latin', 'fr_FR.UTF-8', 'fr, en;q=0.5', 'Europe/Paris', 'Etc/GMT+1', '\xe9'],
    ...['*', '* ,*', '"a"', 'W/"a"', '"a", W/"b"', '"a" ,"b"', '"a"b', '"a', '""', '"a b"', `"${'0'.repeat(129)}"`],
    ...[Array(20).fill('"a"').join(), Array(21).fill('"a"').join()],
    ...['tx=rollback', 'notify=none,tx=rollback', 'tx=commit', 'respond-async', 'handling=lenient; a="b"', 'tx = rollback'],
  ];
  const { parameters } = document['components'] as {
    parameters: Record<string, { name: string; in: string; schema: { pattern: string; maxLength?: number } }>;
  };
  const headers = Object.values(parameters).filter((parameter) => parameter.in === 'header');

  test.each(headers.map((header) => [header.name, header] as const))('%s', (name, { schema }) => {
    const isAccepted = (value: string) => {
      const asked = { url: '/x', headers: { [name.toLowerCase()]: value } };
      const context = { asked, request: { method: 'PUT', path: '/x' }, principal: { consumer: 'key:1' }, headers: [] };
      try {
        readers[name]?.(context as unknown as RequestContext);
        return true;
      } catch {
        return false;
      }
    };
    const isAllowed = (value: string) => new RegExp(schema.pattern).test(value) && value.length <= (schema.maxLength ?? Infinity);
    expect(readers[name]).toBeDefined();
    expect(values.filter(isAllowed)).toEqual(values.filter(isAccepted));
  });
});

/** Every schema of a document with its path. */
function schemasOf(value: unknown, at = '', isSchema = false): [string, Record<string, unknown>][] {
  if (Array.isArray(value)) return value.flatMap((item, i) => schemasOf(item, `${at}/${i}`, isSchema));
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([name, child]) => {
    const here = `${at}/${name}`;
    if (name === 'example' || name === 'enum') return [];
    const hasNames = ['properties', 'patternProperties', 'schemas'].includes(name) && (name === 'schemas' || isSchema);
    if (hasNames) return Object.entries(child).flatMap(([key, schema]) => schemasOf(schema, `${here}/${key}`, true));
    const leads = ['items', 'additionalProperties', 'anyOf', 'oneOf', 'allOf'].includes(name) && isSchema;
    return schemasOf(child, here, leads || name === 'schema');
  });
  return isSchema && !Array.isArray(value) ? [[at, value as Record<string, unknown>], ...inner] : inner;
}

const typesOf = ({ type }: Record<string, unknown>): string[] => [type ?? []].flat() as string[];

describe.each([
  ['3.1', document],
  ['3.0', asOpenApi30(document)],
])('OpenAPI %s contains nothing that breaks client generators', (version, tried) => {
  const found = schemasOf(tried);
  const where = (isWrong: (schema: Record<string, unknown>) => boolean) =>
    found.filter(([, schema]) => isWrong(schema)).map(([at]) => at);

  test('every schema is checked', () => {
    expect(found.length).toBeGreaterThan(300);
    expect(found.map(([at]) => at)).toContain('/components/schemas/x.types-Values/properties/one2many_true');
  });

  test('arrays state the type of their items', () => {
    expect(where((schema) => typesOf(schema).includes('array') && schema['items'] === undefined)).toEqual([]);
  });

  test('a schema has one type, and may also be null; no schema is only null', () => {
    expect(
      where((schema) => schema['type'] !== undefined && typesOf(schema).filter((type) => type !== 'null').length !== 1),
    ).toEqual([]);
  });

  test('a schema that becomes a type has no title, because labels differ by language and may occur twice', () => {
    const becomesType = (schema: Record<string, unknown>) =>
      ['enum', 'items', 'properties', 'anyOf', 'oneOf', 'allOf', '$ref'].some((word) => word in schema);
    expect(where((schema) => 'title' in schema && becomesType(schema))).toEqual([]);
  });

  test('no list of required fields is empty', () => {
    expect(where(({ required }) => Array.isArray(required) && required.length === 0)).toEqual([]);
  });

  test('objects without named fields accept any field', () => {
    const isBare = (schema: Record<string, unknown>) =>
      typesOf(schema).includes('object') && schema['properties'] === undefined && schema['additionalProperties'] === undefined;
    expect(where((schema) => isBare(schema) && schema['patternProperties'] === undefined)).toEqual([]);
  });

  test('parameters and headers are of one type, and strings in headers have a pattern', () => {
    const { parameters, headers } = tried['components'] as Record<string, Record<string, Record<string, unknown>>>;
    const entries = [...Object.entries(parameters ?? {}), ...Object.entries(headers ?? {})];
    expect(entries.length).toBeGreaterThan(20);
    for (const [name, entry] of entries) {
      const schema = entry['schema'] as Record<string, unknown>;
      if (schema['$ref'] === undefined) expect([name, typeof schema['type']]).toEqual([name, 'string']);
      const inHeader = headers?.[name] !== undefined || entry['in'] === 'header';
      if (inHeader && schema['type'] === 'string') expect([name, schema['pattern']]).toEqual([name, expect.any(String)]);
    }
  });

  test('ids of operations and names of components stay distinct as names of functions and types', () => {
    const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    const ids = Object.values(paths).flatMap((path) => Object.values(path).flatMap(({ operationId }) => operationId ?? []));
    expect(ids.filter((id) => !/^[A-Za-z0-9._]+$/.test(id))).toEqual([]);
    expect(new Set(ids.map(plain)).size).toBe(ids.length);
    const { securitySchemes: _, ...components } = tried['components'] as Record<string, object>;
    const names = Object.values(components).flatMap(Object.keys);
    const twins = names.filter((name) => names.some((other) => other !== name && plain(other) === plain(name)));
    // Types with such names would collide with the generated client's own name, or are not valid names in strict JavaScript.
    expect([...twins, ...names.filter((name) => ['Client', 'Arguments'].includes(name))]).toEqual([]);
  });

  test('the token endpoint is a complete address, and a path lists every method that the sidecar accepts', () => {
    expect(JSON.stringify(tried)).toContain('"tokenUrl":"https://gateway.example/api/oauth/token"');
    expect(Object.keys((tried['paths'] as typeof paths)['/api/oauth/clients'] ?? {}).sort()).toEqual(['delete', 'get', 'post']);
  });

  test('only keywords of its version are used', () => {
    const newer = ['const', 'examples', 'contentEncoding', 'contentMediaType', 'patternProperties'];
    expect(tried['openapi']).toBe(version === '3.0' ? '3.0.3' : '3.1.1');
    if (version === '3.0') {
      const { license } = tried['info'] as { license: object };
      expect(license).toEqual({ name: 'LGPL-3.0-only', url: 'https://spdx.org/licenses/LGPL-3.0-only.html' });
      expect(where((schema) => Array.isArray(schema['type']) || newer.some((word) => word in schema))).toEqual([]);
      expect(where((schema) => '$ref' in schema && Object.keys(schema).length > 1)).toEqual([]);
      expect(where((schema) => schema['nullable'] === true && schema['type'] === undefined)).toEqual([]);
    } else {
      expect(where((schema) => 'nullable' in schema)).toEqual([]);
    }
  });
});

describe('fields', () => {
  test('fields that Odoo fills in are not required', () => {
    expect(requiredOf(fields)).toEqual(['name']);
  });

  test('read-only fields are not among the values to write', () => {
    expect(Object.keys(valuesSchema(fields)['properties'] as object)).toEqual(['name', 'company_id', 'line_ids']);
  });

  test('choices are shown with their labels as text', () => {
    const { state } = recordSchema(fields)['properties'] as Record<string, { enum: unknown; description: string }>;
    expect(state?.enum).toEqual(['draft', null]);
    expect(state?.description).toBe('State. `draft` \\`Draft\\` &lt;b&gt;.');
  });
});

describe("users' text", () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['[a](javascript:alert(1))', '\\[a\\](javascript:alert(1))'],
    ['![i](http://evil.example/i.png)', '\\!\\[i\\](http:&#47;&#47;evil.example/i.png)'],
    ['line\n# heading\n| a | b |', 'line \\# heading \\| a \\| b \\|'],
    ['&lt;script&gt;', '&amp;lt;script&amp;gt;'],
    ['see www.evil.example or a@evil.example', 'see www&#46;evil.example or a&#64;evil.example'],
  ])('%j is shown literally', (text, escaped) => {
    expect(asMarkdown(text)).toBe(escaped);
  });

  test('a very long string is cut', () => {
    expect(asMarkdown('x'.repeat(10_000))).toHaveLength(400);
  });
});
