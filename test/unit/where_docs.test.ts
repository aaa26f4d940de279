import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rootDir } from '../../scripts/stack/paths.mjs';

test('each file and folder named in docs/where.md exists', () => {
  const rows = readFileSync(join(rootDir, 'docs/where.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'))
    .map((line) => line.split('|'));
  const named = (cell = '', dir: string) =>
    [...cell.matchAll(/`([\w/]+(?:\.(?:ts|py|sql)|\/))`/g)].map(([, path = '']) =>
      /^(web_src|client)\//.test(path) ? path : join(dir, path),
    );
  const paths = rows.flatMap(([, , sidecar, addon]) => [
    ...named(sidecar, 'sidecar/src'),
    ...named(addon, 'odoo_addon/api_gateway'),
  ]);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(rootDir, path)))).toEqual([]);
});
