#!/bin/sh
# A POST whose connection is lost may have been carried out, so a client should not repeat it by itself (RFC 9110, section 9.2.2).
# Six npm libraries do, and create a second record: five with their defaults, node-fetch-retry once it is given a number of retries.
# axios-retry and fetch-retry do not repeat a POST that was answered with 503, but repeat one whose connection was lost.
# retry-axios and ofetch repeat neither.
#
# Versions: axios-retry 4.5.0 and retry-axios 4.0.3 (axios 1.21.1), fetch-retry 6.0.0, fetch-retry-ts 1.3.1, @vercel/fetch-retry 5.1.3,
#   node-fetch-retry 2.0.1, @adobe/node-fetch-retry 2.2.0, ofetch 1.5.1 (npm), Node 20
# Seen, as the number of POSTs after a 503 and after a lost connection:
#   axios-retry: 1, 2
#   fetch-retry: 1, 2
#   node-fetch-retry: 1, 2
#   fetch-retry-ts: 2, 2
#   @vercel/fetch-retry: 2, 2
#   @adobe/node-fetch-retry: 2, 2
#   retry-axios: 1, 1
#   ofetch: 1, 1
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent axios@1.21.1 axios-retry@4.5.0 retry-axios@4.0.3 fetch-retry@6.0.0 fetch-retry-ts@1.3.1 @vercel/fetch-retry@5.1.3 \
  node-fetch-retry@2.0.1 node-fetch@2.7.0 @adobe/node-fetch-retry@2.2.0 ofetch@1.5.1 >>npm.log 2>&1
cat >ask.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import adobe from '@adobe/node-fetch-retry';
import axios from 'axios';
import axiosRetry from 'axios-retry';
import { ofetch } from 'ofetch';
import * as rax from 'retry-axios';

const require = createRequire(import.meta.url);
const load = (name) => require(name).default ?? require(name);
let posts = 0;
let isCut = false;
const server = createServer(async (request, response) => {
  for await (const _ of request);
  posts++;
  if (posts > 1) return response.end('{}');
  if (isCut) return request.socket.destroy();
  response.writeHead(503, { 'Retry-After': '1' }).end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;
const post = { method: 'POST', body: 'x' };
const first = axios.create();
axiosRetry(first);
const second = axios.create();
second.defaults.raxConfig = { instance: second };
rax.attach(second);
const clients = {
  'axios-retry': () => first.post(url, 'x'),
  'fetch-retry': () => load('fetch-retry')(fetch)(url, post),
  'node-fetch-retry': () => load('node-fetch-retry')(url, { ...post, retry: 2 }),
  'fetch-retry-ts': () => load('fetch-retry-ts')(fetch)(url, post),
  '@vercel/fetch-retry': () => load('@vercel/fetch-retry')(fetch)(url, post),
  '@adobe/node-fetch-retry': () => adobe(url, post),
  'retry-axios': () => second.post(url, 'x'),
  ofetch: () => ofetch(url, post),
};
console.error = () => undefined;
for (const [name, ask] of Object.entries(clients)) {
  const seen = [];
  for (isCut of [false, true]) {
    posts = 0;
    await ask().catch(() => undefined);
    seen.push(posts);
  }
  console.log(`${name}: ${seen.join(', ')}`);
}
process.exit(0);
JS
seen=$(node ask.mjs 2>node.log)
printf '%s\n' "$seen"
[ "$seen" = 'axios-retry: 1, 2
fetch-retry: 1, 2
node-fetch-retry: 1, 2
fetch-retry-ts: 2, 2
@vercel/fetch-retry: 2, 2
@adobe/node-fetch-retry: 2, 2
retry-axios: 1, 1
ofetch: 1, 1' ]
