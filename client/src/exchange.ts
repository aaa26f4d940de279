// Sends one request and returns its answer, without retries.

import { GatewayError } from './error.ts';

/**
 * Sends a request, and returns any kind of answer. Throws `client.network`, `client.answer` for a redirect, or the reason of
 * the signal.
 */
export async function exchange(send: typeof fetch, url: string, init: RequestInit): Promise<Response> {
  const response = await arriving(url, init.signal, () =>
    // A redirect would send the credential and the written data to another address, and it would turn some writes into reads.
    send(url, { ...init, redirect: 'manual' }),
  );
  const { type, status, headers } = response;
  if (type !== 'opaqueredirect' && (status < 300 || status === 304 || status >= 400)) return response;
  await response.body?.cancel();
  const to = headers.get('Location') ?? 'another address';
  const message = `${originOf(url)} redirects to ${to}. Use the gateway's own address.`;
  throw new GatewayError({ status, reason: 'client.answer', message });
}

/** The body of an answer. Throws the error that the answer describes, or the same errors as `exchange`. */
export async function bodyOf(
  response: Response,
  url: string,
  signal?: AbortSignal | null,
  // biome-ignore lint/suspicious/noExplicitAny: the gateway's answers have the shapes of its documentation
): Promise<any> {
  const text = await arriving(url, signal, () => response.text());
  // biome-ignore lint/suspicious/noExplicitAny: the same
  let body: any;
  try {
    body = JSON.parse(text);
  } catch {}
  const isObject = typeof body === 'object' && body !== null;
  const { status, statusText, headers } = response;
  if (response.ok && isObject) return body;
  const { error } = isObject ? body : {};
  // OAuth errors have their reason in a separate property (RFC 6749).
  const fault =
    typeof error === 'object' && error !== null ? error : { ...(isObject ? body : {}), message: body?.error_description };
  throw new GatewayError({
    status,
    reason: fault.reason ?? 'client.answer',
    message: fault.message ?? `${status} ${statusText}: this is not an answer of the gateway.`,
    requestId: fault.request_id ?? headers.get('X-Request-Id') ?? undefined,
    details: fault.details,
    retryAfterS: secondsOf(headers.get('Retry-After')),
  });
}

async function arriving<T>(url: string, signal: AbortSignal | null | undefined, receive: () => Promise<T>): Promise<T> {
  try {
    return await receive();
  } catch (cause) {
    signal?.throwIfAborted();
    const message = `No answer from ${originOf(url)}: ${cause instanceof Error ? cause.message : cause}`;
    throw new GatewayError({ status: 0, reason: 'client.network', message, cause });
  }
}

/** Only the origin, because the whole address may contain a password. */
const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : 'the gateway');

/** `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3); proxies send dates. */
function secondsOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
