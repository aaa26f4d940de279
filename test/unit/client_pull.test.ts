// The types that `pull` writes, and the differences that `--check` names.

import { execFileSync } from 'node:child_process';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { differences } from '../../client/src/pull/differences.ts';
import { namesOf } from '../../client/src/pull/names.ts';
import { pythonFiles } from '../../client/src/pull/python.ts';
import type { Field } from '../../client/src/pull/schema.ts';
import { essencesOf, hashOf } from '../../client/src/pull/schema.ts';
import { typeScriptFiles } from '../../client/src/pull/typescript.ts';

const schemaOf = (fields: Record<string, Field>, label = 'Order') => ({ 'x.order': { label, fields } });
const origin = { url: 'https://gateway.example.com', hash: 'abc', client: 'odoo-gateway-client' };
const choices = (...values: string[]): Field => ({
  type: 'selection',
  selection: values.map((value) => [value, value] as const),
});

test.each<[name: string, was: Field | undefined, is: Field | undefined, line: string]>([
  ['a field that is gone', { type: 'char' }, undefined, 'x.order.f is gone, or this key may no longer read it'],
  ['a new field', undefined, { type: 'char' }, 'x.order.f is new (char)'],
  ['another type', { type: 'char' }, { type: 'many2one', relation: 'x' }, 'x.order.f was char and is many2one (x) now'],
  [
    'another model',
    { type: 'many2one', relation: 'x' },
    { type: 'many2one', relation: 'y' },
    'x.order.f pointed to x and now points to y',
  ],
  ['a choice that is gone', choices('a', 'b'), choices('a'), 'x.order.f no longer has the choice "b"'],
  ['a new choice', choices('a'), choices('a', 'b'), 'x.order.f has the new choice "b"'],
  ['a required field', { type: 'char' }, { type: 'char', required: true }, 'x.order.f is required now'],
  ['a read-only field', { type: 'char' }, { type: 'char', readonly: true }, 'x.order.f is read-only now'],
  ['a computed field', { type: 'char' }, { type: 'char', store: false }, 'x.order.f is no longer stored'],
])('a difference: %s', (_name, was, is, line) => {
  const of = (field: Field | undefined) => essencesOf(schemaOf(field === undefined ? {} : { f: field }));
  expect(differences(of(was), of(is))).toEqual([line]);
  expect(hashOf(of(was))).not.toBe(hashOf(of(is)));
});

test('labels, help and choices that depend on the data do not count as differences', () => {
  const vary = { ...choices('a'), choices_vary: true };
  const [one, other] = [
    schemaOf({ f: { type: 'char', string: 'Name' }, v: vary }),
    schemaOf({ f: { type: 'char', string: 'Nom', help: 'x' }, v: { ...choices('b'), choices_vary: true } }, 'Commande'),
  ].map(essencesOf);
  expect([differences(one ?? {}, other ?? {}), hashOf(one ?? {})]).toEqual([[], hashOf(other ?? {})]);
});

test('a removed model is reported in one line', () => {
  const was = essencesOf(schemaOf({ f: { type: 'char' } }));
  expect(differences(was, {})).toEqual(['x.order is gone, or this key may no longer read it']);
});

test("users' text stays in comments and literals", () => {
  const hostile = "*/ alert(1) /* '`\n\u2028*/";
  const field = { type: 'selection', string: hostile, help: hostile, selection: [[`a' | "b`, hostile]] } as const;
  const text = typeScriptFiles(schemaOf({ f: field }, hostile), origin).get('x_order.ts') ?? '';
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, '').replaceAll(/^\/\/.*$/gm, '');
  expect(code).not.toContain('alert');
  expect(code).toContain(`export type XOrder_f = "a' | \\"b";`);
});

const clientFiles = ['client.py', 'errors.py', 'exchange.py', 'files.py', 'query.py', 'records.py'];

test("users' text stays in comments and literals in Python, too", () => {
  const hostile = '""" x = 1 \n\r\f\u0085\u2028y = 2 \\" \\N{x}';
  const selection = [[`a' | "b\\`, hostile]] as const;
  const fields: Record<string, Field> = {
    f: { type: 'selection', string: hostile, help: hostile, selection },
    __hidden: { type: 'char' },
    partner_id: { type: 'many2one', relation: 'x.order', required: true },
  };
  const files = pythonFiles(schemaOf(fields, hostile), origin);
  const names = 'sorted(n.target.id for n in ast.walk(ast.parse(sys.stdin.read())) if isinstance(n, ast.AnnAssign))';
  const input = files.get('x_order.py') ?? '';
  const found = execFileSync('/usr/bin/python3', ['-c', `import ast, sys; print(*${names})`], { input, encoding: 'utf8' });
  expect(found.trim()).toBe('f f id partner_id partner_id partner_id');
  expect([...files.keys()]).toEqual([...clientFiles, 'x_order.py', '__init__.py', 'py.typed']);
});

test('a hostile gateway cannot put code into the files', () => {
  const hostile = `char'; process.exit(); const x: '` as 'char';
  const fields = { f: { type: hostile, relation: hostile, relation_field: hostile } };
  const text = typeScriptFiles(schemaOf(fields), origin).get('x_order.ts') ?? '';
  // Types are removed when they are compiled, so no code is left.
  expect(transformSync(text, { loader: 'ts' }).code).toBe('');
  const values = [['a', 'A'] as const, [Number.NaN, 'B'] as const];
  const python = pythonFiles(schemaOf({ f: { type: 'selection', selection: values } }), origin).get('x_order.py') ?? '';
  expect(python).toContain('f: Optional[str]');
});

test('keywords of Python are not used as names of members or files', () => {
  const fields: Record<string, Field> = {
    class: { type: 'char' },
    from: { type: 'char' },
    None: { type: 'char' },
    f: { type: 'char' },
  };
  const described = { label: 'x', fields };
  const files = pythonFiles({ import: described, batch: described, 'x.order': described }, origin);
  expect([...files.keys()]).toEqual([...clientFiles, 'import_2.py', 'batch_2.py', 'x_order.py', '__init__.py', 'py.typed']);
  for (const text of files.values())
    execFileSync('/usr/bin/python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: text });
});

test('a field named like a property of every object, such as "constructor", is compared like other fields', () => {
  const [was, is] = [{ constructor: { type: 'char' } }, {}].map((fields) =>
    essencesOf(schemaOf(fields as Record<string, Field>)),
  );
  expect(differences(was ?? {}, is ?? {})).toEqual(['x.order.constructor is gone, or this key may no longer read it']);
});

test('a field named like a method of every object, such as "toString", is optional in the TypeScript files', () => {
  const files = typeScriptFiles(schemaOf({ toString: { type: 'integer' }, name: { type: 'char' } }), origin);
  const text = files.get('x_order.ts');
  expect(text).toMatch(/interface XOrderUpdate \{\n {2}toString\?: unknown;\n {2}name\?: string \| null;/);
  expect(text).toMatch(/interface XOrderFilter \{\n.*\n {2}toString\?: unknown;\n {2}name\?: TextIs;/);
});

test('the order of choices does not count as a difference', () => {
  const [one, other] = [choices('b', 'a'), choices('a', 'b')].map((f) => hashOf(essencesOf(schemaOf({ f }))));
  expect(one).toBe(other);
});

test('models whose names differ only in a dot get files of their own', () => {
  const files = [...namesOf(['x.order', 'x_order', 'x.Order', 'index']).values()].map(({ file }) => file);
  expect(files).toEqual(['x_order', 'x_order_2', 'x_order_3', 'index_2']);
});
