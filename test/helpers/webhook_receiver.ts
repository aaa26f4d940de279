// A receiver of webhooks that remembers what arrived and misbehaves on request.
//
//   const receiver = await startReceiver();
//   receiver.answer = (event) => (event.data.id === 7 ? { status: 500 } : { status: 200 });
//   await until('it arrived', () => receiver.arrived.length === 1);

import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Event {
  id: string;
  type: string;
  timestamp: string;
  data: {
    model: string;
    id: number;
    sequence: number | null;
    changed: string[];
    previous: Record<string, unknown> | null;
    values: Record<string, unknown> | null;
  };
}

interface Arrival {
  event: Event;
  body: string;
  headers: IncomingHttpHeaders;
  /** Milliseconds since 1970. */
  at: number;
  status: number;
}

/** `reset`: the connection is cut instead of answered. */
export type Answer = { status: number; headers?: Record<string, string>; delayMs?: number; body?: string } | 'reset';

export interface Receiver {
  readonly url: string;
  /** Every request, in order of arrival, including those that were answered with an error. */
  readonly arrived: Arrival[];
  answer: (event: Event) => Answer;
  close: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const arrived: Arrival[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // the sender disconnected
    }
    const event: Event = JSON.parse(body);
    const answer = receiver.answer(event);
    const status = answer === 'reset' ? 0 : answer.status;
    arrived.push({ event, body, headers: request.headers, at: Date.now(), status });
    if (answer === 'reset') return void request.socket.destroy();
    if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    response.writeHead(status, answer.headers).end(answer.body ?? '');
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    arrived,
    answer: () => ({ status: 200 }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}
