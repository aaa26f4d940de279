// Small requests that would be costly: each is just over its limit, is refused at once, and the message says what to reduce.

import { expect, test } from 'vitest';
import { startTcpProxy } from '../helpers/tcp_proxy.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const key = gateway.keys.admin;
const partners = '/api/v1/res.partner';
const json = { 'Content-Type': 'application/json' };
const deep = '['.repeat(65) + ']'.repeat(65);
const long = `${'parent_id.'.repeat(9)}name`;
const query = (parameters: Record<string, string>) => `${partners}?${new URLSearchParams(parameters)}`;
const terms = (path: string, count: number) => Array.from({ length: count }, (_, i) => [path, 'ilike', `x${i}`]);
const post = (path: string, body: unknown) => ({
  method: 'POST',
  path,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

interface Flood {
  path: string;
  method?: string;
  body?: string;
  reason: string;
  culprit: string;
}

const table: Record<string, Flood> = {
  'a domain of conditions over many records': {
    path: query({ domain: JSON.stringify(terms('child_ids.name', 17)) }),
    reason: 'request.too_complex',
    culprit: 'child_ids.name',
  },
  'filters and a domain together': {
    path: query({
      domain: JSON.stringify(terms('child_ids.name', 10)),
      ...Object.fromEntries(
        Array.from({ length: 7 }, (_, i) => [
          `filter[category_id.${i % 2 ? 'name' : 'color'}][${['eq', 'ne', 'in', 'nin', 'gt', 'lt', 'gte'][i]}]`,
          String(i),
        ]),
      ),
    }),
    reason: 'request.too_complex',
    culprit: '16',
  },
  'a domain of one long path': {
    path: query({ domain: JSON.stringify([[long, '=', 'x']]) }),
    reason: 'request.too_complex',
    culprit: '9 relations',
  },
  'operations of a batch together': {
    ...post(
      '/api/v1/batch',
      ['name', 'ref', 'email', 'phone', 'city', 'street'].map((name) => ({
        op: 'search',
        model: 'res.partner',
        domain: terms(`parent_id.${name}`, 34),
        fields: ['name'],
      })),
    ),
    reason: 'request.too_complex',
    culprit: 'operations[5]',
  },
  'a domain of a method': {
    ...post('/api/v1/res.partner/search_count', { args: [terms('child_ids.name', 17)] }),
    reason: 'request.too_complex',
    culprit: 'child_ids.name',
  },
  'a body nested 65 deep': { ...post(partners, `{"name":${deep}}`), reason: 'request.too_deep', culprit: '64' },
  'a batch nested 65 deep': { ...post('/api/v1/batch', deep), reason: 'request.too_deep', culprit: '64' },
  'arguments nested 65 deep': {
    ...post('/api/v1/res.partner/search_count', `{"args":${deep}}`),
    reason: 'request.too_deep',
    culprit: '64',
  },
  'a domain nested 65 deep': { path: query({ domain: deep }), reason: 'request.too_deep', culprit: 'domain' },
};

test.each(Object.entries(table))('%s is refused', async (_, { path, method = 'GET', body, reason, culprit }) => {
  const answer = await gateway.request(method, path, { key, ...(body === undefined ? {} : { headers: json, body }) });
  expect(answer.json).toMatchObject({ success: false, error: { reason } });
  expect(answer.json.error.message).toContain(culprit);
});

test('the limit on the depth of a body also applies to logins', async () => {
  const answer = await gateway.request('POST', '/api/v1/auth/login', { headers: json, body: deep });
  expect(answer.json).toMatchObject({ error: { reason: 'request.too_deep' } });
});

test('missing fields cost Odoo one call, however many a request names', async () => {
  const proxy = await startTcpProxy(Number(new URL(gateway.odoo.url).port));
  const sidecar = await gateway.startSidecar({ env: { GATEWAY_ODOO_URL: `http://127.0.0.1:${proxy.port}` } });
  const ask = {
    values: () =>
      sidecar.post(partners, { child_ids: Array.from({ length: 50 }, () => ({ child_ids: [{ nosuch: 1 }] })) }, { key }),
    filters: () =>
      sidecar.get(query(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`filter[nosuch${i}]`, '1']))), { key }),
  };
  for (const asking of Object.values(ask)) {
    await asking();
    const before = proxy.opened();
    expect((await asking()).json.error.reason).toBe('odoo.field');
    // One connection to Odoo for the types, one for the request itself.
    expect(proxy.opened() - before).toBeLessThanOrEqual(2);
  }
  await sidecar.stop();
  await proxy.cut();
});
