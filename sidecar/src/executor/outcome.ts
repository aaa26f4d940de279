// Determines whether a write happened when Odoo did not answer.

import type { ErrorOptions } from '../errors.ts';

/** The details that tell the caller whether a retry could write twice. */
export function outcome(isUnknown: boolean): ErrorOptions {
  if (!isUnknown) return { details: { outcome: 'nothing_written' } };
  const message =
    "Odoo's answer did not arrive. The request may have written, or may still write. Repeat it with the same Idempotency-Key to find out. Without one, check before retrying.";
  return { message, details: { outcome: 'unknown' } };
}
