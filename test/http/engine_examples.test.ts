// The requests of the product's first documentation, sent with curl as written, except for hosts, keys and ids.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const execute = promisify(execFile);
const key = gateway.keys.admin;
let token = '';
let product = 0;
let category = 0;

/** @param command as typed in a shell */
async function shell(command: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const { stdout } = await execute('sh', ['-c', command.replace('curl ', "curl -s -w '\\n%{http_code}' ")]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), json: JSON.parse(stdout.slice(0, end)) };
}

beforeAll(async () => {
  const exchanged = await shell(
    `curl -X POST ${gateway.url}/auth/token/apikey -H "X-Odoo-Database: ${gateway.database}" -H "X-API-Key: ${key}"`,
  );
  token = String(exchanged.json['access_token']);
  [product = 0] = await gateway.orm<number[]>('product.product', 'search', { domain: [['sale_ok', '=', true]], limit: 1 });
  [category = 0] = await gateway.orm<number[]>('product.category', 'search', { domain: [], limit: 1 });
});

test('create a product with a token', async () => {
  const { status, json } = await shell(`curl -X POST ${gateway.url}/api/v1/products \\
  -H "Authorization: Bearer ${token}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "Wireless Keyboard",
    "default_code": "KB001",
    "list_price": 79.99,
    "categ_id": ${category},
    "description_sale": "Ergonomic wireless keyboard"
  }'`);
  expect(status).toBe(201);
  expect(json).toMatchObject({
    success: true,
    data: {
      id: expect.any(Number),
      name: 'Wireless Keyboard',
      default_code: 'KB001',
      list_price: 79.99,
      categ_id: { id: category, name: expect.any(String) },
      active: true,
    },
    message: 'Product created successfully',
  });
});

test('create an order with an API key', async () => {
  const { status, json } = await shell(`curl -X POST ${gateway.url}/api/v1/orders \\
  -H "X-API-Key: ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "partner_id": 3,
    "order_lines": [
      {
        "product_id": ${product},
        "product_qty": 2,
        "price_unit": 99.99
      },
      {
        "product_id": ${product},
        "product_qty": 1,
        "price_unit": 79.99
      }
    ]
  }'`);
  expect(status).toBe(201);
  expect(json).toMatchObject({
    success: true,
    data: {
      id: expect.any(Number),
      partner_id: { id: 3, name: expect.any(String) },
      amount_total: expect.any(Number),
      state: 'draft',
      order_lines: [
        { id: expect.any(Number), product_id: { id: product, name: expect.any(String) }, qty: 2 },
        { id: expect.any(Number), product_id: { id: product }, qty: 1 },
      ],
    },
    message: 'Order created successfully',
  });
});

test('create a customer', async () => {
  const { status, json } = await shell(`curl -X POST ${gateway.url}/api/v1/customers \\
  -H "Authorization: Bearer ${token}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "Jane Smith",
    "email": "jane@example.com",
    "phone": "+1-555-0123",
    "street": "123 Main St",
    "country_id": 1,
    "is_company": false
  }'`);
  expect(status).toBe(201);
  expect(json).toMatchObject({
    success: true,
    data: {
      id: expect.any(Number),
      name: 'Jane Smith',
      email: 'jane@example.com',
      phone: '+1-555-0123',
      street: '123 Main St',
      country_id: { id: 1, name: expect.any(String) },
      is_company: false,
      active: true,
    },
    message: 'Customer created successfully',
  });
});

describe('errors', () => {
  test.each([
    ['{"list_price": 1}', 'Missing required field: name'],
    ['{"name": ', 'Invalid JSON body'],
  ])('%s: 400 %s', async (body, message) => {
    const { status, json } = await shell(
      `curl -X POST ${gateway.url}/api/v1/products -H "X-API-Key: ${key}" -H "Content-Type: application/json" -d '${body}'`,
    );
    expect(status).toBe(400);
    expect(json).toMatchObject({ success: false, error: { code: 400, message } });
  });
});

test('read orders over /call', async () => {
  const { status, json } = await shell(`curl -X POST ${gateway.url}/call \\
  -H "Content-Type: application/json" \\
  -H "X-API-KEY: ${key}" \\
  -d '{
    "model": "sale.order",
    "method": "search_read",
    "args": [[]],
    "kwargs": { "limit": 5, "fields": ["name"] }
  }'`);
  expect(status).toBe(200);
  expect(json).toEqual({
    success: true,
    data: Array(5).fill({ id: expect.any(Number), name: expect.any(String) }),
  });
});

test('create a project with the token that a key was exchanged for', async () => {
  const { status, json } = await shell(`curl -X POST ${gateway.url}/api/project/create \\
  -H "X-Access-Token: ${token}" \\
  -H "Content-Type: application/json" \\
  -d '{ "project_name": "New Mobile Initiative", "project_description": "Details about this exciting new project." }'`);
  expect([status, json]).toEqual([201, { message: 'Project created successfully.', project_id: expect.any(Number) }]);
  const nobody = await shell(
    `curl -X POST ${gateway.url}/api/project/create -H "Content-Type: application/json" -d '{"project_name": "Test API Project"}'`,
  );
  expect(nobody.status).toBe(401);
  expect(JSON.stringify(nobody.json)).toContain('Missing access token');
});
