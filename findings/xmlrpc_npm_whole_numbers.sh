#!/bin/sh
# npm's XML-RPC client `xmlrpc` writes each number without a fraction as <int>, however large: 1e21 goes out as <int>1e+21</int>,
# which no parser accepts as an integer, not even Python's. And it reads <i8>, the type for ids over 2147483647, as a string: 5 ==
# id is true, 5 === id is false, and id + 1 is "51".
#
# Versions: xmlrpc 1.3.2 (npm), Node 20, Python 3.11
# Seen:
#   1099511627776 is sent as <int>1099511627776</int>, Python reads 1099511627776
#   1e+21 is sent as <int>1e+21</int>, Python reads ValueError
#   <int>5</int> is the number 5
#   <i8>5</i8> is the string 5
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent xmlrpc@1.3.2 >>npm.log
cat >ask.cjs <<'JS'
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:http');
const xmlrpc = require('xmlrpc');

const READ = `
import sys, xmlrpc.client
try:
    print(xmlrpc.client.loads(sys.stdin.read())[0][0])
except Exception as error:
    print(type(error).__name__)
`;
let answer = '<int>5</int>';
let sent = '';
const server = createServer(async (request, response) => {
  sent = '';
  for await (const chunk of request) sent += chunk;
  response.setHeader('Content-Type', 'text/xml');
  response.end(`<?xml version="1.0"?><methodResponse><params><param><value>${answer}</value></param></params></methodResponse>`);
});
server.listen(0, '127.0.0.1');
once(server, 'listening').then(async () => {
  const client = xmlrpc.createClient({ host: '127.0.0.1', port: server.address().port, path: '/' });
  const call = (value) =>
    new Promise((resolve, reject) => client.methodCall('m', [value], (error, result) => (error ? reject(error) : resolve(result))));
  for (const value of [2 ** 40, 1e21]) {
    await call(value);
    const read = execFileSync('python3', ['-c', READ], { input: sent, encoding: 'utf8' }).trim();
    console.log(`${value} is sent as ${/<value>(.*)<\/value>/.exec(sent)[1]}, Python reads ${read}`);
  }
  for (answer of ['<int>5</int>', '<i8>5</i8>']) {
    const value = await call(1);
    console.log(`${answer} is the ${typeof value} ${value}`);
  }
  server.close();
  server.closeAllConnections();
});
JS
seen=$(node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "1099511627776 is sent as <int>1099511627776</int>, Python reads 1099511627776
1e+21 is sent as <int>1e+21</int>, Python reads ValueError
<int>5</int> is the number 5
<i8>5</i8> is the string 5" ]
