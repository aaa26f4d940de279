// GET /api/live: the dashboard's WebSocket. A browser authenticates with a ticket that Odoo issued for its user and its page's
// origin. It is sent as the first message, so it never appears in a URL, a log or a proxy.
//
//   → {"event": "subscribe", "data": {"database", "ticket", "channels": ["traffic", "traffic/odoo_key:12"], "stream"?, "last"?}}
//   ← [{"id": 7, "message": {"type": "gateway.hello", "payload": {"stream", "last", "replayed"}}}]
//   ← [{"id": 8, "message": {"type": "gateway.traffic", "payload": {"channel", "at", "requests", "class_2", …, "passed": [{"at", "path", …}]}}}]
//   ← [{"id": 8, "message": {"type": "gateway.heartbeat", "payload": {"at", "per_second": {"traffic": 12.5}}}}]
//   → {"event": "subscribe", "data": {"channels": […]}}      other channels, later
//
// Ids belong to a stream, which lasts as long as the sidecar's process. A browser that reconnects to the same stream gets the
// messages it missed; otherwise `replayed` is false, and the browser reads the figures again.

import { createHash } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import type { Viewer } from '../db/live.ts';
import { readViewer, takeTicket } from '../db/live.ts';
import { subscriberOf } from '../ip.ts';
import type { LiveMessage, Push, Selection } from '../traffic/push.ts';
import { figuresOf } from '../traffic/push.ts';
import { SilentSockets } from './silent_sockets.ts';

const path = '/api/live';
const helloLimitMs = 5_000;
const mostSockets = 500;
const mostPerUser = 20;
/** This is a high limit, because a whole office may be behind one address. */
const mostPerNetwork = 200;
const pingEveryMs = 20_000;
/** A browser needs a new ticket after this time, so that it cannot watch forever after its Odoo session has ended. */
const longestLifeMs = 3_600_000;
/** The number of tickets that are being checked. */
const mostEntering = 100;
/** The most messages and pings that a browser may send between two of our pings. A browser needs only a few. */
const mostHeard = 60;
/** How long a disconnected browser may take to close the socket. */
const goodbyeMs = 1_000;
/** A browser that leaves more than this unread is disconnected. It then reconnects and gets what it missed. */
const mostUnreadBytes = 256 * 1024;

/** Close codes from 4000 on are the application's own. */
const closeCodes = { refused: 4401, forbidden: 4403, renew: 4408, malformed: 4400, tooMany: 4429 } as const;

const channel = z.string().regex(/^traffic(\/[a-z_]{1,20}:\d{1,15})?$/);
const request = z.object({
  event: z.literal('subscribe'),
  data: z.object({
    database: z.string().min(1).max(100).optional(),
    ticket: z.string().min(1).max(200).optional(),
    channels: z.array(channel).min(1).max(8),
    stream: z.string().max(64).optional(),
    last: z.int().min(0).optional(),
  }),
});
type Subscription = z.infer<typeof request>['data'];

interface Watcher {
  readonly socket: WebSocket;
  readonly database: Database;
  readonly push: Push;
  viewer: Viewer;
  channels: readonly string[];
  readonly network: string;
  readonly opened: number;
  answered: boolean;
  /** Messages and pings since our last ping. */
  heard: number;
}

export interface LiveOptions {
  /** The name of the stream. */
  readonly instance: string;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Throws if the address may not send a ticket, because it is blocked or has sent too many. */
  readonly admit: (database: Database, address: string) => void | Promise<void>;
}

export class LiveSockets {
  readonly #options: LiveOptions;
  readonly #pushes = new Map<Database, Push>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 4_096, perMessageDeflate: false });
  readonly #silent = new SilentSockets<WebSocket>((socket) => dismiss(socket, closeCodes.refused, 'no ticket'));
  readonly #watchers = new Set<Watcher>();
  #entering = 0;
  #beating: NodeJS.Timeout | undefined;
  #beats = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get load(): { readonly silent: number; readonly watching: number } {
    return { silent: this.#silent.size, watching: this.#watchers.size };
  }

  serve(database: Database, push: Push): void {
    this.#pushes.set(database, push);
    database.onChange('user', (ids) => this.#recheck(database, ids));
    database.onChange('group', () => this.#recheck(database, null));
  }

  listen(server: Server): void {
    server.on('upgrade', (incoming, socket, head) => this.#upgrade(incoming, socket, head));
    this.#beating = setInterval(() => this.#beat(), 1_000);
    this.#beating.unref();
  }

  /** Sends to all sockets that watch this database. */
  tell(database: Database, message: LiveMessage): void {
    for (const watcher of this.#watchers) if (watcher.database === database) this.#send(watcher, [message]);
  }

  stop(): void {
    clearInterval(this.#beating);
    for (const socket of this.#server.clients) socket.close(1001, 'the sidecar stops');
  }

  /** Whether a request asks for the socket: nothing else is upgraded. */
  takes({ url, headers }: IncomingMessage): boolean {
    return url?.split('?')[0] === path && headers.upgrade?.toLowerCase() === 'websocket';
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (typeof incoming.headers.origin !== 'string') refuse(socket, '403 Forbidden');
    else if (this.#watchers.size >= mostSockets) refuse(socket, '503 Service Unavailable', ['Retry-After: 5']);
    else this.#server.handleUpgrade(incoming, socket, head, (opened) => this.#open(opened, incoming));
  }

  #open(socket: WebSocket, incoming: IncomingMessage): void {
    const address = this.#options.addressOf(incoming);
    this.#silent.add(socket, subscriberOf(address));
    const late = setTimeout(() => dismiss(socket, closeCodes.refused, 'no ticket'), helloLimitMs);
    let watcher: Watcher | undefined;
    let entering = false;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearTimeout(late);
      this.#silent.delete(socket);
      if (watcher !== undefined) this.#watchers.delete(watcher);
    });
    socket.on('ping', () => hear(watcher));
    socket.on('pong', () => {
      if (watcher !== undefined) watcher.answered = true;
    });
    socket.on('message', (content, isBinary) => {
      // If the socket is already disconnected, its ticket stays valid for another attempt.
      if (socket.readyState !== WebSocket.OPEN) return;
      const { data } = isBinary ? {} : request.safeParse(parse(content.toString()));
      if (data === undefined || entering) {
        dismiss(socket, closeCodes.malformed, 'not understood');
        return;
      }
      if (watcher !== undefined) {
        hear(watcher);
        watcher.channels = data.data.channels;
        return;
      }
      // From here on, the duration depends on the database, so the browser's time limit ends.
      clearTimeout(late);
      this.#silent.delete(socket);
      if (this.#entering >= mostEntering) {
        dismiss(socket, 1013, 'try again later');
        return;
      }
      entering = true;
      this.#entering += 1;
      this.#enter(socket, incoming, address, data.data)
        .then((entered) => {
          entering = false;
          if (entered === undefined) dismiss(socket, closeCodes.refused, 'no ticket');
          if (entered === undefined || socket.readyState !== WebSocket.OPEN) return;
          if (this.#isOneTooMany(entered)) {
            dismiss(socket, closeCodes.tooMany, 'this user or address has too many open windows');
            return;
          }
          watcher = entered;
          this.#watchers.add(entered);
          this.#greet(entered, data.data);
        })
        .catch(() => dismiss(socket, 1013, 'try again later'))
        .finally(() => {
          this.#entering -= 1;
        });
    });
  }

  async #enter(socket: WebSocket, incoming: IncomingMessage, address: string, asked: Subscription): Promise<Watcher | undefined> {
    const found = [...this.#pushes].find(([database]) => database.name === asked.database);
    const { origin } = incoming.headers;
    if (found === undefined || asked.ticket === undefined || typeof origin !== 'string') return undefined;
    const [database, push] = found;
    await this.#options.admit(database, address);
    const viewer = await takeTicket(database, createHash('sha256').update(asked.ticket).digest(), origin);
    if (viewer === null) return undefined;
    const { channels } = asked;
    const network = subscriberOf(address);
    return { socket, database, push, viewer, channels, network, opened: performance.now(), answered: true, heard: 0 };
  }

  #isOneTooMany({ database, viewer, network }: Watcher): boolean {
    let [ofUser, ofNetwork] = [0, 0];
    for (const other of this.#watchers) {
      if (other.database === database && other.viewer.user_id === viewer.user_id) ofUser += 1;
      if (other.network === network) ofNetwork += 1;
    }
    return ofUser >= mostPerUser || ofNetwork >= mostPerNetwork || this.#watchers.size >= mostSockets;
  }

  #greet(watcher: Watcher, { stream, last }: Subscription): void {
    const { push } = watcher;
    const missed = stream === this.#options.instance && last !== undefined ? push.since(last) : undefined;
    const payload = { stream: this.#options.instance, last: push.lastId, replayed: missed !== undefined };
    watcher.socket.send(JSON.stringify([{ id: push.lastId, message: { type: 'gateway.hello', payload } }]));
    if (missed !== undefined) this.#send(watcher, missed);
  }

  #send(watcher: Watcher, messages: readonly LiveMessage[]): void {
    const visible = messages.flatMap((message) =>
      watcher.channels.flatMap((name) => {
        const traffic = figuresOf(message, selectionOf(watcher.viewer, name));
        if (traffic === undefined) return [];
        const payload = { channel: name, at: message.at, ...traffic };
        return [{ id: message.id, message: { type: 'gateway.traffic', payload } }];
      }),
    );
    if (visible.length > 0) write(watcher, visible);
  }

  #beat(): void {
    this.#beats += 1;
    const isPing = this.#beats % (pingEveryMs / 1_000) === 0;
    for (const watcher of this.#watchers) {
      const { socket, push, viewer, channels, opened } = watcher;
      if (performance.now() - opened > longestLifeMs) {
        dismiss(socket, closeCodes.renew, 'a new ticket is needed');
        continue;
      }
      if (isPing) {
        if (!watcher.answered) {
          socket.terminate();
          continue;
        }
        watcher.answered = false;
        watcher.heard = 0;
        socket.ping();
      }
      const rates = channels.map((name) => [name, push.perSecond(selectionOf(viewer, name))]);
      const payload = { at: Date.now(), per_second: Object.fromEntries(rates) };
      write(watcher, [{ id: push.lastId, message: { type: 'gateway.heartbeat', payload } }]);
    }
  }

  /**
   * Call this when rights have changed. Users without rights are disconnected, and former managers now see only their own
   * figures.
   */
  #recheck(database: Database, userIds: readonly number[] | null): void {
    for (const watcher of this.#watchers) {
      const userId = watcher.viewer.user_id;
      if (watcher.database !== database || (userIds !== null && !userIds.includes(userId))) continue;
      readViewer(database, userId).then(
        (viewer) => {
          if (viewer === null) dismiss(watcher.socket, closeCodes.forbidden, 'no longer allowed');
          else watcher.viewer = viewer;
        },
        () => dismiss(watcher.socket, 1013, 'try again later'),
      );
    }
  }
}

/** @param name `traffic`, or `traffic/` and a consumer */
function selectionOf({ manager, user_id }: Viewer, name: string): Selection {
  return { userId: manager ? undefined : user_id, consumer: name.split('/')[1] };
}

function write({ socket }: Watcher, messages: readonly object[]): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  // A closing handshake would wait for a client that does not read.
  if (socket.bufferedAmount > mostUnreadBytes) socket.terminate();
  else socket.send(JSON.stringify(messages));
}

/** Closes the socket with a handshake. A client that does not answer is cut off. */
function dismiss(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), goodbyeMs).unref();
}

function hear(watcher: Watcher | undefined): void {
  if (watcher === undefined || watcher.socket.readyState !== WebSocket.OPEN) return;
  watcher.heard += 1;
  if (watcher.heard > mostHeard) dismiss(watcher.socket, closeCodes.tooMany, 'too many messages');
}

/** The server has no timer for an upgraded connection. A peer that keeps its half open must not keep our half open. */
function refuse(socket: Duplex, status: string, headers: readonly string[] = []): void {
  socket.once('finish', () => socket.destroy());
  socket.end([`HTTP/1.1 ${status}`, 'Content-Length: 0', 'Connection: close', ...headers, '', ''].join('\r\n'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
