// Bounds how many requests of one consumer run at once on this sidecar.

import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Policy, RequestContext } from '../pipeline/context.ts';
import { Running } from '../running.ts';

/** Before the throttle, so that a refused request is not charged to a window. */
export function concurrencyCap(): Policy {
  const runningOf = perDatabase(() => new Running());
  return {
    appliesTo: ['authenticated'],
    check({ database, principal, response }: RequestContext): undefined {
      const most = principal.policy.concurrency ?? database.settings['throttle.concurrency'];
      if (most === 0) return;
      const end = runningOf(database).begin(principal.consumer, most);
      if (end === undefined) throw tooMany('requests', most);
      // Also when the client goes away before its answer.
      response.once('close', end);
    },
  };
}

/** @param what they are, in the plural */
export function tooMany(what: string, most: number): GatewayError {
  const message = `Too many ${what} at a time. Max ${most}`;
  return new GatewayError('throttle.concurrency', { message, details: { limit: most } });
}
