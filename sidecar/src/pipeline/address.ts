// Determines the client's address: the peer's address or, if the peer is a trusted proxy, that of the last hop that is not a
// trusted proxy.

import type { ForwardedHeader } from '../config.ts';
import type { Address, Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';
import type { Policy, RequestContext } from './context.ts';
import { forwardedElements } from './forwarded.ts';

export function clientAddress(trusted: readonly Range[], header: ForwardedHeader): Policy {
  return {
    appliesTo: ['internal', 'anonymous', 'authenticated', 'preflight'],
    check(context: RequestContext): undefined {
      const { request } = context;
      context.address = addressBehind(request.socket.remoteAddress ?? '', request.headers[header], header, trusted);
    },
  };
}

/**
 * Reads the hops from right to left; each is trusted only because the hop to its right is trusted. A hop that is not an address
 * (`unknown`, `_hidden`, garbage) ends the search at the proxy that reported it.
 */
export function addressBehind(
  peer: string,
  forwarded: string | string[] | undefined,
  header: ForwardedHeader,
  trusted: readonly Range[],
): string {
  if (trusted.length === 0) return spelling(peer);
  let client = parseAddress(peer);
  if (client === undefined) return peer;
  const text = Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '');
  const hops = header === 'forwarded' ? hopsOfForwarded(text) : text.split(',');
  for (let i = hops.length - 1; i >= 0 && isTrusted(client, trusted); i -= 1) {
    const hop = parseHop(hops[i] ?? '');
    if (hop === undefined) break;
    client = hop;
  }
  return client.toString();
}

/** The kernel's addresses are well-formed; only the prefix of a mapped address and a zone have to be removed. */
function spelling(peer: string): string {
  if (peer.startsWith('::ffff:') && peer.includes('.')) return peer.slice('::ffff:'.length);
  const zone = peer.indexOf('%');
  return zone === -1 ? peer : peer.slice(0, zone);
}

function isTrusted(address: Address, trusted: readonly Range[]): boolean {
  return trusted.some((range) => inRange(address, range));
}

/** `192.0.2.1`, `192.0.2.1:8080`, `2001:db8::1`, `[2001:db8::1]:8080`. */
function parseHop(text: string): Address | undefined {
  const hop = text.trim();
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop);
  if (bracketed?.[1] !== undefined) return parseAddress(bracketed[1]);
  const withPort = /^([\d.]+):\d{1,5}$/.exec(hop);
  return parseAddress(withPort?.[1] ?? hop);
}

/** The `for` parameter of each element, in order; an element without one is an unknown hop. */
function hopsOfForwarded(text: string): string[] {
  return forwardedElements(text).map((element) => element.get('for') ?? 'unknown');
}
