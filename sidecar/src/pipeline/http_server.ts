// Adapts Node's HTTP server to clients that it would not serve by default.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { inTurn } from './in_turn.ts';
import { mostHeaderBytes, refuseMalformed } from './parser_faults.ts';

/**
 * If a client closes its half of the connection within this time after its request, it still waits for the answer. If the
 * client closes its half later, it counts as disconnected.
 */
const halfCloseMs = 1_000;

interface Exchange {
  readonly response: ServerResponse;
  readonly since: number;
}

/** @param takesUpgrade whether a request may be upgraded to another protocol; all others are answered as normal requests */
export function createHttpServer(app: RequestListener, takesUpgrade: (request: IncomingMessage) => boolean): Server {
  const server = createServer(
    // Connections are kept longer than load balancers keep idle ones, so that none is closed while a request is being sent.
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
  // The step `body` sends "100 Continue" once the head has passed all checks.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  // Other values of Expect are unknown here, but not a reason for refusing the request.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerHalfClosed(server);
  return server;
}

/**
 * Until something is written to the connection, a client that has disconnected looks like one that has finished sending. They are
 * distinguished by time, because work for a disconnected client would delay others.
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
