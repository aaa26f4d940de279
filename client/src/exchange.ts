// One request and its answer, without retries.

import { GatewayError } from './error.ts';

/** Any kind of answer. Throws `client.network`, or the reason of the signal. */
export async function exchange(
  send: typeof fetch,
  url: string,
  init: RequestInit,
): Promise<{ response: Response; text: string }> {
  try {
    const response = await send(url, init);
    return { response, text: await response.text() };
  } catch (cause) {
    init.signal?.throwIfAborted();
    const message = `No answer from ${new URL(url).origin}: ${cause instanceof Error ? cause.message : cause}`;
    throw new GatewayError({ status: 0, reason: 'client.network', message, cause });
  }
}

/** The body of an answer. Throws the error that it describes. */
// biome-ignore lint/suspicious/noExplicitAny: the gateway's answers have the shapes of its documentation
export function bodyOf({ response, text }: { response: Response; text: string }): any {
  // biome-ignore lint/suspicious/noExplicitAny: the same
  let body: any;
  try {
    body = JSON.parse(text);
  } catch {}
  const { status, statusText, headers } = response;
  if (response.ok && body !== undefined) return body;
  const { error } = body ?? {};
  // OAuth errors have their reason in a separate property (RFC 6749).
  const fault = typeof error === 'object' && error !== null ? error : { ...body, message: body?.error_description };
  const retryAfter = Number.parseInt(headers.get('Retry-After') ?? '', 10);
  throw new GatewayError({
    status,
    reason: fault.reason ?? 'client.answer',
    message: fault.message ?? `${status} ${statusText}: this is not an answer of the gateway.`,
    requestId: fault.request_id ?? headers.get('X-Request-Id') ?? undefined,
    details: fault.details,
    retryAfterS: Number.isNaN(retryAfter) ? undefined : retryAfter,
  });
}
