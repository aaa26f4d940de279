#!/bin/sh
# A record of NDJSON ends at a line feed, and JSON may contain U+2028 or U+0085 unescaped. Three Python packages split there,
# since str.splitlines does. The package ndjson then joins the parts with commas, so a name with U+2028 changes without an error.
# iter_lines of httpx, and that of requests with decode_unicode=True, return partial records. Without this option, requests splits
# bytes, which is correct.
#
# Versions: ndjson 0.3.1, httpx 0.28.1, requests 2.34.2, Python 3.11
# Seen:
#   ndjson.loads: "a,b"
#   httpx: 2 lines, the first is no JSON
#   requests: 1 line, decode_unicode=True: 2 lines, the first is no JSON
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet ndjson==0.3.1 httpx==0.28.1 requests==2.34.2
cat >ask.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import ndjson
import requests

text = json.dumps({'name': 'a\u2028b'}, ensure_ascii=False) + '\n'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = text.encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/x-ndjson; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def seen(lines):
    try:
        [json.loads(line) for line in lines]
    except ValueError:
        return f'{len(lines)} lines, the first is no JSON'
    return f'{len(lines)} line'


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/'
print('ndjson.loads:', json.dumps(ndjson.loads(text)[0]['name']))
with httpx.stream('GET', url) as response:
    print('httpx:', seen(list(response.iter_lines())))
as_bytes = seen(list(requests.get(url, stream=True).iter_lines()))
as_text = seen(list(requests.get(url, stream=True).iter_lines(decode_unicode=True)))
print(f'requests: {as_bytes}, decode_unicode=True: {as_text}')
PY
out=$(venv/bin/python ask.py)
printf '%s\n' "$out"
[ "$out" = 'ndjson.loads: "a,b"
httpx: 2 lines, the first is no JSON
requests: 1 line, decode_unicode=True: 2 lines, the first is no JSON' ]
