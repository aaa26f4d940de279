#!/bin/sh
# npm's davexmlrpc sends true as <boolean>true</boolean>; XML-RPC knows only 0 and 1, and Python's server, which Odoo uses,
# refuses the call. It sends null as an empty struct, even inside a domain, and reads nil as the object {"nil": ""}, which counts
# as true. @foxglove/xmlrpc sends 1 and nil; Python reads both.
#
# Versions: davexmlrpc 0.4.26, @foxglove/xmlrpc 1.3.0 (npm), Node 20, Python 3.11
# Seen, for [["active", "=", true]] and [["parent_id", "=", null]] as Python reads them:
#   davexmlrpc: refused, [['parent_id', '=', {}]]
#   @foxglove/xmlrpc: [['active', '=', True]], [['parent_id', '=', None]]
#   an answer of nil: davexmlrpc {"nil":""}
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent davexmlrpc@0.4.26 @foxglove/xmlrpc@1.3.0 >>npm.log
cat >write.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { serializeMethodCall } from '@foxglove/xmlrpc';
import dave from 'davexmlrpc';

for (const [index, domain] of [[['active', '=', true]], [['parent_id', '=', null]]].entries()) {
  writeFileSync(`davexmlrpc.${index}`, dave.buildCall('search', [domain], 'xml'));
  writeFileSync(`foxglove.${index}`, await serializeMethodCall('search', [domain]));
}
JS
cat >read.py <<'PYTHON'
from xmlrpc.client import loads

for label, name in (("davexmlrpc", "davexmlrpc"), ("@foxglove/xmlrpc", "foxglove")):
    seen = []
    for index in range(2):
        with open(f"{name}.{index}", encoding="utf-8") as file:
            try:
                seen.append(str(loads(file.read())[0][0]))
            except TypeError:
                seen.append("refused")
    print(f"{label}: {', '.join(seen)}")
PYTHON
cat >ask.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import dave from 'davexmlrpc';

const answer = '<?xml version="1.0"?><methodResponse><params><param><value><nil/></value></param></params></methodResponse>';
const server = createServer((request, response) => {
  request.resume();
  response.setHeader('Content-Type', 'text/xml');
  response.end(answer);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
dave.client(`http://127.0.0.1:${server.address().port}/`, 'read', [], 'xml', (error, value) => {
  console.log(`an answer of nil: davexmlrpc ${JSON.stringify(error ?? value)}`);
  server.close();
  server.closeAllConnections();
});
JS
seen=$(node write.mjs && python3 read.py && node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = "davexmlrpc: refused, [['parent_id', '=', {}]]
@foxglove/xmlrpc: [['active', '=', True]], [['parent_id', '=', None]]
an answer of nil: davexmlrpc {\"nil\":\"\"}" ]
