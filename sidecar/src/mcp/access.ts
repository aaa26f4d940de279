// Decides, by a setting and the caller's profile, whether AI agents may connect and write.

import { GatewayError } from '../errors.ts';
import type { RequestContext } from '../pipeline/context.ts';

/** `ask`: a write first runs as a dry run, and is carried out once a person has agreed to the result. */
type Writes = 'allowed' | 'ask' | 'never';

/** Throws `agent.off` unless AI agents may connect. */
export function requireAgents({ database, principal }: RequestContext): void {
  if (!database.settings['agent.enabled'] || principal.policy.agent_access === 'off') throw new GatewayError('agent.off');
}

export function writesOf({ database, principal }: RequestContext): Writes {
  return principal.policy.agent_writes ?? database.settings['agent.writes'];
}

/**
 * Throws `origin.not_allowed` for a web page, unless it is on the user's own machine, is the gateway's own, or has an origin that
 * a manager has listed. `*` does not count here, because an agent on the same machine as the browser may have a key, so a page
 * would need none. The request's Host header proves nothing, because a name can resolve to any address (DNS rebinding).
 */
export function requireOrigin({ database, request }: RequestContext): void {
  const { origin } = request.headers;
  if (origin === undefined || database.settings['cors.origins'].includes(origin)) return;
  const own = database.settings['sidecar.url'];
  if (URL.canParse(origin) && (loopback.has(new URL(origin).hostname) || (own !== '' && new URL(own).origin === origin))) return;
  throw new GatewayError('origin.not_allowed', {
    message: `Web pages of ${origin.slice(0, 200)} may not call the gateway. A manager can allow this origin in the settings.`,
  });
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
