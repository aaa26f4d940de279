// Resources: the requests and replies that integrations rely on, with real products, orders, customers and projects.

import { describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();
const { admin, demo } = gateway.keys;

type Row = Record<string, unknown>;
const post = (path: string, body: unknown, key = admin) => gateway.post(path, body, { key });

async function productId(): Promise<number> {
  const [product] = await gateway.orm<Row[]>('product.product', 'search_read', { domain: [], fields: ['id'], limit: 1 }, admin);
  return product?.['id'] as number;
}

describe('products', () => {
  test('are created from the documented request', async () => {
    const answer = await post('/api/v1/products', {
      name: 'Wireless Keyboard',
      default_code: 'KB001',
      list_price: 79.99,
      categ_id: 1,
      description_sale: 'Ergonomic wireless keyboard',
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      success: true,
      message: 'Product created successfully',
      data: { name: 'Wireless Keyboard', default_code: 'KB001', list_price: 79.99, categ_id: { id: 1 }, active: true },
    });
    expect(answer.headers.get('location')).toBe(`${gateway.url}/api/v1/products/${answer.json.data.id}`);
  });

  test('a product of the type "product" becomes goods', async () => {
    const answer = await post('/api/v1/products', { name: 'Stored', type: 'product' });
    const [stored] = await gateway.orm<Row[]>(
      'product.template',
      'search_read',
      { domain: [['id', '=', answer.json.data.id]], fields: ['type'] },
      admin,
    );
    expect(stored).toMatchObject({ type: 'consu' });
  });

  test('a product without a name is refused with the documented message', async () => {
    const answer = await post('/api/v1/products', { list_price: 1 });
    expect([answer.status, answer.json.error.code, answer.json.error.message]).toEqual([
      400,
      400,
      'Missing required field: name',
    ]);
  });

  test('unknown fields are ignored, and reported', async () => {
    const answer = await post('/api/v1/products', { name: 'Ignoring', colour: 'red' });
    expect(answer.json.meta).toEqual({ ignored: ['colour'] });
  });

  test('are listed, ordered and filtered under their public names, changed and deleted', async () => {
    const created = await post('/api/v1/products', { name: 'Zzz last', default_code: 'ZZZ' });
    const path = `/api/v1/products/${created.json.data.id}`;
    const listed = await gateway.get('/api/v1/products?filter[default_code]=ZZZ&order=name desc&limit=1&fields=name', {
      key: admin,
    });
    expect(listed.json.data).toEqual([{ id: created.json.data.id, name: 'Zzz last' }]);
    const headers = { 'Content-Type': 'application/json' };
    const changed = await gateway.request('PUT', path, { key: admin, headers, body: '{"list_price": 5}' });
    expect(changed.json).toMatchObject({ message: 'Product updated successfully', data: { list_price: 5 } });
    const removed = await gateway.request('DELETE', path, { key: admin });
    expect(removed.json).toMatchObject({ message: 'Product deleted successfully', data: { id: created.json.data.id } });
    expect((await gateway.get(path, { key: admin })).status).toBe(404);
  });
});

describe('orders', () => {
  test('are created with their lines', async () => {
    const product = await productId();
    const answer = await post('/api/v1/orders', {
      partner_id: 3,
      order_lines: [
        { product_id: product, product_qty: 2, price_unit: 99.99 },
        { product_id: product, product_qty: 1, price_unit: 79.99 },
      ],
      notes: 'Ring twice',
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      message: 'Order created successfully',
      data: { partner_id: { id: 3 }, state: 'draft', order_lines: [{ product_id: { id: product }, qty: 2 }, { qty: 1 }] },
    });
    const [order] = await gateway.orm<Row[]>(
      'sale.order',
      'search_read',
      { domain: [['id', '=', answer.json.data.id]], fields: ['note'] },
      admin,
    );
    expect(order?.['note']).toContain('Ring twice');
  });

  test.each([
    [{ partner_id: 3 }, 400, 'order_lines'],
    [{ order_lines: [{ product_id: 1 }] }, 400, 'partner_id'],
    [{ partner_id: 3, order_lines: [{ product_qty: 1 }] }, 400, 'order_lines[0].product_id'],
    [{ partner_id: 999_999, order_lines: [{ product_id: 1 }] }, 422, 'partner_id'],
    [{ partner_id: 3, order_lines: [{ product_id: 999_999 }] }, 422, 'product_id'],
  ])('an order from %j is refused, and the field is named', async (body, status, field) => {
    const answer = await post('/api/v1/orders', body);
    expect([answer.status, answer.json.error.details.field]).toEqual([status, field]);
  });

  test('orders stay closed to users without rights in Sales', async () => {
    expect((await gateway.get('/api/v1/orders', { key: demo })).status).toBe(403);
  });
});

describe('customers', () => {
  test('are created from the documented request', async () => {
    const answer = await post('/api/v1/customers', {
      name: 'Jane Smith',
      email: 'jane@example.com',
      phone: '+1-555-0123',
      street: '123 Main St',
      country_id: 1,
      is_company: false,
    });
    expect(answer.json).toMatchObject({
      success: true,
      message: 'Customer created successfully',
      data: {
        name: 'Jane Smith',
        email: 'jane@example.com',
        street: '123 Main St',
        country_id: { id: 1 },
        is_company: false,
        active: true,
      },
    });
  });

  test('a customer needs a well-formed e-mail address', async () => {
    const answer = await post('/api/v1/customers', { name: 'Jane', email: 'jane at example' });
    expect([answer.status, answer.json.error.details.field]).toEqual([422, 'email']);
  });
});

test('a project is created as documented', async () => {
  const answer = await post('/api/project/create', { project_name: 'New Mobile Initiative', project_description: 'Details' });
  expect([answer.status, answer.json]).toEqual([
    201,
    { message: 'Project created successfully.', project_id: expect.any(Number) },
  ]);
});

test('a resource of an app that is not installed names the app', async () => {
  await gateway.sql("update gateway_resource set model_name = 'no.such.model', app_name = 'Inventory' where name = 'projects'");
  const answer = await untilStatus(404, () => gateway.get('/api/v1/projects', { key: admin }));
  expect(answer.json.error).toMatchObject({ reason: 'resource.unavailable', message: expect.stringContaining('Inventory') });
});

async function untilStatus(status: number, ask: () => ReturnType<typeof gateway.get>): ReturnType<typeof gateway.get> {
  const end = Date.now() + 5_000;
  let answer = await ask();
  while (answer.status !== status && Date.now() < end) answer = await ask();
  return answer;
}
