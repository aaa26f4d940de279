import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rootDir } from '../../scripts/stack/paths.mjs';
import { steps } from '../../sidecar/src/pipeline/steps.ts';

test('docs/architecture.md shows the real steps of a request', () => {
  const [, section = ''] = readFileSync(join(rootDir, 'docs/architecture.md'), 'utf8').split('## The steps of a request\n');
  const [, shown = ''] = /`([^`]+)`/.exec(section) ?? [];
  expect(shown.split(' → ')).toEqual([...steps]);
});
