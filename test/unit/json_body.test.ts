import { expect, test } from 'vitest';
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
  ['a thousand lists beside each other', `[${Array.from({ length: 1_000 }, () => nested(63)).join(',')}]`],
  ['brackets in strings', JSON.stringify({ a: '[[[['.repeat(50), 'b\\"[': `"${'{'.repeat(200)}\\` })],
])('%s nested at most 64 deep are parsed', (_kind, text) => {
  expect(JSON.stringify(parse(Buffer.from(text)))).toBe(text);
});

test.each([
  ['{"a":1,"b":[2,3,"[{,"]}', 2 * 64 + 3 * 16],
  ['[{},{}]', 3 * 64 + 16],
  ['"{},"', 0],
])('what %s takes in memory is known before it is parsed', (text, size) => {
  const refused = new Error('too much');
  const sizes: number[] = [];
  const weigh = (bytes: number) => {
    sizes.push(bytes);
    throw refused;
  };
  expect(() => parse(Buffer.from(text), weigh)).toThrow();
  expect(sizes).toEqual([size]);
});
