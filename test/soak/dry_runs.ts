// Every write of the product's first documentation, and each further kind of write, is tried out: the database must afterwards be
// what it was, byte for byte. Only sequences may have moved on: Postgres never rolls those back.
//
//   npm run soak -- dry_runs

import { execFileSync } from 'node:child_process';
import { say } from '../../scripts/stack/report.mjs';
import { postgresTool } from '../../scripts/stack/sql.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const key = gateway.keys.admin;

/** The rows of Odoo's tables, without the positions of sequences. */
function rows(): string[] {
  const text = execFileSync(postgresTool('pg_dump'), ['--schema=public', '--data-only', gateway.databaseUrl], {
    maxBuffer: 2 ** 31 - 1,
    encoding: 'utf8',
  });
  // Newer versions of pg_dump begin and end a dump with a random word.
  return text.split('\n').filter((line) => !/^(?:SELECT pg_catalog\.setval|\\(?:un)?restrict)/.test(line));
}

try {
  const first = async (model: string, domain: unknown[] = []) =>
    (await gateway.orm<number[]>(model, 'search', { domain, limit: 1 }))[0] ?? 0;
  const [product, category, draft, tax] = [
    await first('product.product', [['sale_ok', '=', true]]),
    await first('product.category'),
    await first('sale.order', [['state', '=', 'draft']]),
    await first('res.partner', [['parent_id', '!=', false]]),
  ];
  const partner = { name: 'Tried out', email: 'tried@example.com' };
  const lines = [{ product_id: product, product_qty: 2, price_unit: 99.99 }];
  const batch = [
    { id: 'azure', op: 'create', model: 'res.partner', values: partner },
    { id: 'order', op: 'create', model: 'sale.order', values: { partner_id: { $ref: 'azure.id' } } },
    { op: 'call', model: 'sale.order', method: 'action_confirm', ids: [{ $ref: 'order.id' }] },
  ];
  const writes: [method: string, path: string, body?: unknown][] = [
    ['POST', 'v1/products', { name: 'Wireless Keyboard', default_code: 'KB001', list_price: 79.99, categ_id: category }],
    ['POST', 'v1/orders', { partner_id: 3, order_lines: lines }],
    ['POST', 'v1/customers', partner],
    ['POST', 'project/create', { project_name: 'Tried out' }],
    ['POST', 'v1/res.partner', [partner, { name: 'Second' }]],
    ['PATCH', 'v1/res.partner/3', { city: 'Ghent' }],
    ['PUT', 'v1/res.partner/3', { city: 'Ghent' }],
    ['DELETE', `v1/res.partner/${tax}`],
    ['POST', `v1/sale.order/${draft}/action_confirm`, {}],
    ['POST', 'v1/res.partner/3/message_post', { kwargs: { body: 'Tried out', partner_ids: [3] } }],
    ['POST', 'v1/batch', batch],
    ['PUT', 'v1/res.partner/by/external_id/tried-1', partner],
    ['PUT', 'v1/res.partner/by/ref', [{ ref: 'tried-2', name: 'Tried out' }]],
    ['PATCH', 'v1/res.partner?filter[city][ne]=Nowhere&max_affected=10000', { street2: 'Tried out' }],
    ['DELETE', 'v1/crm.tag?domain=[]&max_affected=1000'],
    ['POST', 'v1/res.partner/3/attachments?name=tried.txt', 'tried out'],
    ['PUT', 'v1/res.partner/3/image_1920/content', Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')],
  ];
  const before = rows();
  let refused = 0;
  for (const [method, path, body] of writes) {
    const isFile = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await gateway.request(method, `/api/${path}`, {
      key,
      headers: { Prefer: 'tx=rollback', ...(isFile || body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    });
    if (answer.status === 200 && answer.headers.get('preference-applied') === 'tx=rollback') continue;
    refused += 1;
    say(`  ${method} ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
  }
  const after = rows();
  const known = new Set(before);
  const changed = after.filter((line) => !known.has(line));
  for (const line of changed.slice(0, 10)) say(`  new: ${line.slice(0, 200)}`);
  const isEqual = before.join('\n') === after.join('\n');
  if (!isEqual || refused > 0) process.exitCode = 1;
  report(
    'dry_runs',
    { writes: writes.length, refused, rows: before.length, changed: changed.length, equal: Number(isEqual) },
    {},
  );
} finally {
  await gateway.close();
}
