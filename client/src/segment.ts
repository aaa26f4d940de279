import { GatewayError } from './error.ts';

/** A value as one step of an address. Throws `client.request` for one that addresses cannot hold: they drop `.` and `..`. */
export function segment(value: string | number): string {
  const text = String(value);
  if (/^\.{0,2}$/.test(text)) {
    throw new GatewayError({ status: 0, reason: 'client.request', message: `"${text}" cannot be a part of an address.` });
  }
  return encodeURIComponent(text);
}
