// The beginning of a large JSON-RPC call, before its caller is known.

import { describe, expect, test } from 'vitest';
import { headOf, idAtEnd } from '../../sidecar/src/protocols/json_head.ts';

const large = 'x'.repeat(20_000);
const args = ['db', 2, 'secret', 'res.partner', 'create', [{ comment: large }]];
const called = { service: 'object', method: 'execute_kw' };

test.each<[string, string, object]>([
  ['in the usual order', JSON.stringify({ jsonrpc: '2.0', method: 'call', params: { ...called, args }, id: 7 }), called],
  ['with blanks', JSON.stringify({ id: 7, params: { ...called, args } }, null, 2), called],
  ['sorted by name', JSON.stringify({ method: 'call', params: { args, ...called } }), {}],
  [
    'with members of the same names elsewhere',
    `{"a":{"args":[1,2,3]},"params":{"x":[["args"]],"args":${JSON.stringify(args)}}}`,
    {},
  ],
])('the first arguments are found: %s', (_what, text, others) => {
  const { args: found, ...rest } = headOf(text.slice(0, 16_384)) ?? {};
  expect(found).toEqual(['db', 2, 'secret']);
  expect(JSON.parse(JSON.stringify(rest))).toEqual(others);
});

test('arguments are found even if there are too few for a credential, or if they contain quotes and brackets', () => {
  expect(headOf('{"params":{"args":[]}}')?.args).toEqual([]);
  expect(headOf('{"params":{"args":["a]}\\",","\\\\",["x",{"y":1}]],"service":"common"}}')?.args).toEqual([
    'a]}",',
    '\\',
    ['x', { y: 1 }],
  ]);
});

const noCalls = [
  '',
  'hello',
  '[]',
  '{"params":[1,2,3,4]}',
  '{"args":["db",2,"secret","x"]}',
  `{"params":{"args":["db",2,"${large}"]}}`,
  '{"par\\u0061ms":{"args":["db",2,"secret","x"]}}',
  '{"params":{"args":{"a":1,"b":2,"c":3,"d":4}}}',
  '{"params":{"args":["db",nope,"secret",1]}}',
  '}'.repeat(100),
  '[{'.repeat(8_000),
];
test.each(noCalls.map((text) => [text.slice(0, 60), text]))('"%s" is not a call', (_shown, text) =>
  expect(headOf(text.slice(0, 16_384))).toBe(undefined),
);

describe('the id at the end', () => {
  test.each([
    [`{"params":{},"id":7}`, 7],
    [`{"params":{} , "id" : "a b" }\n`, 'a b'],
    [`{"params":{"id":7}}`, null],
    [`{"params":",\\"id\\":7}"}`, null],
    ['{"params":{},"id":[1]}', null],
    ['{"params":{},"id":007}', null],
    ['{"params":{},"id":"a\nb"}', null],
    ['{"params":{},"id":"é-1"}', 'é-1'],
  ])('%s', (text, id) => expect(idAtEnd(text)).toBe(id));
});
