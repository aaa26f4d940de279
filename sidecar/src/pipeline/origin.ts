// Under which address callers reach the gateway, for the addresses that answers hold. What an administrator has set is
// always the one. Only without it is the request believed, as far as it names a host and nothing else: whoever sends a
// request chooses its `Host`, so no answer that follows it may be stored for another caller.

import type { Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';
import type { RequestContext } from './context.ts';

/** Without a slash at the end; an address that was set may have a path. */
export type OriginOf = (context: RequestContext) => string;

/** For `Vary`: what the origin depends on besides the settings. */
export const originHeaders = 'Host, X-Forwarded-Host, X-Forwarded-Proto';

const hostFormat = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** @param trusted proxies whose `X-Forwarded-Proto` and `X-Forwarded-Host` are believed */
export function originBehind(trusted: readonly Range[]): OriginOf {
  return ({ request, database }) => {
    const configured = database.settings['sidecar.url'];
    if (configured !== '') return configured;
    const peer = parseAddress(request.socket.remoteAddress ?? '');
    const isProxied = peer !== undefined && trusted.some((range) => inRange(peer, range));
    const scheme = isProxied && last(request.headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
    const host = (isProxied ? last(request.headers['x-forwarded-host']) : undefined) ?? request.headers.host ?? '';
    return originOfHost(scheme, host) ?? `${scheme}://localhost`;
  };
}

/** In the form that URLs have; undefined for everything that is not exactly `host` or `host:port`. */
function originOfHost(scheme: string, host: string): string | undefined {
  const address = `${scheme}://${host}`;
  return hostFormat.test(host) && URL.canParse(address) ? new URL(address).origin : undefined;
}

/** What the nearest proxy wrote. */
function last(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text?.split(',').at(-1)?.trim().toLowerCase();
}
