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
 * Throws `origin.not_allowed` for a web page, unless it is on the user's own machine, is the gateway's own, or a manager named
 * its origin. `*`, which is good enough where a page must have a key of its own, stands for no origin here: agents run beside
 * browsers. What the request says about its host proves nothing: a name can lead anywhere (DNS rebinding).
 */
export function requireOrigin({ database, request }: RequestContext): void {
  const { origin } = request.headers;
  if (origin === undefined || database.settings['cors.origins'].includes(origin)) return;
  const own = database.settings['sidecar.url'];
  if (URL.canParse(origin) && (loopback.has(new URL(origin).hostname) || (own !== '' && new URL(own).origin === origin))) return;
  throw new GatewayError('origin.not_allowed', {
    message: `Web pages of ${origin.slice(0, 200)} may not call. A manager adds the origin in the settings.`,
  });
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
