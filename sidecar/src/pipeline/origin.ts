// Under which address callers reach the gateway, for the addresses that answers hold. What an administrator has set is
// always the one. Only without it is the request believed, as far as it names a host, and a trusted proxy a path before it:
// the sender of a request chooses its `Host`, so no answer that follows it may be stored for another caller.

import type { IncomingHttpHeaders } from 'node:http';
import type { ForwardedHeader } from '../config.ts';
import type { Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';
import type { RequestContext } from './context.ts';
import { forwardedElements } from './forwarded.ts';

/** Without a slash at the end; it may have a path. */
export type OriginOf = (context: RequestContext) => string;

/** For `Vary`: what the origin depends on besides the settings. */
export const originHeaders = 'Host, Forwarded, X-Forwarded-Host, X-Forwarded-Prefix, X-Forwarded-Proto';

const hostFormat = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
/** Segments of plain characters, none of them `.` or `..`. */
const prefixFormat = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]{1,64}){1,8}$/;

/** @param trusted proxies that are believed about scheme, host and prefix, by what they write besides `header` */
export function originBehind(trusted: readonly Range[], header: ForwardedHeader): OriginOf {
  return ({ request, database }) => {
    const configured = database.settings['sidecar.url'];
    if (configured !== '') return configured;
    const peer = parseAddress(request.socket.remoteAddress ?? '');
    const isProxied = peer !== undefined && trusted.some((range) => inRange(peer, range));
    return originOf(request.headers, isProxied ? header : undefined);
  };
}

interface Claims {
  readonly scheme?: string | undefined;
  readonly host?: string | undefined;
  readonly prefix?: string | undefined;
}

/** @param header what the peer writes, if it is a trusted proxy */
export function originOf(headers: IncomingHttpHeaders, header: ForwardedHeader | undefined): string {
  const claimed = header === undefined ? {} : header === 'forwarded' ? byForwarded(headers) : byXForwarded(headers);
  const scheme = claimed.scheme?.toLowerCase() === 'https' ? 'https' : 'http';
  const prefix = claimed.prefix?.replace(/\/+$/, '') ?? '';
  const origin = originOfHost(scheme, claimed.host ?? headers.host ?? '') ?? `${scheme}://localhost`;
  return prefixFormat.test(prefix) ? origin + prefix : origin;
}

function byXForwarded(headers: IncomingHttpHeaders): Claims {
  return {
    scheme: last(headers['x-forwarded-proto']),
    host: last(headers['x-forwarded-host']),
    prefix: last(headers['x-forwarded-prefix']),
  };
}

/** It has no parameter for a prefix, and `X-Forwarded-…` may be the client's own here. */
function byForwarded({ forwarded }: IncomingHttpHeaders): Claims {
  const nearest = forwardedElements(forwarded ?? '').at(-1);
  return { scheme: nearest?.get('proto'), host: nearest?.get('host') };
}

/** In the form that URLs have; undefined for everything that is not exactly `host` or `host:port`. */
function originOfHost(scheme: string, host: string): string | undefined {
  const address = `${scheme}://${host.toLowerCase()}`;
  return hostFormat.test(host) && URL.canParse(address) ? new URL(address).origin : undefined;
}

/** What the nearest proxy wrote. */
function last(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text?.split(',').at(-1)?.trim();
}
