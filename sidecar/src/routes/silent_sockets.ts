// WebSockets that have not sent a ticket yet. A browser sends its ticket at once, so the oldest socket is the most suspicious. If
// an address, or all addresses together, have too many, the oldest is closed, so new sockets are always accepted.

const most = 50;
/**
 * The maximum for one IPv4 address or one IPv6 /64. All browsers of an office may share an address, and reconnect at the same
 * time after a restart.
 */
const mostOfNetwork = 25;

export class SilentSockets<Socket> {
  /** The network of each socket, in the order of arrival. */
  readonly #networkOf = new Map<Socket, string>();
  readonly #dismiss: (socket: Socket) => void;

  constructor(dismiss: (socket: Socket) => void) {
    this.#dismiss = dismiss;
  }

  get size(): number {
    return this.#networkOf.size;
  }

  add(socket: Socket, network: string): void {
    const sockets = [...this.#networkOf.keys()];
    const own = sockets.filter((other) => this.#networkOf.get(other) === network);
    const oldest = own.length >= mostOfNetwork ? own[0] : sockets.length >= most ? sockets[0] : undefined;
    if (oldest !== undefined) {
      this.#networkOf.delete(oldest);
      this.#dismiss(oldest);
    }
    this.#networkOf.set(socket, network);
  }

  delete(socket: Socket): void {
    this.#networkOf.delete(socket);
  }
}
