// Guessing credentials costs the guesser: an address whose credentials were refused too often is answered without a
// look at the next one. Callers with good credentials behind the same address wait with it, as with any shared limit.

import type { Policy, RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Decision } from './decision.ts';
import { addressSubject, limitHeaders, perMinute, throttleOf } from './limits.ts';

/** The authenticating policy, with a limit on how often an address may fail at it. */
export function limitFailures(authenticate: Policy): Policy {
  return {
    ...authenticate,
    check(context: RequestContext): undefined | Promise<void> {
      refuseKnownGuesser(context);
      try {
        return authenticate.check(context)?.catch((error: unknown) => chargeFailure(context, error));
      } catch (error) {
        return chargeFailure(context, error);
      }
    },
  };
}

function refuseKnownGuesser(context: RequestContext): void {
  const { database, address } = context;
  const limits = perMinute(database.settings['throttle.failed']);
  if (limits.minute === 0) return;
  const known = throttleOf(database).known(addressSubject('failed', address), limits);
  if (known?.allowed === false) settle(context, known);
}

/** Rejects with `error`, unless the failure was one too many. */
async function chargeFailure(context: RequestContext, error: unknown): Promise<void> {
  if (error instanceof GatewayError && error.reason === 'auth.invalid') {
    const { database, address } = context;
    const limits = perMinute(database.settings['throttle.failed']);
    const decision = await throttleOf(database).take(addressSubject('failed', address), limits);
    if (decision !== undefined) settle(context, decision);
  }
  throw error;
}

function settle(context: RequestContext, decision: Decision): void {
  context.limitHeaders = limitHeaders(decision);
  if (!decision.allowed) throw new GatewayError('throttle.failed', { retryAfterMs: decision.resetMs });
}
