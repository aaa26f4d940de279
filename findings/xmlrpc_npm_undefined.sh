#!/bin/sh
# npm's XML-RPC client `xmlrpc` sends `undefined` as an empty string: {name: undefined} empties the name, where JSON.stringify
# leaves such a member out. odoo-await builds on it: its searchRead() sends a context that was not given as "".
#
# Versions: xmlrpc 1.3.2, odoo-await 3.4.1 (npm), Node 20, Python 3.11
# Seen:
#   {name: undefined} is {'name': ''} to Python, {} in JSON
#   {name: null} is {'name': None} to Python, {"name":null} in JSON
#   searchRead with {limit: 1} sends context ''
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent xmlrpc@1.3.2 odoo-await@3.4.1 >>npm.log
cat >ask.cjs <<'JS'
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:http');
const Odoo = require('odoo-await');
const xmlrpc = require('xmlrpc');

let sent = '';
const server = createServer(async (request, response) => {
  sent = '';
  for await (const chunk of request) sent += chunk;
  response.setHeader('Content-Type', 'text/xml');
  response.end('<?xml version="1.0"?><methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>');
});
const last = (expression) => {
  const read = `import sys, xmlrpc.client; print(repr(xmlrpc.client.loads(sys.stdin.read())[0][-1]${expression}))`;
  return execFileSync('python3', ['-c', read], { input: sent, encoding: 'utf8' }).trim();
};
server.listen(0, '127.0.0.1');
once(server, 'listening').then(async () => {
  const { port } = server.address();
  const client = xmlrpc.createClient({ host: '127.0.0.1', port, path: '/' });
  for (const name of [undefined, null]) {
    await new Promise((resolve) => client.methodCall('m', [{ name }], resolve));
    console.log(`{name: ${name}} is ${last('')} to Python, ${JSON.stringify({ name })} in JSON`);
  }
  const odoo = new Odoo({ baseUrl: 'http://127.0.0.1', port, db: 'd', username: 'u', password: 'p' });
  await odoo.connect();
  await odoo.searchRead('res.partner', [], ['name'], { limit: 1 });
  console.log(`searchRead with {limit: 1} sends context ${last('["context"]')}`);
  server.close();
  server.closeAllConnections();
});
JS
seen=$(node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "{name: undefined} is {'name': ''} to Python, {} in JSON
{name: null} is {'name': None} to Python, {\"name\":null} in JSON
searchRead with {limit: 1} sends context ''" ]
