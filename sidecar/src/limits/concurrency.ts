// Limits how many requests of one consumer run at once on this sidecar.

import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Policy, RequestContext } from '../pipeline/context.ts';
import { Running } from '../running.ts';

/** This step runs before the throttle, so that a request refused here is not charged to a window. */
export function concurrencyCap(): Policy {
  const runningOf = perDatabase(() => new Running());
  return {
    appliesTo: ['authenticated'],
    check({ database, principal, response }: RequestContext): undefined {
      const most = principal.policy.concurrency ?? database.settings['throttle.concurrency'];
      if (most === 0) return;
      const end = runningOf(database).begin(principal.consumer, most);
      if (end === undefined) throw tooMany('requests', most);
      // `close` also comes if the client disconnects before its answer.
      response.once('close', end);
    },
  };
}

/** @param what names the requests, in the plural */
export function tooMany(what: string, most: number): GatewayError {
  const message = `Too many ${what} at a time. Max ${most}`;
  return new GatewayError('throttle.concurrency', { message, details: { limit: most } });
}
