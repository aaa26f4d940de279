// What became of a write whose answer is no answer of Odoo's.

import type { ErrorOptions } from '../errors.ts';

/** What its caller must know before it tries again. */
export function outcome(isUnknown: boolean): ErrorOptions {
  if (!isUnknown) return { details: { outcome: 'nothing_written' } };
  const message =
    "Odoo's answer did not arrive, and it may have written or still write. The same request with the same Idempotency-Key tells; without one, look first.";
  return { message, details: { outcome: 'unknown' } };
}
