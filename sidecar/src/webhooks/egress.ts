// Decides which addresses a webhook may connect to. The address is checked when the connection is made: a separate DNS look-up
// beforehand could return another address. At that point, the spelling of the address no longer matters. The rules are the same as
// in odoo_addon/api_gateway/webhooks/egress.py.

import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { Address, Range } from '../ip.ts';
import { inRange, parseAddress, parseRange } from '../ip.ts';

// From IANA's special-purpose registries: addresses that are not public hosts of the Internet.
const special = ranges(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
    '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ' +
    '2001::/23 2001:db8::/32 2002::/16 3fff::/20',
);
// All other IPv6 addresses are local, multicast, or contain an IPv4 address.
const globalIpv6 = ranges('2000::/3');

class EgressError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EgressError';
  }
}

/** Why an address is refused, or undefined. `allowed`: ranges allowed by the settings. */
export function egressRefusal(text: string, allowed: readonly Range[]): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return `${text} is not an address.`;
  if (isIn(address, allowed)) return undefined;
  if (isIn(address, special) || (address.kind() === 'ipv6' && !isIn(address, globalIpv6))) {
    return `${address} is not a public address. Settings → Webhooks can allow it.`;
  }
  return undefined;
}

/** Ranges from the setting `webhook.egress_allow`; other entries are ignored. */
export function parseAllowed(entries: readonly string[]): Range[] {
  return entries.flatMap((entry) => parseRange(entry.trim()) ?? []);
}

/** Looks up the addresses of a name, and removes those that are refused. Fails if no address is left. */
function guardedLookup(allowed: readonly Range[], lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '');
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const open: LookupAddress[] = [];
      let refusal: string | undefined;
      for (const candidate of addresses) {
        const refused = egressRefusal(candidate.address, allowed);
        if (refused === undefined) open.push(candidate);
        else refusal ??= refused;
      }
      const [first] = open;
      if (first === undefined) {
        const reason = refusal ?? 'it has no address.';
        return callback(new EgressError(`${hostname}: ${reason}`), '');
      }
      if (options.all === true) return callback(null, open);
      return callback(null, first.address, first.family);
    });
  };
}

export interface ConnectorOptions {
  /** Replaces the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
  /** Certificate authorities for receivers. They replace the system's. */
  readonly ca?: Buffer;
}

/** A connector for undici that connects to allowed addresses only. */
export function guardedConnector(
  allowed: readonly Range[],
  connectTimeoutMs: number,
  { lookup, ca }: ConnectorOptions = {},
): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: guardedLookup(allowed, lookup),
    ...(ca && { ca }),
    // This is set explicitly, because the environment could turn the check off (NODE_TLS_REJECT_UNAUTHORIZED).
    rejectUnauthorized: true,
  });
  return (options, callback) => {
    // Node does not call `lookup` for literal addresses.
    const host = options.hostname.replace(/^\[|\]$/g, '');
    const refusal = isIP(host) === 0 ? undefined : egressRefusal(host, allowed);
    if (refusal !== undefined) return callback(new EgressError(refusal), null);
    connect(options, (...args) => {
      const [error, socket] = args;
      if (error !== null) return callback(error, null);
      // Before the first byte is sent, the address to which the socket is actually connected is checked again.
      const reached = egressRefusal(socket.remoteAddress ?? '', allowed);
      if (reached === undefined) {
        socket.on('error', markReset);
        return callback(null, socket);
      }
      socket.destroy();
      return callback(new EgressError(reached), null);
    });
  };
}

/** undici would mistake a reset for the end of an answer without a length, unless the error has undici's code. */
function markReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'RESET';
}

function isIn(address: Address, list: readonly Range[]): boolean {
  return list.some((range) => inRange(address, range));
}

function ranges(text: string): Range[] {
  return text.split(' ').map((entry) => {
    const range = parseRange(entry);
    if (range === undefined) throw new Error(`${entry} is not a range`);
    return range;
  });
}
