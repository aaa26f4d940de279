import { describe, expect, test } from 'vitest';
import { inRange, parseAddress, parseRange } from '../../sidecar/src/ip.ts';
import { addressBehind } from '../../sidecar/src/pipeline/address.ts';

const proxies = ['10.0.0.0/8', '2001:db8:1::/48'].map((text) => {
  const range = parseRange(text);
  if (range === undefined) throw new Error(text);
  return range;
});

describe('the client behind X-Forwarded-For', () => {
  test.each<[peer: string, header: string | undefined, client: string, why: string]>([
    ['203.0.113.7', undefined, '203.0.113.7', 'no header'],
    ['203.0.113.7', '198.51.100.1', '203.0.113.7', 'the header of an untrusted peer is ignored'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'one proxy'],
    ['10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1', 'two proxies'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1', 'an address that the client puts in front is ignored'],
    ['10.0.0.1', '10.9.9.9, 198.51.100.1', '198.51.100.1', 'even a trusted address that the client puts in front is ignored'],
    ['10.0.0.1', '198.51.100.1, garbage', '10.0.0.1', 'garbage ends the search at the proxy that passed it on'],
    ['10.0.0.1', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2', 'a hop without an address ends the search, too'],
    ['10.0.0.1', '', '10.0.0.1', 'an empty header'],
    ['10.0.0.1', ',,', '10.0.0.1', 'nothing but commas'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3', 'the outermost proxy, if all hops are proxies'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1', 'with a port'],
    ['10.0.0.1', '[2001:DB8::1]:4711', '2001:db8::1', 'IPv6 with a port, in one spelling'],
    ['10.0.0.1', '2001:0db8:0:0:0:0:0:1', '2001:db8::1', 'IPv6 in its long form'],
    ['10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1', 'an IPv4 address written as IPv6'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1', 'the IPv4 address of a proxy written as IPv6'],
    ['::ffff:203.0.113.7', undefined, '203.0.113.7', 'a dual-stack socket'],
    ['2001:db8:1::5', '198.51.100.1', '198.51.100.1', 'a proxy with IPv6'],
    ['2001:db8:2::5', '198.51.100.1', '2001:db8:2::5', 'a proxy outside the trusted range'],
    ['10.0.0.1', '0x0a.1.1.1', '10.0.0.1', 'hexadecimal is not an address'],
    ['10.0.0.1', '010.1.1.1', '10.0.0.1', 'octal is not an address'],
    ['10.0.0.1', '3405803777', '10.0.0.1', 'a single number is not an address'],
    ['fe80::1%eth0', undefined, 'fe80::1', 'a link-local peer'],
  ])('%s, %s: %s (%s)', (peer, header, client) => {
    expect(addressBehind(peer, header, 'x-forwarded-for', proxies)).toBe(client);
  });

  test('without trusted proxies, the header is ignored, and an IPv4 address has one spelling', () => {
    expect(addressBehind('10.0.0.1', '198.51.100.1', 'x-forwarded-for', [])).toBe('10.0.0.1');
    expect(addressBehind('::ffff:10.0.0.1', undefined, 'x-forwarded-for', [])).toBe('10.0.0.1');
  });
});

describe('the client behind Forwarded', () => {
  test.each([
    ['for=198.51.100.1', '198.51.100.1'],
    ['For="198.51.100.1:4711";proto=https;by=10.0.0.1', '198.51.100.1'],
    ['for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['for=198.51.100.1, for=10.0.0.2', '198.51.100.1'],
    ['for=1.1.1.1, for=198.51.100.1;host="a,b;for=2.2.2.2"', '198.51.100.1'],
    ['for="1.1.1.1, for=2.2.2.2", for=198.51.100.1', '198.51.100.1'],
    ['for=198.51.100.1, proto=https', '10.0.0.1'],
    ['for=_hidden', '10.0.0.1'],
    ['for=unknown, for=10.0.0.2', '10.0.0.2'],
    ['', '10.0.0.1'],
  ])('%s: %s', (header, client) => {
    expect(addressBehind('10.0.0.1', header, 'forwarded', proxies)).toBe(client);
  });
});

describe('ranges', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
  ])('%s holds %s: %s', (range, address, held) => {
    const parsed = { range: parseRange(range), address: parseAddress(address) };
    if (parsed.range === undefined || parsed.address === undefined) throw new Error('not parsed');
    expect(inRange(parsed.address, parsed.range)).toBe(held);
  });

  test.each(['', '192.0.2.0/33', '192.0.2/24', '192.0.2.0/-1', '192.0.2.0/1e1', '2001:db8::/129', '::ffff:1.2.3.4/95', 'a/8'])(
    '"%s" is not a range',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );
});
