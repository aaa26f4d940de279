// A typed client, generated from the document of a running gateway, creates, reads, changes and deletes a record. It is first
// compiled strictly, so its requests and answers have the types of the document.

import createClient from 'openapi-fetch';
import type { paths } from './schema.d.ts';

const { GATEWAY = '', KEY = '' } = process.env;
const client = createClient<paths, 'application/json'>({ baseUrl: GATEWAY, headers: { 'X-API-Key': KEY } });

function must<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`${what} is missing`);
  return value;
}

const created = await client.POST('/api/v1/res.partner', {
  params: { query: { fields: 'name,email,country_id' } },
  body: { name: 'Typed Client', email: 'typed@example.com', is_company: true, comment: null },
});
if (created.error) throw new Error(created.error.error.message);
const record = created.data.data;
if (Array.isArray(record)) throw new Error('one record was asked for');
const { id } = record;
const name: string | null | undefined = record.name;

const changed = await client.PATCH('/api/v1/res.partner/{id}', {
  params: { path: { id } },
  body: { phone: '+32 2 290 34 90', child_ids: [{ name: 'Child of a typed client', type: 'contact' }] },
});
if (changed.error) throw new Error(changed.error.error.message);

const read = await client.GET('/api/v1/res.partner/{id}', {
  params: { path: { id }, query: { fields: 'name,phone,child_ids' } },
});
const phone: string | null | undefined = must(read.data, 'the record').data.phone;
const children = must(must(read.data, 'the record').data.child_ids, 'child_ids').length;

const listed = await client.GET('/api/v1/res.partner', {
  params: { query: { filter: { email: 'typed@example.com' }, limit: 5, count: 'exact' } },
});
const total: number | undefined = must(listed.data, 'the list').meta.total;

const order = await client.POST('/api/v1/customers', { body: { name: 'Typed Customer', email: 'customer@example.com' } });
const customer = must(order.data, 'the customer').data.id;
await client.DELETE('/api/v1/customers/{id}', { params: { path: { id: customer } } });

const removed = await client.DELETE('/api/v1/res.partner/{id}', { params: { path: { id } } });
const gone = await client.GET('/api/v1/res.partner/{id}', { params: { path: { id } } });
const reason = gone.error?.error.reason;
if (reason !== 'odoo.missing') throw new Error(`still there: ${reason}`);

console.log(JSON.stringify({ name, phone, children, total, removed: removed.data?.data.id === id }));
