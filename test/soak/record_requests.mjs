// Writes the requests that sidecars answer to a file, for compiled_coverage.ts:
//
//   RECORDED=/tmp/requests.ndjson NODE_OPTIONS="--import $PWD/test/soak/record_requests.mjs" npm test -- http guide
//   node test/soak/record_requests.mjs /tmp/requests.ndjson > test/soak/compiled_mix.json

import { appendFileSync, readFileSync } from 'node:fs';
import { Server } from 'node:http';
import { fileURLToPath } from 'node:url';

const { RECORDED: file } = process.env;
const headersKept = ['accept', 'accept-language', 'x-odoo-company', 'x-odoo-timezone'];
const methods = /"method":\s*"(?:search|search_read|search_count|read|web_search_read|web_read)"/;
const state = fileURLToPath(new URL('../../.stack/state.json', import.meta.url));

if (file && process.argv[1]?.endsWith('sidecar/src/main.ts')) record(file);
if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${mixOf(process.argv[2] ?? '')}\n`);

/** @param {string} to */
function record(to) {
  /** @type {Record<string, string>} */
  const keys = JSON.parse(readFileSync(state, 'utf8')).keys;
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (event, ...args) {
    if (event === 'request') keep(/** @type {any} */ (args[0]), /** @type {any} */ (args[1]), keys, to);
    return emit.call(this, event, ...args);
  };
}

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response @param {Record<string, string>} keys @param {string} to */
function keep(request, response, keys, to) {
  /** @type {Buffer[]} */
  const chunks = [];
  const push = request.push.bind(request);
  request.push = (chunk, ...more) => {
    if (chunk) chunks.push(Buffer.from(chunk));
    return push(chunk, ...more);
  };
  response.on('finish', () => {
    const { method, url, headers } = request;
    const as = Object.keys(keys).find((name) => headers.authorization === `Bearer ${keys[name]}`) ?? 'admin';
    const kept = Object.fromEntries(headersKept.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
    const body = Buffer.concat(chunks).toString();
    appendFileSync(to, `${JSON.stringify({ as, method, url, headers: kept, body, status: response.statusCode })}\n`);
  });
}

/**
 * The requests that were answered and may be repeated: each of them once, with the number of times that it arrived.
 * @param {string} from
 */
function mixOf(from) {
  const counts = new Map();
  for (const line of readFileSync(from, 'utf8').split('\n').filter(Boolean)) {
    const { as, method, url, headers, body, status } = JSON.parse(line);
    if (status !== 200 || !isRead(method, url, body)) continue;
    const asked = JSON.stringify({ as, method, path: url, headers, ...(body ? { body: JSON.parse(body) } : {}) });
    counts.set(asked, (counts.get(asked) ?? 0) + 1);
  }
  const lines = [...counts].map(([asked, times]) => `  ${JSON.stringify({ times, ...JSON.parse(asked) })}`);
  return `[\n${lines.join(',\n')}\n]`;
}

/** @param {string} method @param {string} url @param {string} body */
function isRead(method, url, body) {
  if (method === 'GET') return /^\/api\/v1\/(?!auth|oauth|ping|me\b|events)[\w.]+(?:\/\d+)?(?:$|\?)/.test(url);
  if (method !== 'POST') return false;
  if (url === '/call') return methods.test(body);
  return /^\/(?:api\/v1|json\/2)\/[\w.]+\/(?:\d+\/)?(?:search|search_read|search_count|read|web_search_read|web_read)$/.test(url);
}
