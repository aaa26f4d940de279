// Whether AI agents get in, and what they may do there: a setting for all, and what the caller's profile says.

import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';

/** `ask`: a write first runs as a dry run, and happens when somebody has agreed to what it shows. */
type Writes = 'allowed' | 'ask' | 'never';

/** Throws `agent.off`. */
export function requireAgents({ database, principal }: RequestContext): void {
  if (!database.settings['agent.enabled'] || principal.policy.agent_access === 'off') throw new GatewayError('agent.off');
}

export function writesOf({ database, principal }: RequestContext): Writes {
  return principal.policy.agent_writes ?? database.settings['agent.writes'];
}

/**
 * Throws `origin.not_allowed` for a web page. A page that may call is named among the origins of the settings: `*`, which is
 * good enough where a page must have a key of its own, stands for none here, since agents run beside browsers.
 */
export function requireOrigin({ database, request }: RequestContext, own: string): void {
  const { origin } = request.headers;
  if (origin === undefined || origin === own || database.settings['cors.origins'].includes(origin)) return;
  throw new GatewayError('origin.not_allowed', {
    message: `Web pages of ${origin.slice(0, 200)} may not call. A manager adds the origin in the settings.`,
  });
}
