// Whether a write happened, when no answer of Odoo's says so.

import type { ErrorOptions } from '../errors.ts';

/** What its caller must know before it tries again. */
export function outcome(isUnknown: boolean): ErrorOptions {
  if (!isUnknown) return { details: { outcome: 'nothing_written' } };
  const message =
    "Odoo's answer did not arrive. It may have written, or may still write. Repeat it with the same Idempotency-Key to find out. Without one, check before retrying.";
  return { message, details: { outcome: 'unknown' } };
}
