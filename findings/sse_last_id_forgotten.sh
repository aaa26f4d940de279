#!/bin/sh
# The last id of a stream of server-sent events stays valid until another one arrives: an event without an id has the id of the
# event before it, and a client that stores event ids can resume from any event. For such events, npm's eventsource returns "" as
# the id, sseclient-py and aiosseclient return None, so a program that stores each event's id starts over. httpx-sse and
# launchdarkly-eventsource keep it.
#
# Versions: eventsource 4.1.1, launchdarkly-eventsource 2.2.0, httpx-sse 0.4.3, sseclient-py 1.9.0, aiosseclient 0.1.8, Node 20
# Seen, for two events of which the first has the id 5:
#   eventsource: 5, nothing
#   launchdarkly-eventsource: 5, 5
#   httpx-sse: 5, 5
#   sseclient-py: 5, nothing
#   aiosseclient: 5, nothing
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet httpx==0.28.1 httpx-sse==0.4.3 aiohttp==3.13.2 aiosseclient==0.1.8 sseclient-py==1.9.0 requests==2.34.2
npm init --yes >npm.log
npm install --silent eventsource@4.1.1 launchdarkly-eventsource@2.2.0 >>npm.log
cat >ask.mjs <<'JS'
import { EventSource } from 'eventsource';
import launchDarkly from 'launchdarkly-eventsource';

const url = process.argv[2];
const ask = (name, Source) =>
  new Promise((resolve) => {
    const ids = [];
    const source = new Source(url);
    source.onmessage = ({ lastEventId }) => {
      ids.push(lastEventId || 'nothing');
      if (ids.length < 2) return;
      source.close();
      console.log(`${name}: ${ids.join(', ')}`);
      resolve();
    };
  });
await ask('eventsource', EventSource);
await ask('launchdarkly-eventsource', launchDarkly.EventSource ?? launchDarkly);
process.exit(0);
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

stream = b'id: 5\ndata: a\n\ndata: b\n\n'


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
    print(f'{name}:', ', '.join(event.id or 'nothing' for event in events), flush=True)


async def of_aiosseclient():
    return [event async for event in aiosseclient(url)]


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}/'
subprocess.run(['node', 'ask.mjs', url], check=True)
with httpx.Client() as client, connect_sse(client, 'GET', url) as source:
    show('httpx-sse', source.iter_sse())
show('sseclient-py', sseclient.SSEClient(requests.get(url, stream=True)).events())
show('aiosseclient', asyncio.run(of_aiosseclient()))
PY
out=$(venv/bin/python ask.py)
printf '%s\n' "$out"
[ "$out" = 'eventsource: 5, nothing
launchdarkly-eventsource: 5, 5
httpx-sse: 5, 5
sseclient-py: 5, nothing
aiosseclient: 5, nothing' ]
