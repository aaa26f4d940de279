// HTTP lets a client send its next request before the last one is answered. Node would begin all of them at once. If the client
// leaves, Node does not report it for requests whose answers still wait for their place, so their resources would never be freed,
// and waiting answers would have no bound. So the requests of one connection begin one after the other.

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests may wait on one connection. A client with more does not want answers. */
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
