#!/bin/sh
# A server-sent event that has an id but no data only moves the client's position: by the standard, it causes no message. Two
# Python clients deliver an empty message, whose data json.loads refuses. They do so for a lone "retry:" as well.
# fetch-event-stream delivers a message without data; its ids are numbers if they look like one, so "007" becomes 7 and a long id
# loses digits.
#
# Versions: httpx-sse 0.4.3, aiosseclient 0.1.8, sseclient-py 1.9.0, fetch-event-stream 0.1.6, Python 3.11, Node 20
# Seen, for a retry, an id without data, and an event with data:
#   httpx-sse: "", "", "{}"
#   aiosseclient: "", "", "{}"
#   sseclient-py: "{}"
#   fetch-event-stream: undefined, undefined, {}
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet httpx==0.28.1 httpx-sse==0.4.3 aiohttp==3.13.2 aiosseclient==0.1.8 sseclient-py==1.9.0 requests==2.34.2
npm init --yes >npm.log
npm install --silent fetch-event-stream@0.1.6 >>npm.log
cat >ask.mjs <<'JS'
import { events } from 'fetch-event-stream';

const seen = [];
for await (const { data } of events(await fetch(process.argv[2]))) seen.push(String(data));
console.log(`fetch-event-stream: ${seen.join(', ')}`);
JS
cat >ask.py <<'PY'
import asyncio
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import requests
import sseclient
from aiosseclient import aiosseclient
from httpx_sse import connect_sse

stream = b'retry: 1000\n\nid: 7\n\nid: 8\ndata: {}\n\n'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Content-Length', str(len(stream)))
        self.end_headers()
        self.wfile.write(stream)

    def log_message(self, *args):
        pass


def show(name, events):
    print(f'{name}:', ', '.join(json.dumps(event.data) for event in events), flush=True)


async def of_aiosseclient():
    return [event async for event in aiosseclient(url)]


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/'
with httpx.Client() as client, connect_sse(client, 'GET', url) as source:
    show('httpx-sse', source.iter_sse())
show('aiosseclient', asyncio.run(of_aiosseclient()))
show('sseclient-py', sseclient.SSEClient(requests.get(url, stream=True)).events())
subprocess.run(['node', 'ask.mjs', url], check=True)
PY
out=$(venv/bin/python ask.py)
printf '%s\n' "$out"
[ "$out" = 'httpx-sse: "", "", "{}"
aiosseclient: "", "", "{}"
sseclient-py: "{}"
fetch-event-stream: undefined, undefined, {}' ]
