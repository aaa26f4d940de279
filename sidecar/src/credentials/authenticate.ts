// Authenticates the caller: the first authenticator that recognises the credential decides.

import type { Database } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import type { Principal, RequestContext } from '../pipeline/context.ts';
import { refusedAsPasted } from './pasted.ts';
import type { Credential } from './presented.ts';
import { partsOf, readCredential } from './presented.ts';
import { CredentialRefused } from './refused.ts';
import { isWithinResource } from './resource.ts';
import type { Proof } from './stamps.ts';

/** An attempt to authenticate, counted for the address that it comes from. */
export interface Attempt {
  /** The address, or its /64. Attempts that wait take turns by this. */
  readonly network: string;
  /**
   * Names the tried credential and its kind: the same one from the same network counts once. Throws if it was refused a moment
   * ago. With `isAlwaysChecked` it does not, because another counter must see every attempt.
   */
  presents(what: readonly string[], isAlwaysChecked?: boolean): void;
  /** Call before an unverified credential is looked at. Throws if too many from this address have failed. */
  admit(): void;
  /**
   * Call before a costly check. Reserves one of the failures that the address has left, and rejects if none is left. The place is
   * kept until the result is known.
   * @param takesLong others do not wait for the result
   */
  reserve(takesLong?: boolean): Promise<void>;
  /** Call before a costly check that is sure to fail. Counts the failure now, and rejects if it is one too many. */
  charge(): Promise<void>;
}

export interface Authenticator {
  readonly name: string;
  /** Whether this authenticator is responsible for the credential. Judged only by its form, without any look-up. */
  recognises(credential: Credential): boolean;
  /** Without a promise when the credential is cached. Throws or rejects with CredentialRefused. */
  authenticate(
    credential: Credential,
    database: Database,
    attempt: Attempt,
    context: RequestContext,
  ): Principal | Promise<Principal>;
}

/** An authenticator whose credentials can be exchanged for tokens. */
export interface KeyAuthenticator extends Authenticator {
  /** Like `authenticate`, with the secret that the token will be bound to. */
  prove(credential: Credential, database: Database, attempt: Attempt): Promise<Proof>;
}

/** Finds the caller of a request. */
export type Authenticate = (context: RequestContext, attempt: Attempt) => undefined | Promise<void>;

/** @param originOf gives the gateway's address for the caller: a token may be for one part of it */
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
      throw invalid(refusedAsPasted(parts[0], `no kind of credential looks like this (${credential.kind})`));
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

/** The answer to the caller: the same for every refused credential. */
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
