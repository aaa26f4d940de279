// Records that the sidecar itself converts to XML-RPC: the types of their fields supply what JSON does not say about their
// values.

import { expect, test } from 'vitest';
import { canWrite, fieldsNamed, pythonFloat, writeRecords } from '../../sidecar/src/protocols/records_xml.ts';

test.each([
  [2, '2.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [-0.5, '-0.5'],
  [0.1 + 0.2, '0.30000000000000004'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1.5e-7, '1.5e-07'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [1.25e120, '1.25e+120'],
])('%d is written as Python writes it: %s', (value, text) => {
  expect(pythonFloat(value)).toBe(text);
});

const types = {
  name: { type: 'char' },
  list_price: { type: 'float' },
  color: { type: 'integer' },
  extra: { type: 'properties' },
};

test('a float is a double even if it is whole, an integer beyond 31 bits is a double, and an empty value is false', () => {
  const xml = writeRecords(
    [
      { id: 7, name: 'a < b', list_price: 2, color: 3, partner_id: [1, 'x'] },
      { list_price: false, color: 2 ** 31 },
    ],
    types,
  );
  expect(xml).toBe(
    '<value><array><data><value><struct><member><name>id</name><value><int>7</int></value></member>' +
      '<member><name>name</name><value><string>a &lt; b</string></value></member>' +
      '<member><name>list_price</name><value><double>2.0</double></value></member>' +
      '<member><name>color</name><value><int>3</int></value></member>' +
      '<member><name>partner_id</name><value><array><data><value><int>1</int></value><value><string>x</string></value></data></array></value></member>' +
      '</struct></value><value><struct><member><name>list_price</name><value><boolean>0</boolean></value></member>' +
      '<member><name>color</name><value><double>2147483648.0</double></value></member></struct></value></data></array></value>',
  );
});

test('Odoo writes the records if a value may have any form, or if fields were not named or do not exist', () => {
  expect(canWrite(types, ['name', 'color'])).toBe(true);
  expect(canWrite(types, ['name', 'extra'])).toBe(false);
  expect(canWrite(types, ['toString'])).toBe(false);
  const call = { op: 'call', model: 'res.partner', args: [[]], kwargs: {} } as const;
  expect(fieldsNamed({ ...call, method: 'search_read', kwargs: { fields: ['name'] } })).toEqual(['name']);
  expect(fieldsNamed({ ...call, method: 'read', args: [[1], ['name']] })).toEqual(['name']);
  for (const kwargs of [{}, { fields: [] }, { fields: 'name' }, { fields: [1] }]) {
    expect(fieldsNamed({ ...call, method: 'search_read', kwargs })).toBeUndefined();
  }
  expect(fieldsNamed({ ...call, method: 'web_read', kwargs: { fields: ['name'] } })).toBeUndefined();
});
