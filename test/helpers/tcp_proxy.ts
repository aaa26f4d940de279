// A proxy to Postgres (or anything on 127.0.0.1) that a test can cut: its client then sees the server as gone.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** The number of connections so far. */
  readonly opened: () => number;
  /** Ends all connections and refuses new ones, as a stopped server does. */
  cut: () => Promise<void>;
  /** Lets connections through again, on the same port. */
  restore: () => Promise<void>;
  /** Silently drops the open connections without notifying either end, as a firewall does; new ones work. */
  forget: () => void;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let opened = 0;
  const server = createServer((client) => {
    opened += 1;
    const target = connect(targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    opened: () => opened,
    async cut() {
      if (!server.listening) return; // it is cut already
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async restore() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    forget() {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}
