import { createHmac } from 'node:crypto';

/**
 * The header `webhook-signature` of Standard Webhooks: an HMAC-SHA256 over id, time and body for each valid secret (two during
 * a rotation).
 * @param timestamp seconds since 1970, as in the header `webhook-timestamp`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function sign(secrets: readonly Buffer[], id: string, timestamp: number, body: string): string {
  const signed = `${id}.${timestamp}.${body}`;
  return secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`).join(' ');
}
