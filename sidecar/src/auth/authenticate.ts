// Who calls: the first authenticator that recognises the credential decides.

import type { Policy, Principal, RequestContext } from '../context.ts';
import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Credential } from './credentials.ts';
import { readCredential } from './credentials.ts';
import { CredentialRefused } from './refused.ts';

export interface Authenticator {
  readonly name: string;
  /** By form alone, without any look-up: whether this authenticator answers for the credential. */
  recognises(credential: Credential): boolean;
  /** Without a promise when the credential is cached. Throws or rejects with CredentialRefused. */
  authenticate(credential: Credential, database: Database): Principal | Promise<Principal>;
}

export function authentication(authenticators: readonly Authenticator[]): Policy {
  return {
    name: 'authenticate',
    appliesTo: ['authenticated'],
    check(context: RequestContext): undefined | Promise<void> {
      const credential = readCredential(context.request.headers);
      if (credential === undefined) throw missing();
      const authenticator = authenticators.find((candidate) => candidate.recognises(credential));
      if (authenticator === undefined)
        throw invalid(new CredentialRefused(`no kind of credential looks like this (${credential.kind})`));

      const found = attempt(() => authenticator.authenticate(credential, context.database));
      if (found instanceof Promise) return settle(context, found);
      context.principal = found;
      return undefined;
    },
  };
}

async function settle(context: RequestContext, pending: Promise<Principal>): Promise<void> {
  const startedAt = performance.now();
  try {
    context.principal = await pending;
  } catch (error) {
    throw asAnswer(error);
  } finally {
    context.timings.auth = performance.now() - startedAt;
  }
}

function attempt<T>(authenticate: () => T): T {
  try {
    return authenticate();
  } catch (error) {
    throw asAnswer(error);
  }
}

/** What a caller is told: the same for every refused credential. */
export function asAnswer(error: unknown): unknown {
  return error instanceof CredentialRefused ? invalid(error) : error;
}

/** RFC 6750, section 3: no error code when nothing was presented. */
export function missing(): GatewayError {
  return new GatewayError('auth.missing', { headers: ['WWW-Authenticate', 'Bearer realm="odoo"'] });
}

function invalid(cause: CredentialRefused): GatewayError {
  const headers = ['WWW-Authenticate', 'Bearer realm="odoo", error="invalid_token"'];
  return new GatewayError('auth.invalid', { headers, cause });
}
