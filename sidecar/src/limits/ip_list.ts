// Checks the caller's address: its credential's own list and its profile's list must both allow it.

import { GatewayError } from '../errors.ts';
import type { Range } from '../ip.ts';
import { inRange, parseAddress, parseRange } from '../ip.ts';
import type { Policy, Principal, RequestContext } from '../pipeline/context.ts';

export function ipList(): Policy {
  return {
    appliesTo: ['authenticated'],
    check(context: RequestContext): undefined {
      if (!mayComeFrom(context.principal, context.address)) throw new GatewayError('address.not_allowed');
    },
  };
}

export function mayComeFrom(principal: Pick<Principal, 'ips' | 'policy'>, address: string): boolean {
  return isListed(principal.ips, address) && isListed(principal.policy.ips, address);
}

/** Lists are parsed only once, because principals are cached for a long time. */
const parsed = new WeakMap<readonly string[], readonly Range[]>();

function isListed(list: readonly string[], address: string): boolean {
  if (list.length === 0) return true;
  let ranges = parsed.get(list);
  if (ranges === undefined) {
    // Odoo has validated the stored list. If an entry nevertheless cannot be parsed here, it allows no address.
    ranges = list.flatMap((entry) => parseRange(entry) ?? []);
    parsed.set(list, ranges);
  }
  const caller = parseAddress(address);
  return caller !== undefined && ranges.some((range) => inRange(caller, range));
}
