// The client of orval creates, reads, changes and deletes a record.

import { resPartnerCreate, resPartnerDelete, resPartnerList, resPartnerPatch, resPartnerRead } from './orval_client';

const { KEY = '' } = process.env;
const options = { headers: { 'X-API-Key': KEY } };

const values = { name: 'Generated Client', email: 'orval@example.com', is_company: true, comment: null };
const created = await resPartnerCreate(values, {}, options);
if (created.status !== 201) throw new Error(JSON.stringify(created.data));
const record = created.data.data;
if (Array.isArray(record)) throw new Error('one record was asked for');
const changes = { phone: '+32 2 290 34 90', country_id: null, child_ids: [{ name: 'Child' }] };
const changed = await resPartnerPatch(record.id, changes, {}, options);
if (changed.status !== 200) throw new Error(JSON.stringify(changed.data));
const read = await resPartnerRead(record.id, { fields: 'name,phone,country_id,child_ids' }, options);
const listed = await resPartnerList({ filter: { email: 'orval@example.com' }, count: 'exact' }, options);
if (read.status !== 200 || listed.status !== 200) throw new Error('not read');
const { name, phone, country_id: country, child_ids: children = [] } = read.data.data;
await resPartnerDelete(record.id, options);
const gone = (await resPartnerRead(record.id, {}, options)).status;

console.log(JSON.stringify({ name, phone, country, children: children.length, total: listed.data.meta.total, gone }));
