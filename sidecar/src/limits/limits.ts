// The limits of a request, and the headers about them in its answer.

import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { Settings } from '../db/settings.ts';
import type { PerWindow, Window } from '../db/throttle.ts';
import { takeThrottle } from '../db/throttle.ts';
import { GatewayError } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import type { Action, Policy, RequestContext } from '../pipeline/context.ts';
import type { Decision } from './decision.ts';
import { Throttle } from './throttle.ts';

export const throttleOf = perDatabase((database) => {
  const throttle = new Throttle({
    take: (asks) => takeThrottle(database, asks),
    trustsMemory: () => database.trustsMemory,
  });
  database.onChange('throttle', () => throttle.forget());
  return throttle;
});

/**
 * Charges a request before the body is read if the cost is known without it, otherwise after it. If the cost depends on the body,
 * the request is refused before the body is read only if a single operation would already exceed a limit.
 */
export function limits(): { readonly beforeBody: Policy; readonly afterBody: Policy } {
  return {
    beforeBody: {
      appliesTo: ['anonymous', 'authenticated'],
      check(context: RequestContext): undefined | Promise<void> {
        if (!isCounted(context)) return charge(context, costOf(context));
        const { subject, limits } = limitsOf(context);
        const known = throttleOf(context.database).known(subject, limits, costOf(context));
        if (known?.allowed === false) settle(context, known);
        return undefined;
      },
    },
    afterBody: {
      appliesTo: ['authenticated'],
      check(context: RequestContext): undefined | Promise<void> {
        if (!isCounted(context)) return undefined;
        const operations = Math.max(1, context.endpoint.operations?.(context) ?? 1);
        return charge(context, operations * costOf(context));
      },
    },
  };
}

/** Charges a connection that is not a request and has no caller. Throws or rejects if the address has connected too often. */
export async function chargeAnonymous(database: Database, address: string): Promise<void> {
  const limits = perMinute(database.settings['throttle.anonymous']);
  const decision = await throttleOf(database).take(addressSubject('anonymous', address), limits);
  if (decision?.allowed === false) throw exceeded(decision);
}

/** For the limits, this many bytes of a file count as one operation. */
const bytesOfOperation = 16 * 1024 * 1024;

/** Like `chargeMore`, for a file of this many bytes. */
export function chargeFile(context: RequestContext, bytes: number): Promise<void> {
  return chargeMore(context, Math.ceil(bytes / bytesOfOperation) - 1);
}

/** Charges the cost of a request beyond its first operation, once it is known. Rejects if a limit is exceeded. */
export async function chargeMore(context: RequestContext, operations: number): Promise<void> {
  if (operations > 0) await charge(context, operations * costOf(context));
}

function isCounted({ endpoint, database }: RequestContext): boolean {
  return endpoint.operations !== undefined && database.settings['throttle.count_operations'];
}

function charge(context: RequestContext, cost: number): undefined | Promise<void> {
  const { subject, limits } = limitsOf(context);
  const decision = throttleOf(context.database).take(subject, limits, cost);
  if (decision instanceof Promise) return wait(context, decision);
  if (decision !== undefined) settle(context, decision);
  return undefined;
}

async function wait(context: RequestContext, decision: Promise<Decision>): Promise<void> {
  const startedAt = performance.now();
  const decided = await decision;
  context.timings.throttle = performance.now() - startedAt;
  settle(context, decided);
}

function settle(context: RequestContext, decision: Decision): void {
  context.limitHeaders = limitHeaders(decision);
  if (!decision.allowed) throw exceeded(decision);
}

function limitsOf(context: RequestContext): { readonly subject: string; readonly limits: PerWindow } {
  const { endpoint, database, address, known } = context;
  const { settings } = database;
  const { principal } = known;
  if (principal !== undefined) {
    return { subject: principal.subject, limits: principal.policy.limits ?? globalLimits(settings) };
  }
  const kind = endpoint.limitedAs ?? 'anonymous';
  return { subject: addressSubject(kind, address), limits: perMinute(settings[`throttle.${kind}`]) };
}

/** The limits of callers without a profile. A profile without limits lifts all limits. */
function globalLimits(settings: Settings): PerWindow {
  return inWindow(settings['throttle.window'], settings['throttle.limit']);
}

export function perMinute(most: number): PerWindow {
  return inWindow('minute', most);
}

function inWindow(window: Window, most: number): PerWindow {
  return { minute: 0, hour: 0, day: 0, [window]: most };
}

/** An IPv6 subscriber can call from a whole /64. */
export function addressSubject(kind: string, address: string): string {
  return `${kind}:${subscriberOf(address)}`;
}

const kinds: Readonly<Record<string, Action>> = { GET: 'read', HEAD: 'read', DELETE: 'delete' };

function costOf(context: RequestContext): number {
  const { endpoint, request, database, known } = context;
  if (known.principal === undefined) return 1;
  const kind = typeof endpoint.kind === 'function' ? endpoint.kind(context) : endpoint.kind;
  return database.settings[`throttle.cost.${kind ?? kinds[request.method] ?? 'write'}`];
}

/**
 * Headers with the names of draft-ietf-httpapi-ratelimit-headers-06 and with the traditional names. The reset is the number of
 * seconds until the window ends.
 */
export function limitHeaders({ limit, remaining, resetMs }: Decision): readonly string[] {
  const [most, left, reset] = [String(limit), String(remaining), String(Math.ceil(resetMs / 1_000))];
  return [
    'RateLimit-Limit',
    most,
    'RateLimit-Remaining',
    left,
    'RateLimit-Reset',
    reset,
    'X-RateLimit-Limit',
    most,
    'X-RateLimit-Remaining',
    left,
    'X-RateLimit-Reset',
    reset,
  ];
}

function exceeded({ limit, window, resetMs }: Decision): GatewayError {
  return new GatewayError('throttle.exceeded', {
    message: `Rate limit exceeded. Max ${limit} requests per ${window}`,
    details: { limit, window },
    retryAfterMs: resetMs,
  });
}
