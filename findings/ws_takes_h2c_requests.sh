#!/bin/sh
# A client may offer HTTP/2 over clear text with `Upgrade: h2c`; a server that does not speak it ignores the offer and answers
# (RFC 9110, section 7.8). java.net.http.HttpClient does so on every first request to an http:// address. Beside a WebSocketServer of
# `ws` on the same server, Node hands each request with an Upgrade header to `ws`, which refuses it with 400. The application
# never sees it. The same happens if `ws` has a path of its own: requests to every other path are refused, too.
#
# Versions: ws 8.18.3, Node 20 and 24
# Seen:
#   without ws: 200 answer of the application
#   with ws: 400 Invalid Upgrade header
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent ws@8.18.3 >>npm.log
cat >ask.mjs <<'JS'
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';

const ask = (port) =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        'GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
          'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n\r\n',
      ),
    );
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(text));
  });

for (const withWs of [false, true]) {
  const server = createServer((_request, response) => response.end('answer of the application'));
  if (withWs) new WebSocketServer({ server, path: '/live' });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await ask(server.address().port);
  const [, status] = answer.split(' ');
  console.log(`${withWs ? 'with ws' : 'without ws'}: ${status} ${answer.split('\r\n\r\n')[1]}`);
  server.close();
  server.closeAllConnections();
}
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = "without ws: 200 answer of the application
with ws: 400 Invalid Upgrade header" ]
