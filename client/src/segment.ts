import { GatewayError } from './error.ts';

/**
 * A value as one segment of a URL's path. Throws `client.request` for a value that a path cannot contain: `.` and `..` would be
 * dropped.
 */
export function segment(value: string | number): string {
  const text = String(value);
  if (/^\.{0,2}$/.test(text)) {
    throw new GatewayError({ status: 0, reason: 'client.request', message: `"${text}" cannot be a part of an address.` });
  }
  return encodeURIComponent(text);
}
