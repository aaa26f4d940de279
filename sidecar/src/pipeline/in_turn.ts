// HTTP lets a client send its next request before the last one is answered. Node would begin all of them at once, and of those
// whose answers have no place on the connection yet it tells nobody when the client leaves: what they hold would be held for
// good, and nothing would bound the answers that wait. So the requests of one connection begin one after the other.

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that wait on one connection; with more, the client does not want answers. */
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
