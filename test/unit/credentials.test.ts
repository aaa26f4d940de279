import { expect, test } from 'vitest';
import { pastedAlong } from '../../sidecar/src/credentials/pasted.ts';
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
    'a key header beside a Basic credential that may be for a proxy',
    { authorization: `Basic ${base64('proxy:secret')}`, 'api-key': 'abc' },
    { kind: 'key', secret: 'abc' },
  ],
  [
    'a wrong key header beside a valid Basic credential',
    { authorization: `Basic ${base64('me:abc')}`, 'x-api-key': 'no' },
    { kind: 'key', secret: 'no' },
  ],
  ['an empty key header', { 'x-api-key': '', authorization: 'Bearer abc' }, { kind: 'malformed' }],
  ['an unknown scheme', { authorization: 'Digest abc' }, { kind: 'malformed' }],
  ['only a scheme', { authorization: 'Bearer' }, { kind: 'malformed' }],
  ['a bare secret', { authorization: 'abc' }, { kind: 'malformed' }],
  ['Basic without a colon', { authorization: `Basic ${base64('me')}` }, { kind: 'malformed' }],
  ['Basic that is not base64', { authorization: 'Basic me:abc' }, { kind: 'malformed' }],
])('the credential of a request is read: %s', (_, headers, credential) => {
  expect(readCredential(headers)).toEqual(credential);
});

const key = `gwk_${'a1_-'.repeat(15)}`;

test.each([
  [`Bearer ${key}`, '"Bearer" in front of it'],
  [`bearer: ${key}`, '"bearer" in front of it'],
  [`"Bearer ${key}"`, '"Bearer" in front of it'],
  [`Authorization: Bearer ${key}`, '"Authorization" in front of it'],
  [`api_key=${key}`, '"api_key" in front of it'],
  [`"${key}"`, 'quotation marks around it'],
  [`'${key}`, 'quotation marks around it'],
  [`“${key}”`, 'quotation marks around it'],
  [`<${key}>`, 'quotation marks around it'],
  [`${key}\n`, 'the end of its line'],
  [`${key}\\r\\n`, 'the end of its line'],
  [`${key}%0A`, 'the end of its line'],
  [` ${key}`, 'blanks around it'],
  [`${key}\u00a0`, 'blanks around it'],
  [`${key.slice(0, 20)} ${key.slice(20)}`, 'blanks in it'],
  [key, undefined],
  ['0123456789abcdef0123456789abcdef01234567', undefined],
  ['', undefined],
])('text pasted along with a key: %j', (text, found) => {
  expect(pastedAlong(text)).toBe(found);
});
