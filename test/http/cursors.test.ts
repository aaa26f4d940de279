// Cursors of lists: no caller can create or change a cursor, or use it elsewhere. A cursor reveals no more than its list.

import { describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const second = await gateway.startSidecar();
const { admin, demo } = gateway.keys;
const partners = '/api/v1/res.partner?fields=name&limit=2';
const products = '/api/v1/products?fields=name&limit=2';

const get = (path: string, key = admin) => gateway.get(path, { key });
const cursorOf = async (path: string, key = admin): Promise<string> => (await get(path, key)).json.meta.next;
const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('a forged cursor', () => {
  test.each([
    ['by a field that the resource does not have', products, forged('standard_price desc, id', '1000000', '1')],
    ['by a field that the resource has', products, forged('name, id', 'A', '1')],
    ['on a model', partners, forged('name, id', 'A', '1')],
    ['on users', '/api/v1/res.users?limit=1', forged('login, id', 'a', '1')],
    ['that is empty', partners, ''],
    ['that is not base64', partners, '%C3%BC'],
    ['that is long', partners, 'A'.repeat(6_000)],
  ])('%s is refused', async (_what, list, cursor) => {
    const answer = await get(`${list}&cursor=${cursor}`);
    expect([answer.status, answer.json.error.reason]).toEqual([400, 'query.cursor']);
    expect(answer.json.error.message).toContain('first page');
    expect(JSON.stringify(answer.json)).not.toMatch(/standard_price/);
  });
});

describe('a cursor of a list', async () => {
  const [onPartners, onProducts] = [await cursorOf(partners), await cursorOf(products)];

  test('continues its list, on every sidecar and with another limit', async () => {
    const [here, there] = [
      await get(`${partners}&cursor=${onPartners}`),
      await second.get(`${partners}&cursor=${onPartners}`, { key: admin }),
    ];
    expect([here.status, there.json]).toEqual([200, here.json]);
    const more = await get(`/api/v1/res.partner?fields=name&limit=5&filter[active]=true&cursor=${onPartners}`);
    expect(more.json.data.slice(0, 2)).toEqual(here.json.data);
    expect((await get(`${products}&cursor=${onProducts}`)).status).toBe(200);
  });

  test('does not work for another list or another user', async () => {
    const changed = `${onPartners.slice(0, 30)}${onPartners.charAt(30) === 'A' ? 'B' : 'A'}${onPartners.slice(31)}`;
    for (const [path, key] of [
      [`${products}&cursor=${onPartners}`, admin],
      [`${partners}&cursor=${onProducts}`, admin],
      [`/api/v1/product.template?limit=2&cursor=${onProducts}`, admin],
      [`/api/v1/res.users?limit=1&cursor=${onPartners}`, admin],
      [`${partners}&cursor=${onPartners}`, demo],
      [`${partners}&cursor=${changed}`, admin],
    ] as const) {
      const answer = await get(path, key);
      expect([path, answer.status, answer.json.error?.reason]).toEqual([path, 400, 'query.cursor']);
    }
  });

  test('reveals nothing about its position', async () => {
    const list = '/api/v1/products?fields=name&limit=1&order=list_price desc';
    const cursor = await cursorOf(list);
    expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toMatch(/price|desc|id/);
    expect(await cursorOf(list)).toBe(cursor);
    const { json } = await get(`/api/v1/products?fields=name&limit=1&cursor=${cursor}`);
    expect(json.data).toEqual((await get(`${list}&offset=1`)).json.data);
  });
});
