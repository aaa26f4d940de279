import { expect, test } from 'vitest';
import type { Resource } from '../../sidecar/src/db/resources.ts';
import { publicPaths } from '../../sidecar/src/records/resources.ts';

const field = (name: string, of: string, nested: unknown = null) => ({ name, field: of, read: true, write: true, nested });
const resource = {
  fields: [field('total', 'amount_total'), field('lines', 'order_line', { fields: [field('sum', 'price_subtotal')] })],
} as unknown as Resource;

test.each([
  ['amount_total', 'total'],
  ['order_line[2].price_subtotal', 'lines[2].sum'],
  ['order_line.set.price_subtotal', 'lines.set.sum'],
  ['order_line[0].id', 'lines[0].id'],
  ['display_name', 'display_name'],
])('%s of the model is %s of the resource', (path, name) => {
  expect(publicPaths(resource, [path])).toEqual([name]);
});
