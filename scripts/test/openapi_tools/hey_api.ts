// The client of @hey-api/openapi-ts creates, reads, changes and deletes a record.

import { client } from './hey_api/client.gen';
import { resPartnerCreate, resPartnerDelete, resPartnerList, resPartnerPatch, resPartnerRead } from './hey_api/sdk.gen';

const { GATEWAY = '', KEY = '' } = process.env;
client.setConfig({ baseUrl: GATEWAY, headers: { 'X-API-Key': KEY } });
const throwOnError = true;

const body = { name: 'Generated Client', email: 'hey@example.com', is_company: true, comment: null };
const created = await resPartnerCreate({ body, throwOnError });
const record = created.data.data;
if (Array.isArray(record)) throw new Error('one record was asked for');
const path = { id: record.id };
const changes = { phone: '+32 2 290 34 90', country_id: null, child_ids: [{ name: 'Child' }] };
await resPartnerPatch({ path, body: changes, throwOnError });
const read = await resPartnerRead({ path, query: { fields: 'name,phone,country_id,child_ids' }, throwOnError });
const { name, phone, country_id: country, child_ids: children = [] } = read.data.data;
const listed = await resPartnerList({ query: { filter: { email: 'hey@example.com' }, count: 'exact' }, throwOnError });
await resPartnerDelete({ path, throwOnError });
const gone = (await resPartnerRead({ path })).response?.status;

console.log(JSON.stringify({ name, phone, country, children: children.length, total: listed.data.meta.total, gone }));
