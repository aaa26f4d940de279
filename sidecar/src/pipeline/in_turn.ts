// Starts the requests of one connection one after the other. HTTP lets a client send its next request before the last one is
// answered (pipelining), and Node would start all of them at once. If the client disconnects, Node does not report this for
// requests whose answers are still queued, so their resources would never be freed, and the number of queued answers would be
// unlimited.

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests may wait on one connection. A client that sends more requests than this does not want answers. */
const mostWaiting = 16;

export function inTurn(listener: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    if (response.socket !== null) {
      listener(request, response);
      return;
    }
    const { socket } = request;
    const before = waiting.get(socket) ?? 0;
    if (before >= mostWaiting) {
      socket.destroy();
      return;
    }
    waiting.set(socket, before + 1);
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      listener(request, response);
    });
  };
}
