// Adapts Node's HTTP server to clients that it would not serve by itself.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { inTurn } from './in_turn.ts';
import { mostHeaderBytes, refuseMalformed } from './parser_faults.ts';

/**
 * A client that closes its half of the connection within this time after its request still waits for the answer. After it, the
 * client has left.
 */
const halfCloseMs = 1_000;

interface Exchange {
  readonly response: ServerResponse;
  readonly since: number;
}

/** @param takesUpgrade whether a request may become something else than HTTP/1.1; all others are answered as normal requests */
export function createHttpServer(app: RequestListener, takesUpgrade: (request: IncomingMessage) => boolean): Server {
  const server = createServer(
    // Longer than load balancers keep idle connections, so that no connection closes under a request.
    {
      keepAliveTimeout: 75_000,
      headersTimeout: 20_000,
      requestTimeout: 60_000,
      maxHeaderSize: mostHeaderBytes,
      shouldUpgradeCallback: takesUpgrade,
    },
    inTurn(app),
  );
  server.on('clientError', refuseMalformed);
  // The body's policy sends "100 Continue" once the head has passed all checks.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  // Other values of Expect are unknown here, but no reason to refuse the request.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerHalfClosed(server);
  return server;
}

/**
 * Until something is written to it, a client that has left looks like one that has sent everything. So they are told apart by
 * time, because work for a client that has left would delay others.
 */
function answerHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
  const latest = new WeakMap<Socket, Exchange>();
  server.on('request', ({ socket }, response) => latest.set(socket, { response, since: performance.now() }));
  server.on('connection', (socket) => {
    socket.once('end', () => {
      const exchange = latest.get(socket);
      if (exchange === undefined || exchange.response.headersSent) return;
      if (performance.now() - exchange.since > halfCloseMs) socket.destroy();
    });
  });
}
