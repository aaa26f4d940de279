// The client of openapi-generator's `typescript-fetch` creates, reads, changes and deletes a record.

import { Configuration, ResPartnerApi, ResponseError } from './index';

const { GATEWAY = '', KEY = '' } = process.env;
const api = new ResPartnerApi(new Configuration({ basePath: GATEWAY, apiKey: KEY }));

const values = { name: 'Generated Client', email: 'fetch@example.com', phone: '+32 2 290 34 00' };
const { id } = (await api.resPartnerCreate({ resPartnerCreateRequest: values })).data;
await api.resPartnerPatch({ id, resPartnerValues: { phone: '+32 2 290 34 90' } });
const { name, phone } = (await api.resPartnerRead({ id })).data;
// It sends `filter` without its brackets.
const domain = JSON.stringify([['email', '=', 'fetch@example.com']]);
const { total } = (await api.resPartnerList({ domain, count: 'exact' })).meta;
await api.resPartnerDelete({ id });
const gone = await api.resPartnerRead({ id }).then(
  () => 200,
  (error: unknown) => (error instanceof ResponseError ? error.response.status : String(error)),
);

console.log(JSON.stringify({ name, phone, total, gone }));
