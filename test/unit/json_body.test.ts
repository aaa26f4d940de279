import { expect, test } from 'vitest';
import { jsonLine, parseExactly } from '../../sidecar/src/json.ts';
import { parse } from '../../sidecar/src/pipeline/json_body.ts';

test('JSON is parsed', () => {
  expect(parse(Buffer.from('{"a":[1,null,"ü"]}'))).toEqual({ a: [1, null, 'ü'] });
});

test.each([
  ['{"a":', /ends too early|position/],
  ['{"password":"s3cret" x}', /position \d+/],
  ['', /ends too early/],
  ["{'a':1}", /position 1/],
])('%s is an invalid JSON body, and no part of it is repeated', (text, problem) => {
  try {
    parse(Buffer.from(text));
  } catch (error) {
    expect(error).toMatchObject({ reason: 'request.json', status: 400, message: 'Invalid JSON body' });
    const { details } = error as { details: { problem: string } };
    expect(details.problem).toMatch(problem);
    expect(details.problem).not.toContain('s3cret');
    return;
  }
  throw new Error('parsed');
});

test('bytes that are not UTF-8 are refused rather than replaced', () => {
  expect(() => parse(Buffer.from([0x22, 0xff, 0x22]))).toThrow('Invalid JSON body');
});

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

test.each([
  ['lists', nested(65)],
  ['objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
  ['both, with brackets in strings', `{"a":"]]]]\\"]]","b\\\\":${nested(64)}}`],
  ['lists that never end', '['.repeat(65)],
])('%s nested 65 deep are refused before they are parsed', (_kind, text) => {
  expect(() => parse(Buffer.from(text))).toThrow(expect.objectContaining({ reason: 'request.too_deep', status: 400 }));
});

test.each([
  ['lists', nested(64)],
  ['a thousand lists side by side', `[${Array.from({ length: 1_000 }, () => nested(63)).join(',')}]`],
  ['brackets in strings', JSON.stringify({ a: '[[[['.repeat(50), 'b\\"[': `"${'{'.repeat(200)}\\` })],
])('%s nested at most 64 deep are parsed', (_kind, text) => {
  expect(JSON.stringify(parse(Buffer.from(text)))).toBe(text);
});

test.each([
  ['{"a":1,"b":[2,3,"[{,"]}', 2 * 64 + 3 * 16],
  ['[{},{}]', 3 * 64 + 16],
  ['"{},"', 0],
])('the memory that %s takes is known before it is parsed', (text, size) => {
  const refused = new Error('too much');
  const sizes: number[] = [];
  const weigh = (bytes: number) => {
    sizes.push(bytes);
    throw refused;
  };
  expect(() => parse(Buffer.from(text), weigh)).toThrow();
  expect(sizes).toEqual([size]);
});

test.each([
  ['1e400', undefined, 'The body is larger than any number that can be stored.'],
  ['{"price":-1E+309}', 'price', 'price is larger than any number that can be stored.'],
  ['{"name":"x","lines":[{"a":1},{"note":"1e400, \\"[","b":{"c":1e999}}]}', 'lines[1].b.c', /larger/],
  ['[{"name":"a"},{"price": 1e400 }]', '[1].price', /larger/],
  ['{"args":[[1,"x,y"],{"default_amount":9007199254740993}]}', 'args[1].default_amount', /more digits than can be stored/],
  ['{"id":-9007199254740993}', 'id', /digits/],
  ['{"id":12345678901234567168}', 'id', /digits/],
  ['{"id":9007199254740993.0}', 'id', /digits/],
  ['{"id":9.007199254740993e15}', 'id', /digits/],
  ['{"rate":1e-400}', 'rate', /closer to 0/],
  [`{"rate":${'9'.repeat(400)}}`, 'rate', /larger/],
])('%s contains a number that cannot be stored exactly, and the answer names its path', (text, field, message) => {
  const details = field === undefined ? undefined : { field };
  const refused = { reason: 'body.value', status: 422, details, message: expect.stringMatching(message) };
  expect(() => parse(Buffer.from(text))).toThrow(expect.objectContaining(refused));
});

test.each([
  '[9007199254740991,-9007199254740991,9007199254740992,9007199254740994,10000000000000000000]',
  '[1e+308,5e-324,1.7976931348623157e+308,1e+22,123456789012345680000]',
  '[0.1,0.30000000000000004,1e-7,0,1234567.1234567892]',
  '{"a":"1e400","9007199254740993":1}',
])('%s is parsed without a change', (text) => {
  expect(JSON.stringify(parse(Buffer.from(text)))).toBe(text);
});

test.each(['[0.1234567890123456789012345]', '[0e400,0.0E-999,-0.00]', '[1.50000000000000000000000000]'])(
  '%s may be rounded',
  (text) => {
    expect(parse(Buffer.from(text))).toEqual(JSON.parse(text));
  },
);

test('a body that is not JSON is reported as such, whatever numbers it contains', () => {
  expect(() => parse(Buffer.from('{"a":1e400,'))).toThrow(expect.objectContaining({ reason: 'request.json' }));
});

test.each([
  '{"results":[9007199254740993,-123456789012345678901234567890]}',
  '{"a":9007199254740993,"text":",9007199254740993","b":[1.2345678901234567,1e+22,null,7]}',
  '{"a":[1,2.5,"x"]}',
])('%s from Odoo is sent on unchanged', (text) => {
  expect(JSON.stringify(parseExactly(text))).toBe(text);
});

test('a record of a stream contains no Unicode line end, and keeps its value', () => {
  const value = { name: 'a\u2028b\u2029c\u0085d\ne', street: '\\u2028' };
  const line = jsonLine(value);
  expect(line).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
  expect(JSON.parse(line)).toEqual(value);
});
