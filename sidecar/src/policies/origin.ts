// Under which origin a caller reached the gateway, for addresses in answers.

import type { RequestContext } from '../context.ts';
import type { Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';

export type OriginOf = (context: RequestContext) => string;

const hostFormat = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** @param trusted proxies whose `X-Forwarded-Proto` and `X-Forwarded-Host` are believed */
export function originBehind(trusted: readonly Range[]): OriginOf {
  return ({ request }) => {
    const peer = parseAddress(request.socket.remoteAddress ?? '');
    const isProxied = peer !== undefined && trusted.some((range) => inRange(peer, range));
    const scheme = isProxied && last(request.headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
    const host = (isProxied ? last(request.headers['x-forwarded-host']) : undefined) ?? request.headers.host ?? '';
    return `${scheme}://${hostFormat.test(host) ? host : 'localhost'}`;
  };
}

/** What the nearest proxy wrote. */
function last(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text?.split(',').at(-1)?.trim().toLowerCase();
}
