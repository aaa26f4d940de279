// Bounds how many requests of one consumer run at once on this sidecar.

import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Policy, RequestContext } from '../pipeline/context.ts';

/** Before the throttle, so that a refused request is not charged to a window. */
export function concurrencyCap(): Policy {
  const runningOf = perDatabase(() => new Map<string, number>());
  return {
    appliesTo: ['authenticated'],
    check({ database, principal, response }: RequestContext): undefined {
      const most = principal.policy.concurrency ?? database.settings['throttle.concurrency'];
      if (most === 0) return;
      const { consumer } = principal;
      const all = runningOf(database);
      const running = all.get(consumer) ?? 0;
      if (running >= most) {
        const message = `Too many requests at a time. Max ${most}`;
        throw new GatewayError('throttle.concurrency', { message, details: { limit: most } });
      }
      all.set(consumer, running + 1);
      // Also when the client goes away before its answer.
      response.once('close', () => {
        const left = (all.get(consumer) ?? 1) - 1;
        if (left > 0) all.set(consumer, left);
        else all.delete(consumer);
      });
    },
  };
}
