// Ports: chosen by environment, reported when busy, never taken from another program.

import { createServer } from 'node:net';
import { Failure } from './report.mjs';

const ports = {
  gateway: { variable: 'STACK_GATEWAY_PORT', meantFor: 'the sidecar', standard: 8080 },
  odoo: { variable: 'STACK_ODOO_PORT', meantFor: 'Odoo', standard: 8069 },
  gevent: { variable: 'STACK_GEVENT_PORT', meantFor: "Odoo's WebSocket", standard: 8072 },
  postgres: { variable: 'STACK_POSTGRES_PORT', meantFor: 'Postgres', standard: 5469 },
};

/** @typedef {keyof typeof ports} PortName */

/** The port that the environment names, or null. @param {PortName} name */
export function chosenPort(name) {
  const { variable } = ports[name];
  const text = process.env[variable];
  if (!text) return null;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Failure(`${variable}=${text} is not a port.`, { hint: 'Give a number from 1 to 65535.' });
  return port;
}

/** @param {PortName} name */
export function portOf(name) {
  return chosenPort(name) ?? ports[name].standard;
}

/** Fails if another program listens on this port. @param {PortName} name @param {number} port */
export async function requireFree(name, port) {
  if (await isFree(port)) return;
  const { variable, meantFor } = ports[name];
  throw new Failure(`Port ${port}, meant for ${meantFor} (${variable}), is in use by another program.`, {
    hint: `End that program, or choose another port: ${variable}=${port + 1000 > 65535 ? port - 1000 : port + 1000}.`,
  });
}

/** @param {number} port */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port of 127.0.0.1 on which nothing listened a moment ago. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
