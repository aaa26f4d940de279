#!/bin/sh
# JSON-RPC 2.0: only a request without an "id" goes unanswered. An id of null is discouraged, but it is an id. jayson treats the
# request as a notification and does not answer; json-rpc-2.0 and both Python libraries answer. An id of 1.5 is refused by
# jsonrpc-lite and by Python's json-rpc, whose error lacks the id; the others answer it. jsonrpc-lite also refuses an error with
# an empty message.
#
# Versions: jayson 5.0.0, json-rpc-2.0 1.8.1, jsonrpc-lite 2.2.0 (npm); jsonrpcserver 5.0.9, json-rpc 1.15.0 (PyPI), Python 3.11, Node 20
# Seen:
#   jayson: null nothing, 1.5 answered
#   json-rpc-2.0: null answered, 1.5 answered
#   jsonrpc-lite: null invalid, 1.5 invalid, error with an empty message invalid
#   jsonrpcserver: null answered, 1.5 answered
#   json-rpc: null answered, 1.5 error -32600 with the id None
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent jayson@5.0.0 json-rpc-2.0@1.8.1 jsonrpc-lite@2.2.0 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet jsonrpcserver==5.0.9 json-rpc==1.15.0
cat >ask.cjs <<'JS'
const jayson = require('jayson');
const { JSONRPCServer } = require('json-rpc-2.0');
const lite = require('jsonrpc-lite');

const ask = (id) => ({ jsonrpc: '2.0', id, method: 'one', params: [] });
const shown = (answer) => (answer ? 'answered' : 'nothing');
const first = new jayson.Server({ one: (_args, done) => done(null, 1) });
const second = new JSONRPCServer();
second.addMethod('one', () => 1);
const call = (id) => new Promise((resolve) => first.call(ask(id), (error, answer) => resolve(error ?? answer)));
const kind = (message) => lite.parse(JSON.stringify(message)).type;
(async () => {
  console.log(`jayson: null ${shown(await call(null))}, 1.5 ${shown(await call(1.5))}`);
  console.log(`json-rpc-2.0: null ${shown(await second.receive(ask(null)))}, 1.5 ${shown(await second.receive(ask(1.5)))}`);
  const error = { jsonrpc: '2.0', id: 1, error: { code: -32000, message: '' } };
  console.log(`jsonrpc-lite: null ${kind(ask(null))}, 1.5 ${kind(ask(1.5))}, error with an empty message ${kind(error)}`);
})();
JS
cat >ask.py <<'PYTHON'
import json

from jsonrpc import JSONRPCResponseManager, dispatcher
from jsonrpcserver import Success, dispatch, method


@method
def one():
    return Success(1)


dispatcher["one"] = lambda: 1
for name, serve in (
    ("jsonrpcserver", dispatch),
    ("json-rpc", lambda text: JSONRPCResponseManager.handle(text, dispatcher).json),
):
    seen = []
    for number in ("null", "1.5"):
        answer = json.loads(serve('{"jsonrpc":"2.0","id":%s,"method":"one","params":[]}' % number))
        error = answer.get("error")
        seen.append(f"{number} " + (f"error {error['code']} with the id {answer['id']}" if error else "answered"))
    print(f"{name}: {', '.join(seen)}")
PYTHON
seen=$(node ask.cjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "jayson: null nothing, 1.5 answered
json-rpc-2.0: null answered, 1.5 answered
jsonrpc-lite: null invalid, 1.5 invalid, error with an empty message invalid
jsonrpcserver: null answered, 1.5 answered
json-rpc: null answered, 1.5 error -32600 with the id None" ]
