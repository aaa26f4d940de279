// Requests that Node's parser refuses before they reach a route; the last bytes that it read show the reason.

import { expect, test } from 'vitest';
import { reasonOfFault } from '../../sidecar/src/pipeline/parser_faults.ts';

const overflow = 'HPE_HEADER_OVERFLOW';
const long = 'a'.repeat(20_000);
const head = ' HTTP/1.1\r\nHost: a\r\n';

test.each([
  ['a long address', overflow, `GET /${long}${head}`, 'request.url_too_long'],
  ['the beginning of a long address', overflow, `GET /${long}`, 'request.url_too_long'],
  ['the middle of a long address', overflow, long, 'request.url_too_long'],
  ['the end of a long address', overflow, `${long.slice(0, 9_000)}${head}X: y\r\n`, 'request.url_too_long'],
  ['long headers', overflow, `GET /${head}X: ${long}\r\n\r\n`, 'request.headers_too_large'],
  ['the end of long headers', overflow, `${long.slice(0, 9_000)}\r\n\r\n`, 'request.headers_too_large'],
  ['the middle of long headers', overflow, `x: ${long}`, 'request.headers_too_large'],
  ['raw UTF-8 in the query', 'HPE_INVALID_URL', 'GET /a?b=é HTTP/1.1', 'request.url'],
  ['a space in the query', 'HPE_INVALID_CONSTANT', `GET /a?b=c d${head}`, 'request.url'],
  ['another protocol', 'HPE_INVALID_CONSTANT', 'GET /a FTP/1.1\r\n', 'request.malformed'],
  ['no HTTP', 'HPE_INVALID_METHOD', 'HELO a\r\n', 'request.malformed'],
  ['a request that took too long', 'ERR_HTTP_REQUEST_TIMEOUT', '', 'request.incomplete'],
])('%s is refused with its own reason', (_what, code, bytes, reason) => {
  expect(reasonOfFault(Object.assign(new Error(code), { code, rawPacket: Buffer.from(bytes) }))).toBe(reason);
});
