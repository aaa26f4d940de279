// Node's HTTP server, where it serves fewer clients than it could.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { inTurn } from './in_turn.ts';
import { mostHeaderBytes, refuseMalformed } from './parser_faults.ts';

/** A client that ends its half of the connection so soon after its request waits for the answer; later, it has left. */
const halfCloseMs = 1_000;

interface Exchange {
  readonly response: ServerResponse;
  readonly since: number;
}

/** @param takesUpgrade whether a request may become something else than HTTP/1.1; all others are answered as if they did not ask */
export function createHttpServer(app: RequestListener, takesUpgrade: (request: IncomingMessage) => boolean): Server {
  const server = createServer(
    // Longer than load balancers keep idle connections, so that none is closed under a request.
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
  // The body's policy says "go on", once nothing in the head stands against it.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  // Other values of Expect are not known here, and are no reason to refuse the request.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerHalfClosed(server);
  return server;
}

/**
 * A client that has left looks like one that has sent everything, until something is written to it. So time tells them
 * apart: work for a client that has left would keep others waiting.
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
