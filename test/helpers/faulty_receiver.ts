// Answers each connection with one case of the addon's table of receivers' faults;
// odoo_addon/api_gateway/tests/faulty_receiver.py does the same for Odoo's own deliveries.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from './https_server.ts';

export interface Fault {
  readonly name: string;
  /** `none`: the URL is https, but the receiver does not speak TLS. */
  readonly tls?: 'none' | 'known' | 'unknown';
  /** How much of the request is read first, all of it by default. */
  readonly hears?: 'nothing' | 'some';
  readonly says?: string;
  /** Sent repeatedly, at once or slowly. */
  readonly endless?: string;
  readonly drips?: string;
  readonly then?: 'reset' | 'end' | 'wait';
  /** The HTTP status that the attempt must record; unset: any. */
  readonly status?: number;
  /** Unset: the attempt fails. */
  readonly delivered?: boolean;
}

export const faults: readonly Fault[] = JSON.parse(
  readFileSync(new URL('../../odoo_addon/api_gateway/tests/receiver_faults.json', import.meta.url), 'utf8'),
);

export type Certificates = Readonly<Record<'known' | 'unknown', Certificate>>;

export interface FaultyReceiver {
  readonly url: string;
  close: () => void;
}

export async function startFaultyReceiver(fault: Fault, certificates: Certificates): Promise<FaultyReceiver> {
  const open = new Set<Socket>();
  const { tls = 'none' } = fault;
  const server = createServer((raw) => {
    open.add(raw);
    raw.on('error', () => raw.destroy()).on('close', () => open.delete(raw));
    const socket = tls === 'none' ? raw : new TLSSocket(raw, { isServer: true, ...certificates[tls] });
    socket.on('error', () => raw.destroy());
    void play(fault, socket, raw);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${fault.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hook`,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function play(fault: Fault, socket: Socket, raw: Socket): Promise<void> {
  await hear(socket, fault.hears);
  const finish = () => {
    if (fault.then === 'reset') raw.resetAndDestroy();
    // With TLS: closes without close_notify.
    else if (fault.then === 'end') raw.end();
  };
  if (fault.says !== undefined) await new Promise((said) => socket.write(fault.says ?? '', 'latin1', said));
  if (fault.endless !== undefined) flood(socket, fault.endless.repeat(1_000));
  else if (fault.drips !== undefined) drip(socket, fault.drips);
  else finish();
}

function hear(socket: Socket, what: Fault['hears']): Promise<void> {
  if (what === 'nothing') return Promise.resolve();
  let heard = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (what === 'some' || heard.includes('\r\n\r\n{}')) resolve();
    });
  });
}

function flood(socket: Socket, text: string): void {
  const more = () => {
    while (socket.writable && socket.write(text, 'latin1'));
  };
  socket.on('drain', more);
  more();
}

function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text, 'latin1'), 50);
  socket.on('close', () => clearInterval(timer));
}
