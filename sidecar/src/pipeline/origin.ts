// The gateway's origin for callers, used in answers. The setting takes precedence. Without it, the host comes from the request,
// and a path prefix from a trusted proxy. The sender of a request chooses its `Host`, so an answer that depends on it must not be
// stored for other callers.

import type { IncomingHttpHeaders } from 'node:http';
import type { ForwardedHeader } from '../config.ts';
import type { Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';
import type { RequestContext } from './context.ts';
import { forwardedElements } from './forwarded.ts';

/** Returns the origin without a slash at the end; it may have a path. */
export type OriginOf = (context: RequestContext) => string;

/** For `Vary`: the headers on which the origin depends, in addition to the settings. */
export const originHeaders = 'Host, Forwarded, X-Forwarded-Host, X-Forwarded-Prefix, X-Forwarded-Proto';

const hostFormat = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
/** A prefix consists of segments of plain characters, but not `.` or `..`. */
const prefixFormat = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]{1,64}){1,8}$/;

/** @param trusted proxies whose scheme, host and prefix are trusted @param header the header in which they report these */
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

/** @param header the header that the peer sets, if it is a trusted proxy */
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

/** `Forwarded` has no parameter for a prefix, and `X-Forwarded-…` may come from the client here. */
function byForwarded({ forwarded }: IncomingHttpHeaders): Claims {
  const nearest = forwardedElements(forwarded ?? '').at(-1);
  return { scheme: nearest?.get('proto'), host: nearest?.get('host') };
}

/** The host in URL form; undefined unless it is exactly `host` or `host:port`. */
function originOfHost(scheme: string, host: string): string | undefined {
  const address = `${scheme}://${host.toLowerCase()}`;
  return hostFormat.test(host) && URL.canParse(address) ? new URL(address).origin : undefined;
}

/** The last value of a header, which the nearest proxy has added. */
function last(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return text?.split(',').at(-1)?.trim();
}
