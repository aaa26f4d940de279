import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const named = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '').sort();

const rows = read('docs/settings.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'));
const documented = named(rows.map((line) => line.split(' | ')[0]).join('\n'), /`([^`]+)`/g);
const sqlDir = 'odoo_addon/api_gateway/sql';
const sql = readdirSync(join(root, sqlDir)).map((file) => read(join(sqlDir, file)));
const inserted = sql.flatMap((text) =>
  named(
    [...text.matchAll(/insert into gateway\.setting \(name, value, default_value\) values\n([^;]+);/g)]
      .map((match) => match[1])
      .join('\n'),
    /^\s+\('([^']+)',/gm,
  ),
);

test('docs/settings.md has every setting that a migration brings, and no other', () => {
  expect(inserted.length).toBeGreaterThan(40);
  expect(documented).toEqual(inserted.sort());
});

test('every setting of the sidecar has a default in the database', () => {
  const parsed = named(read('sidecar/src/db/settings.ts'), /^ {2}'([\w.]+)':/gm);
  expect(parsed.length).toBeGreaterThan(20);
  expect(inserted).toEqual(expect.arrayContaining(parsed));
});
