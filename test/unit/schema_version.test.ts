import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { schemaVersion } from '../../sidecar/src/db/schema_version.ts';

test("the sidecar supports the addon's last migration", () => {
  const folder = join(import.meta.dirname, '../../odoo_addon/api_gateway/sql');
  const numbers = readdirSync(folder).map((file) => Number(file.slice(0, 3)));
  expect(schemaVersion).toBe(Math.max(...numbers));
});
