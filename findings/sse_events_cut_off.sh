#!/bin/sh
# An event of a stream ends with an empty line. If the connection ends before this line, the standard says to drop the event,
# since it may be incomplete. sseclient-py delivers it as if it were complete: an amount of 1250 that was cut off arrives as 12.
# httpx-sse, aiosseclient and eventsource-parser drop it.
#
# Versions: sseclient-py 1.9.0, httpx-sse 0.4.3, aiosseclient 0.1.8, eventsource-parser 3.1.1, Python 3.11, Node 20
# Seen, for the event "1" and the beginning of the event "1250":
#   httpx-sse: 1
#   aiosseclient: 1
#   sseclient-py: 1, 12
#   eventsource-parser: 1
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet httpx==0.28.1 httpx-sse==0.4.3 aiohttp==3.13.2 aiosseclient==0.1.8 sseclient-py==1.9.0 requests==2.34.2
npm init --yes >npm.log
npm install --silent eventsource-parser@3.1.1 >>npm.log
cat >ask.mjs <<'JS'
import { EventSourceParserStream } from 'eventsource-parser/stream';

const { body } = await fetch(process.argv[2]);
const seen = [];
for await (const { data } of body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) seen.push(data);
console.log(`eventsource-parser: ${seen.join(', ')}`);
JS
cat >ask.py <<'PY'
import asyncio
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import requests
import sseclient
from aiosseclient import aiosseclient
from httpx_sse import connect_sse

# Without Content-Length, the end of the connection is the end of the body.
stream = b'data: 1\n\ndata: 12'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(stream)

    def log_message(self, *args):
        pass


def show(name, events):
    print(f'{name}:', ', '.join(event.data for event in events), flush=True)


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
[ "$out" = 'httpx-sse: 1
aiosseclient: 1
sseclient-py: 1, 12
eventsource-parser: 1' ]
