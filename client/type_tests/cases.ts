// What the compiler must accept and refuse, with types that were pulled from a real instance. Compiled by
// test/http/client.test.ts beside those types; never run. Each `// @ts-expect-error` is a case, and so is each `same`.

import type { Answer, Link, Reference } from 'odoo-gateway-client';
import { Gateway, GatewayError } from 'odoo-gateway-client';
import type { Models, ResPartnerRow, SaleOrder_state, SaleOrderCreate, SaleOrderRow } from './odoo/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Checks that both types are the same. `value` is only there to name a type. */
declare function same<A>(): <B>(value: B, ...fits: Same<A, B> extends true ? [] : [mismatch: { wanted: A; found: B }]) => void;

/** The first of a list. */
declare function first<T>(list: readonly T[]): T;

const gateway = new Gateway<Models>({ url: 'https://gateway.example.com', key: 'key' });
const orders = gateway.model('sale.order');
const partners = gateway.model('res.partner');

// Models
// @ts-expect-error there is no such model
gateway.model('sale.ordr');
// @ts-expect-error it was not pulled
gateway.model('crm.tag');

// The types of a list with fields
const listed = await orders.search({ fields: ['name', 'state', 'amount_total', 'date_order', 'validity_date'] });
same<number>()(first(listed.data).id);
same<string>()(first(listed.data).name);
same<SaleOrder_state | null>()(first(listed.data).state);
same<'draft' | 'sent' | 'sale' | 'cancel'>()('draft' as SaleOrder_state);
same<number>()(first(listed.data).amount_total);
same<string>()(first(listed.data).date_order);
same<string | null>()(first(listed.data).validity_date);
// @ts-expect-error it was not asked for
first(listed.data).note;
same<number | undefined>()(listed.meta.total);
const flags = await partners.search({ fields: ['is_company', 'child_ids', 'parent_id', 'image_128', 'country_id'] });
same<boolean>()(first(flags.data).is_company);
same<number[]>()(first(flags.data).child_ids);
same<Link | null>()(first(flags.data).parent_id);
same<string | null>()(first(flags.data).image_128);
const linked = await orders.search({ fields: ['partner_id', 'user_id'] });
same<Link>()(first(linked.data).partner_id);
same<Link | null>()(first(linked.data).user_id);

// Dots
const dotted = await orders.search({
  fields: [
    'partner_id.name',
    'partner_id.email',
    'order_line.product_id',
    'order_line.product_id.barcode',
    'user_id.partner_id.city',
  ],
});
const order = first(dotted.data);
same<number>()(order.partner_id.id);
same<string | null>()(order.partner_id.name);
// A rule of Odoo may hide the record: then it has only its id and name.
same<string | null | undefined>()(order.partner_id.email);
same<number>()(first(order.order_line).id);
same<number | undefined>()(first(order.order_line).product_id?.id);
same<string | null | undefined>()(first(order.order_line).product_id?.barcode);
same<string | null | undefined>()(order.user_id?.partner_id?.city);
// @ts-expect-error an optional relation may be empty
order.user_id.id;
// @ts-expect-error only its fields that were asked for
order.partner_id.city;
// @ts-expect-error there is no such field
orders.search({ fields: ['nme'] });
// @ts-expect-error behind the relation there is no such field
orders.search({ fields: ['partner_id.nme'] });
// @ts-expect-error behind two relations there is no such field
orders.search({ fields: ['order_line.product_id.nme'] });
// @ts-expect-error a string field leads nowhere
orders.search({ fields: ['name.length'] });
// @ts-expect-error the model behind it was not pulled
orders.search({ fields: ['tag_ids.name'] });

// One record, and records without `fields`
const whole = await orders.get(7);
same<SaleOrderRow>()(whole.data);
// @ts-expect-error lists are read only if `fields` names them
whole.data.order_line;
same<SaleOrderRow[]>()((await orders.search({ limit: 3 })).data);
const one = await orders.get(7, { fields: ['order_line', 'tax_totals'] });
same<number[]>()(one.data.order_line);
same<unknown>()(one.data.tax_totals);
// @ts-expect-error an id is a number
orders.get('7');

// Filters
orders.search({ filter: { state: 'sale', amount_total: { gte: 10, lt: 20 }, name: { ilike: 's0', null: false } } });
orders.search({
  filter: { partner_id: 7, 'partner_id.country_id.code': { in: ['BE', 'FR'] }, date_order: { gte: '2026-01-01' } },
});
partners.search({ filter: { is_company: true, parent_id: { child_of: 7 }, category_id: { in: [1, 'Gold'] } } });
// @ts-expect-error there is no such field
orders.search({ filter: { nme: 'S00001' } });
// @ts-expect-error there is no such choice
orders.search({ filter: { state: 'sold' } });
// @ts-expect-error there is no such choice in the list
orders.search({ filter: { state: { in: ['sale', 'sold'] } } });
// @ts-expect-error a number is not a string
orders.search({ filter: { amount_total: '10' } });
// @ts-expect-error a number is not a string, with an operator either
orders.search({ filter: { amount_total: { gte: '10' } } });
// @ts-expect-error there is no such operator
orders.search({ filter: { name: { contains: 'x' } } });
// @ts-expect-error one operator is right, the other is not
orders.search({ filter: { name: { ilike: 'x', matches: 'y' } } });
// @ts-expect-error numbers have no patterns
orders.search({ filter: { amount_total: { ilike: '1' } } });
// @ts-expect-error `in` takes a list
orders.search({ filter: { name: { in: 'x' } } });
// @ts-expect-error `null` takes true or false
orders.search({ filter: { name: { null: 'yes' } } });
// @ts-expect-error behind the relation there is no such field
orders.search({ filter: { 'partner_id.nme': 'x' } });
// @ts-expect-error behind the relation it is true or false
orders.search({ filter: { 'partner_id.is_company': 'x' } });
// @ts-expect-error only relations have a hierarchy
orders.search({ filter: { name: { child_of: 'x' } } });
const kept = { state: 'sale', 'partner_id.city': { in: ['Gent'] } } as const;
orders.search({ filter: kept, order: 'name' });
const unknownField = { state: 'sale', nme: 'x' } as const;
// @ts-expect-error there is no such field, in a constant either
orders.search({ filter: unknownField });

// Domains, order, page
orders.search({ domain: ['|', ['state', '=', 'sale'], ['partner_id.name', 'ilike', 'a']], order: ['date_order desc', 'id'] });
// @ts-expect-error there is no such field
orders.search({ domain: [['nme', '=', 'x']] });
// @ts-expect-error there is no such comparison
orders.search({ domain: [['name', '==', 'x']] });
// @ts-expect-error there is no such field
orders.search({ order: 'nme desc' });
// @ts-expect-error there is no such direction
orders.search({ order: 'name down' });
// @ts-expect-error there is no such option
orders.search({ page: 3 });
// @ts-expect-error there is no such way to count
orders.search({ count: 'all' });

// New records
orders.create({ partner_id: 7, order_line: [{ product_id: 1, product_uom_qty: 2 }] });
orders.create({ partner_id: { id: 7, name: 'Azure' }, note: null, tag_ids: { set: [1, 2] } });
same<Answer<{ id: number }>>()(await orders.create({ partner_id: 7 }));
same<string>()((await orders.create({ partner_id: 7 }, { fields: ['name'] })).data.name);
same<{ id: number }[]>()((await orders.createMany([{ partner_id: 7 }, { partner_id: 8 }])).data);
// @ts-expect-error an order needs a customer
orders.create({ note: 'x' });
// @ts-expect-error there is no such field
orders.create({ partner_id: 7, nme: 'x' });
// @ts-expect-error the line has no such field
orders.create({ partner_id: 7, order_line: [{ product: 1 }] });
// @ts-expect-error a required relation cannot be empty
orders.create({ partner_id: null });
// @ts-expect-error a string is not an id
orders.create({ partner_id: 'Azure' });
// @ts-expect-error read-only
orders.create({ partner_id: 7, amount_total: 3 });
same<number>()(1 as Extract<SaleOrderCreate['partner_id'], number>);

// Changes
orders.update(7, { note: null, order_line: [{ id: 1, product_uom_qty: 3 }, { id: 2, _remove: true }, 4] });
partners.update(7, { child_ids: [{ name: 'Mary' }] }, { ifMatch: '"x"', dryRun: true, idempotencyKey: 'mine' });
// @ts-expect-error only methods change the state
orders.update(7, { state: 'sale' });
// @ts-expect-error read-only
orders.update(7, { create_date: '2026-01-01' });
// @ts-expect-error a number is not a string
partners.update(7, { name: 7 });
// @ts-expect-error there is no such choice
partners.update(7, { type: 'somewhere' });
same<{ id: number }>()((await orders.remove(7)).data);

// Upserts, and writes to all matching records
same<boolean | boolean[] | undefined>()((await partners.upsert('external_id', 'shop-1', { name: 'x' })).meta.created);
same<string | null>()((await partners.upsert('ref', 'a/b', { name: 'x' }, { fields: ['city'] })).data.city);
partners.upsertMany('ref', [{ ref: 'a', name: 'x' }]);
// @ts-expect-error there is no such key
partners.upsert('nme', 'x', {});
// @ts-expect-error a list is not a key
partners.upsert('child_ids', 'x', {});
// @ts-expect-error its key is missing
partners.upsertMany('external_id', [{ name: 'x' }]);
partners.updateFound({ filter: { city: 'x' }, maxAffected: 5 }, { city: 'y' });
// @ts-expect-error how many may be affected is missing
partners.removeFound({ filter: { city: 'x' } });
// @ts-expect-error there is no such field
partners.removeFound({ filter: { cty: 'x' }, maxAffected: 5 });

// Methods
same<unknown>()((await orders.call('action_confirm', { id: 7 })).data);
same<boolean>()((await orders.call<boolean>('action_confirm', { id: 7 })).data);
// @ts-expect-error arguments are a list
orders.call('action_confirm', { args: 7 });

// Groups
const groups = await orders.aggregate({
  group: ['state', 'date_order:month', 'user_id'],
  measures: ['amount_total:sum', 'date_order:max', '__count'],
  filter: { state: { ne: 'cancel' } },
});
const group = first(groups.data);
same<{ value: SaleOrder_state; label: string } | null>()(group.state);
same<string | undefined>()(group['date_order:month']?.from);
same<Link | null>()(group.user_id);
same<number | null>()(group['amount_total:sum']);
same<string | null>()(group['date_order:max']);
same<number>()(group.__count);
// @ts-expect-error it was not asked for
group.partner_id;
// @ts-expect-error there is no such field
orders.aggregate({ group: ['nme'] });
// @ts-expect-error only times have months
orders.aggregate({ group: ['name:month'] });
// @ts-expect-error strings have no sum
orders.aggregate({ measures: ['name:sum'] });
// @ts-expect-error there is no such choice
orders.aggregate({ filter: { state: 'sold' } });

// Pages and changes
for await (const page of partners.pages({ fields: ['email'], limit: 10 })) same<string | null>()(first(page.data).email);
for await (const { data, meta } of partners.changes({ filter: { is_company: true } })) {
  same<ResPartnerRow[]>()(data.upserts);
  same<'deleted' | 'not_visible'>()(first(data.removed).reason);
  same<string>()(meta.next);
}
// @ts-expect-error there is no such field
partners.changes({ fields: ['nme'] });

// Batches
const batch = await gateway.batch((steps) => {
  const azure = steps.create('res.partner', { name: 'Azure' });
  const made = steps.create('sale.order', { partner_id: azure.id }, { fields: ['name'] });
  steps.call('sale.order', 'action_confirm', { ids: [made.id] });
  // @ts-expect-error an order is not a contact
  steps.create('sale.order', { partner_id: made.id });
  // @ts-expect-error a contact has no methods of orders
  steps.call('sale.order', 'action_confirm', { ids: [azure.id] });
  // @ts-expect-error an order needs a customer
  steps.create('sale.order', {});
  return { azure, made, found: steps.search('res.partner', { fields: ['city'], limit: 1 }) };
});
same<string>()(batch.data.made[0].name);
same<number>()(batch.data.azure[0].id);
same<string | null>()(first(batch.data.found).city);

// Faults
try {
  await orders.get(7);
} catch (error) {
  if (error instanceof GatewayError) same<string>()(error.reason);
}
same<Reference>()({ model: 'res.partner', id: 7 } as Reference);

// Without a schema, nothing is checked.
const anything = new Gateway({ url: 'https://gateway.example.com' });
const found = await anything.model('x.anything').search({ fields: ['name', 'some.path'], filter: { x: { eq: 1 } } });
first(found.data).name.whatever;

// Files
const image = await partners.readFile(3, 'image_1920', { size: 128 });
same<Response>()(image);
same<number>()((await partners.writeFile(3, 'image_1920', new Blob([]), { filename: 'a.png' })).data.id);
same<number>()((await orders.attach(1, new Uint8Array(1), { type: 'application/pdf', idempotencyKey: false })).data.id);
// @ts-expect-error a string is not a file
await partners.readFile(3, 'name');
// @ts-expect-error no such format
await orders.print(1, 'sale.report_saleorder', { format: 'doc' });
