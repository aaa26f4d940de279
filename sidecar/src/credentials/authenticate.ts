// Authenticates the caller. The first authenticator that recognizes the credential decides.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Principal, RequestContext } from '../pipeline/context.ts';
import { refusedAsPasted } from './pasted.ts';
import type { Credential } from './presented.ts';
import { partsOf, readCredential } from './presented.ts';
import { CredentialRefused } from './refused.ts';
import { isWithinResource } from './resource.ts';
import type { Proof } from './stamps.ts';

/** An attempt to authenticate, counted for the client's address. */
export interface Attempt {
  /** The address, or its /64. Waiting attempts from different networks take turns. */
  readonly network: string;
  /**
   * Registers the credential and its kind: repeated failures of the same credential from the same network count once. Throws if the
   * credential was refused a moment ago. With `isAlwaysChecked`, it does not throw, so that another counter sees the attempt.
   */
  presents(what: readonly string[], isAlwaysChecked?: boolean): void;
  /** Call this before checking an unverified credential. Throws if too many from this address have failed. */
  admit(): void;
  /**
   * Call this before a costly check. Reserves one of the address's remaining failures until the result is known, and rejects if
   * none remain. @param takesLong other attempts do not wait for the result
   */
  reserve(takesLong?: boolean): Promise<void>;
  /** Call this before a costly check that is certain to fail. Counts the failure now, and rejects if it exceeds the limit. */
  charge(): Promise<void>;
}

export interface Authenticator {
  readonly name: string;
  /**
   * Whether this authenticator is responsible for the credential. Decided only by the credential's format, without any look-up.
   */
  recognises(credential: Credential): boolean;
  /** The caller, without a promise if the credential is cached. Throws or rejects with CredentialRefused. */
  authenticate(
    credential: Credential,
    database: Database,
    attempt: Attempt,
    context: RequestContext,
  ): Principal | Promise<Principal>;
}

/** An authenticator whose credentials can be exchanged for tokens. */
export interface KeyAuthenticator extends Authenticator {
  /** Like `authenticate`, plus the secret to which the token will be bound. */
  prove(credential: Credential, database: Database, attempt: Attempt): Promise<Proof>;
}

/** Finds the caller of a request. */
export type Authenticate = (context: RequestContext, attempt: Attempt) => undefined | Promise<void>;

/** @param originOf returns the gateway's origin as the caller sees it: a token may be limited to one of its resources */
export function authentication(
  authenticators: readonly Authenticator[],
  originOf: (context: RequestContext) => string,
): Authenticate {
  const admit = (context: RequestContext, principal: Principal) => {
    const { resource } = principal;
    if (resource !== null && !isWithinResource(resource, originOf(context), context.request.path)) {
      throw new CredentialRefused(`token: for ${resource}`);
    }
    context.principal = principal;
  };
  return (context, attempt) => {
    const { caller } = context;
    const credential: Credential | undefined =
      caller === undefined ? readCredential(context.request.headers) : { kind: 'body', ...caller };
    if (credential === undefined) throw missing();
    const parts = partsOf(credential, context.request.headers);
    attempt.presents([credential.kind, ...parts]);
    const authenticator = authenticators.find((candidate) => candidate.recognises(credential));
    if (authenticator === undefined) {
      throw invalid(refusedAsPasted(parts[0], `no kind of credential has this format (${credential.kind})`));
    }

    const found = asAnswered(() => authenticator.authenticate(credential, context.database, attempt, context));
    if (found instanceof Promise) return settle(context, found, admit);
    asAnswered(() => admit(context, found));
    return undefined;
  };
}

async function settle(
  context: RequestContext,
  pending: Promise<Principal>,
  admit: (context: RequestContext, principal: Principal) => void,
): Promise<void> {
  const startedAt = performance.now();
  try {
    admit(context, await pending);
  } catch (error) {
    throw asAnswer(error);
  } finally {
    context.timings.auth = performance.now() - startedAt;
  }
}

function asAnswered<T>(authenticate: () => T): T {
  try {
    return authenticate();
  } catch (error) {
    throw asAnswer(error);
  }
}

/** The caller gets the same answer for every refused credential. */
export function asAnswer(error: unknown): unknown {
  return error instanceof CredentialRefused ? invalid(error) : error;
}

/** RFC 6750, section 3: no error code if the request had no credential. */
export function missing(): GatewayError {
  return new GatewayError('auth.missing', { headers: ['WWW-Authenticate', 'Bearer realm="odoo"'] });
}

function invalid(cause: CredentialRefused): GatewayError {
  const headers = ['WWW-Authenticate', 'Bearer realm="odoo", error="invalid_token"'];
  return new GatewayError('auth.invalid', { headers, cause });
}
