// Addresses and ranges, IPv4 and IPv6. An IPv4-mapped IPv6 address (::ffff:192.0.2.1) counts as the IPv4 address inside it: a
// dual-stack socket shows IPv4 peers this way, and callers must not evade a list or block by another spelling.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface Range {
  readonly network: Address;
  readonly bits: number;
}

/**
 * Parses an address. Returns undefined unless the text is exactly an address: ipaddr.js would also accept `0x7f.1` and octal
 * numbers.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIP(text) === 0) return undefined;
  const zone = text.indexOf('%');
  const address = ipaddr.parse(zone === -1 ? text : text.slice(0, zone));
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a single address as a range of one. */
export function parseRange(text: string): Range | undefined {
  const slash = text.indexOf('/');
  const given = slash === -1 ? text : text.slice(0, slash);
  const network = parseAddress(given);
  if (network === undefined) return undefined;
  const size = network.kind() === 'ipv4' ? 32 : 128;
  if (slash === -1) return { network, bits: size };
  const suffix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(suffix)) return undefined;
  const mapped = network.kind() === 'ipv4' && given.includes(':');
  const bits = Number(suffix) - (mapped ? 96 : 0);
  return bits >= 0 && bits <= size ? { network, bits } : undefined;
}

export function inRange(address: Address, range: Range): boolean {
  return address instanceof ipaddr.IPv4
    ? range.network instanceof ipaddr.IPv4 && address.match(range.network, range.bits)
    : range.network instanceof ipaddr.IPv6 && address.match(range.network, range.bits);
}

/** The subscriber of an address: an IPv4 address itself, or the /64 of an IPv6 address. Any other text is returned unchanged. */
export function subscriberOf(address: string): string {
  const parsed = parseAddress(address);
  return parsed?.kind() === 'ipv6' ? subscriberNetwork(parsed) : address;
}

/**
 * One subscriber's network, as CIDR: one IPv4 address, or the /64 of an IPv6 address, in which a subscriber can use any number of
 * addresses.
 */
export function subscriberNetwork(address: Address): string {
  if (address instanceof ipaddr.IPv4) return `${address.toString()}/32`;
  return `${new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}
