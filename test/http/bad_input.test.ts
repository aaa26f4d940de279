// Every fault of a request has its own status and reason, and a message that names the culprit.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance({ shared: true });
const key = gateway.keys.admin;
const partners = '/api/v1/res.partner';
const json = { 'Content-Type': 'application/json' };
const query = (parameters: Record<string, string>) => `${partners}?${new URLSearchParams(parameters)}`;

interface Bad {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  status: number;
  reason: string;
  culprit: string;
}

const table: Record<string, Bad> = {
  'a domain that is not JSON': { path: query({ domain: '[(' }), status: 400, reason: 'query.domain', culprit: 'domain' },
  'a malformed domain': { path: query({ domain: '[["name","~","x"]]' }), status: 400, reason: 'query.domain', culprit: '"~"' },
  'a domain that skips record rules': {
    path: query({ domain: '[["child_ids","any!",[]]]' }),
    status: 400,
    reason: 'query.domain',
    culprit: 'any!',
  },
  'an unknown field in a domain': {
    path: query({ domain: '[["nope","=",1]]' }),
    status: 400,
    reason: 'odoo.field',
    culprit: 'nope',
  },
  'a value that the field cannot have': {
    path: query({ domain: '[["create_date",">","soon"]]' }),
    status: 400,
    reason: 'odoo.domain',
    culprit: 'soon',
  },
  'an unknown field': { path: query({ fields: 'name,nope' }), status: 400, reason: 'odoo.field', culprit: 'nope' },
  'an expanded field that is not a relation': {
    path: query({ fields: 'name.nope' }),
    status: 400,
    reason: 'odoo.field',
    culprit: 'name',
  },
  'a malformed list of fields': { path: query({ fields: 'name,,id' }), status: 400, reason: 'query.fields', culprit: 'fields' },
  'a limit of −1': { path: query({ limit: '-1' }), status: 400, reason: 'query.limit', culprit: 'limit' },
  'a limit over the maximum': { path: query({ limit: '1001' }), status: 400, reason: 'query.limit', culprit: '1001' },
  'an offset of −1': { path: query({ offset: '-1' }), status: 400, reason: 'query.offset', culprit: 'offset' },
  'an order by an unknown field': { path: query({ order: 'nope' }), status: 400, reason: 'odoo.field', culprit: 'nope' },
  'an order that is SQL': {
    path: query({ order: '(select 1)' }),
    status: 400,
    reason: 'query.order',
    culprit: '(select 1)',
  },
  'an unknown parameter': { path: query({ limt: '1' }), status: 400, reason: 'query.unknown', culprit: '"limt"' },
  'a parameter given twice': { path: `${partners}?limit=1&limit=2`, status: 400, reason: 'query.repeated', culprit: 'limit' },
  'an unknown model': { path: '/api/v1/no.such.model', status: 404, reason: 'odoo.model', culprit: 'no.such.model' },
  'an impossible name of a model': {
    path: "/api/v1/res.partner'--",
    status: 404,
    reason: 'odoo.model',
    culprit: "res.partner'--",
  },
  'a model that is never exposed': { path: '/api/v1/ir.rule', status: 403, reason: 'odoo.exposure', culprit: 'ir.rule' },
  'a model that is never exposed, by its pattern': {
    path: '/api/v1/gateway.sidecar',
    status: 403,
    reason: 'odoo.exposure',
    culprit: 'gateway.sidecar',
  },
  'a relation to a model that is never exposed': {
    path: '/api/v1/res.users?fields=api_key_ids.name',
    status: 403,
    reason: 'odoo.exposure',
    culprit: 'res.users.apikeys',
  },
  'a domain over a model that is never exposed': {
    path: `/api/v1/res.users?domain=${encodeURIComponent('[["api_key_ids.name","=","x"]]')}`,
    status: 403,
    reason: 'odoo.exposure',
    culprit: 'res.users.apikeys',
  },
  'a record that does not exist': {
    path: `${partners}/999999`,
    status: 404,
    reason: 'odoo.missing',
    culprit: 'res.partner 999999',
  },
  'an id that is too large': { path: `${partners}/99999999999`, status: 404, reason: 'odoo.missing', culprit: '99999999999' },
  'an id that is not a number': { path: `${partners}/abc`, status: 400, reason: 'route.record_id', culprit: '"abc"' },
  'an id of 0': { path: `${partners}/0`, status: 400, reason: 'route.record_id', culprit: '"0"' },
  'invalid JSON': {
    path: partners,
    method: 'POST',
    headers: json,
    body: '{"name":',
    status: 400,
    reason: 'request.json',
    culprit: 'Invalid JSON body',
  },
  'a body that is not UTF-8': {
    path: partners,
    method: 'POST',
    headers: json,
    body: new Uint8Array([0x22, 0xff, 0x22]),
    status: 400,
    reason: 'request.json',
    culprit: 'Invalid JSON body',
  },
  'a form': {
    path: partners,
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'name=x',
    status: 415,
    reason: 'request.media_type',
    culprit: 'application/x-www-form-urlencoded',
  },
  'a compressed body': {
    path: partners,
    method: 'POST',
    headers: { ...json, 'Content-Encoding': 'gzip' },
    body: 'x',
    status: 415,
    reason: 'request.encoding',
    culprit: 'gzip',
  },
  'a body over 10 MB': {
    path: partners,
    method: 'POST',
    headers: json,
    body: JSON.stringify('x'.repeat(10 * 1024 * 1024)),
    status: 413,
    reason: 'request.too_large',
    culprit: '10485760',
  },
  'a database that is not served': {
    path: partners,
    headers: { 'X-Odoo-Database': 'postgres' },
    status: 404,
    reason: 'database.unknown',
    culprit: '"postgres"',
  },
  'a path without an endpoint': { path: '/api/v2/res.partner', status: 404, reason: 'route.unknown', culprit: 'path' },
  'a path with two slashes in a row': {
    path: '/api/v1//res.partner',
    status: 404,
    reason: 'route.unknown',
    culprit: 'two slashes in a row. Write /api/v1/res.partner',
  },
  'a value in Latin-1': { path: `${partners}?filter[name]=%E9`, status: 400, reason: 'query.encoding', culprit: '"%E9"' },
  'a method route with a parameter in Latin-1': {
    path: `${partners}/search_count?x=%E9`,
    method: 'POST',
    status: 400,
    reason: 'query.encoding',
    culprit: 'x contains "%E9"',
  },
  'a path in Latin-1': { path: '/api/v1/%E9', status: 400, reason: 'request.path', culprit: 'contains "%E9"' },
  'an empty cursor': { path: `${partners}?cursor=`, status: 400, reason: 'query.cursor', culprit: 'cursor is empty' },
  'a filter given twice': {
    path: `${partners}?filter[name]=a&filter[name]=b`,
    status: 400,
    reason: 'query.repeated',
    culprit: 'filter[name][in]',
  },
  'a path that is not UTF-8': { path: '/api/v1/%E0%A4%A', status: 400, reason: 'request.path', culprit: 'path' },
  'a method that the path does not take': {
    path: '/api/v1/ping',
    method: 'PATCH',
    status: 405,
    reason: 'route.method',
    culprit: 'PATCH',
  },
};

test.each(Object.entries(table))(
  '%s: refused with its reason',
  async (_, { path, method = 'GET', headers = {}, body, status, reason, culprit }) => {
    const answer = await gateway.request(method, path, { key, headers, ...(body === undefined ? {} : { body }) });
    expect(answer.json).toMatchObject({ success: false, error: { code: status, reason } });
    expect(answer.status).toBe(status);
    expect(answer.json.error.message).toContain(culprit);
    expect(answer.json.error.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('cache-control')).toBe('no-store');
  },
);

test('each reason in the table has only one status', () => {
  const statuses = Map.groupBy(Object.values(table), ({ reason }) => reason);
  for (const [reason, cases] of statuses) expect(new Set(cases.map(({ status }) => status)).size, reason).toBe(1);
});

test('a body just under the cap is read', async () => {
  const body = JSON.stringify('x'.repeat(10 * 1024 * 1024 - 2));
  const answer = await gateway.request('POST', '/api/v1/ping', { key, headers: json, body });
  expect(answer.status).toBe(405);
});

test('405 lists the possible methods', async () => {
  const answer = await gateway.request('DELETE', '/api/v1/ping', { key });
  expect(answer.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(['GET', 'HEAD']));
  expect(answer.headers.get('allow')).not.toContain('DELETE');
});

test('without a credential, the gateway reads no body', async () => {
  const answer = await gateway.request('POST', partners, { headers: json, body: '{"name":' });
  expect(answer.status).toBe(401);
});

test('on request, an error has the form of RFC 9457', async () => {
  const answer = await gateway.get(query({ limit: '-1' }), { key, headers: { Accept: 'application/problem+json' } });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.json).toMatchObject({ type: 'urn:odoo-api-gateway:error:query.limit', status: 400, reason: 'query.limit' });
});

/** A server's answers to malformed requests. */
async function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.end(bytes);
  return text(socket);
}

test.each<[string, { bytes: string; status: string; reason?: string }]>([
  ['not HTTP', { bytes: 'HELO gateway\r\n\r\n', status: '400 Bad Request', reason: 'request.malformed' }],
  ['a request without a host', { bytes: 'GET /api/v1/ping HTTP/1.1\r\n\r\n', status: '400 Bad Request' }],
  [
    'two lengths of one body',
    {
      bytes: 'POST /api/v1/ping HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      status: '400 Bad Request',
      reason: 'request.malformed',
    },
  ],
  [
    'a length beside chunks',
    {
      bytes: 'POST /api/v1/ping HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      status: '400 Bad Request',
      reason: 'request.malformed',
    },
  ],
  [
    'an address over 16 KiB',
    {
      bytes: `GET /api/v1/res.partner?fields=${'name,'.repeat(4_000)}id HTTP/1.1\r\nHost: a\r\n\r\n`,
      status: '414 URI Too Long',
      reason: 'request.url_too_long',
    },
  ],
  [
    'raw UTF-8 in the query',
    {
      bytes: 'GET /api/v1/res.partner?filter[name]=Zoé HTTP/1.1\r\nHost: a\r\n\r\n',
      status: '400 Bad Request',
      reason: 'request.url',
    },
  ],
  [
    'raw UTF-8 in the path',
    { bytes: 'GET /api/v1/é HTTP/1.1\r\nHost: a\r\n\r\n', status: '400 Bad Request', reason: 'request.url' },
  ],
  [
    'headers over 16 KiB',
    {
      bytes: `GET /api/v1/ping HTTP/1.1\r\nHost: a\r\nX-API-Key: ${'a'.repeat(20_000)}\r\n\r\n`,
      status: '431 Request Header Fields Too Large',
      reason: 'request.headers_too_large',
    },
  ],
])('malformed HTTP is refused: %s', async (_, { bytes, status, reason }) => {
  const answer = await raw(bytes);
  expect(answer.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
  if (reason !== undefined) expect(answer).toContain(`"reason":"${reason}"`);
});
