import { expect, test } from 'vitest';
import { readCredential } from '../../sidecar/src/credentials/presented.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each([
  ['nothing', {}, undefined],
  ['a bearer', { authorization: 'Bearer abc' }, { kind: 'bearer', secret: 'abc' }],
  ['a scheme in any case', { authorization: 'bEARER  abc ' }, { kind: 'bearer', secret: 'abc' }],
  ['X-API-Key', { 'x-api-key': 'abc' }, { kind: 'key', secret: 'abc' }],
  ['API-KEY', { 'api-key': 'abc' }, { kind: 'key', secret: 'abc' }],
  ['X-Access-Token', { 'x-access-token': 'abc' }, { kind: 'token', secret: 'abc' }],
  ['Basic', { authorization: `Basic ${base64('me:abc')}` }, { kind: 'basic', login: 'me', secret: 'abc' }],
  ['Basic with colons', { authorization: `Basic ${base64('me:a:b')}` }, { kind: 'basic', login: 'me', secret: 'a:b' }],
  ['Basic in UTF-8', { authorization: `Basic ${base64('jürgen:abc')}` }, { kind: 'basic', login: 'jürgen', secret: 'abc' }],
  [
    'a key header beside a Basic that a proxy may own',
    { authorization: `Basic ${base64('proxy:secret')}`, 'api-key': 'abc' },
    { kind: 'key', secret: 'abc' },
  ],
  [
    'a key header that is wrong beside a Basic that is right',
    { authorization: `Basic ${base64('me:abc')}`, 'x-api-key': 'no' },
    { kind: 'key', secret: 'no' },
  ],
  ['an empty key header', { 'x-api-key': '', authorization: 'Bearer abc' }, { kind: 'malformed' }],
  ['a scheme that nobody knows', { authorization: 'Digest abc' }, { kind: 'malformed' }],
  ['a scheme alone', { authorization: 'Bearer' }, { kind: 'malformed' }],
  ['a bare secret', { authorization: 'abc' }, { kind: 'malformed' }],
  ['Basic without a colon', { authorization: `Basic ${base64('me')}` }, { kind: 'malformed' }],
  ['Basic that is not base64', { authorization: 'Basic me:abc' }, { kind: 'malformed' }],
])('%s', (_, headers, credential) => {
  expect(readCredential(headers)).toEqual(credential);
});
