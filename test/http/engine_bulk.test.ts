// Many records at once: a thousand in one request, and a page of orders with all their lines.

import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin } = gateway.keys;

test('a thousand partners are created by one request, all or none', { timeout: 120_000 }, async () => {
  const partners = Array.from({ length: 1_000 }, (_, n) => ({
    name: `Bulk ${n}`,
    email: `bulk${n}@example.com`,
    phone: `+32 2 555 ${n}`,
    city: 'Ghent',
    zip: '9000',
  }));
  const named = () => gateway.orm<number>('res.partner', 'search_count', { domain: [['name', '=like', 'Bulk %']] });
  const broken = await gateway.post('/api/v1/res.partner', [...partners, { email: 'nameless' }], { key: admin });
  expect([broken.status, await named()]).toEqual([422, 0]);
  const created = await gateway.post('/api/v1/res.partner', partners, { key: admin });
  expect([created.status, created.json.meta.count, await named()]).toEqual([201, 1_000, 1_000]);
  const ids = created.json.data.map(({ id }: { id: number }) => id);
  const rows = await gateway.orm<{ name: string }[]>('res.partner', 'read', { ids, fields: ['name'] });
  expect(rows.map(({ name }) => name)).toEqual(partners.map(({ name }) => name));
});

test('80 orders with their lines and products take as many statements as 8 orders', { timeout: 120_000 }, async () => {
  const products = await gateway.orm<number[]>('product.product', 'search', { domain: [['sale_ok', '=', true]], limit: 20 });
  const line = (n: number) => [0, 0, { product_id: products[n % products.length], product_uom_qty: 1 + (n % 3) }];
  await gateway.orm('sale.order', 'create', {
    vals_list: Array.from({ length: 80 }, (_, n) => ({
      partner_id: 3,
      client_order_ref: 'bulk',
      order_line: [line(n), line(n + 7)],
    })),
  });
  await gateway.sql(`update gateway.setting set value = '"metadata"' where name = 'log.level'`);
  await gateway.sql(`update gateway.setting set value = 'false' where name = 'compiled.enabled'`);
  const fields = 'name,partner_id.email,order_line.product_id.default_code,order_line.product_id.product_tmpl_id.name';
  // Returns the minimum of five answers, because a worker of Odoo fills its caches with its first answer.
  const statements = async (limit: number): Promise<number> => {
    const path = `/api/v1/sale.order?filter[client_order_ref]=bulk&fields=${fields}&limit=${limit}`;
    const asked: (string | null)[] = [];
    let counts: number[] = [];
    await until(`five logged answers of ${limit} orders`, async () => {
      const answer = await gateway.get(path, { key: admin });
      asked.push(answer.headers.get('x-request-id'));
      expect(answer.json.data).toHaveLength(limit);
      for (const order of answer.json.data) {
        expect(order.order_line).toHaveLength(2);
        expect(order.order_line[1].product_id.product_tmpl_id.name).toEqual(expect.any(String));
      }
      const rows = await gateway.sql<{ sql_count: number }>(
        'select sql_count from gateway.request_log where request_id = any($1) and way like $2',
        [asked, 'odoo:%'],
      );
      counts = rows.map(({ sql_count }) => sql_count);
      return counts.length >= 5;
    });
    return Math.min(...counts);
  };
  const few = await statements(8);
  expect(await statements(80)).toBe(few);
  expect(few).toBeLessThan(20);
});
