// The resources for which tokens can be issued (RFC 8707), and which have protected-resource metadata (RFC 9728).

import { GatewayError } from '../errors.ts';

export const resourcePaths = ['/mcp', '/api/v1'] as const;

/**
 * The resource as it appears in tokens: without a slash at the end. Throws `oauth.resource`. @param asked undefined: the whole
 * gateway
 */
export function parseResource(asked: string | undefined, origin: string): string | null {
  if (asked === undefined) return null;
  const resource = asked.replace(/\/$/, '');
  if (['', ...resourcePaths].some((path) => resource === origin + path)) return resource;
  const known = resourcePaths.map((path) => origin + path).join(' and ');
  throw new GatewayError('oauth.resource', { message: `The resource is not one of this gateway's: ${known}.` });
}

/** Whether a token for the resource is valid at the path. */
export function isWithinResource(resource: string, origin: string, path: string): boolean {
  const address = origin + path;
  return address === resource || address.startsWith(`${resource}/`);
}

/** The metadata of the resource at the path; undefined if there is none. */
export function metadataPathOf(path: string): string | undefined {
  const found = resourcePaths.find((resource) => path === resource || path.startsWith(`${resource}/`));
  return found && `/.well-known/oauth-protected-resource${found}`;
}
