import { expect, test } from 'vitest';
import { parse } from '../../sidecar/src/policies/json_body.ts';

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
