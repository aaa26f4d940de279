// Limits the guessing of credentials: if too many credentials from an address were refused, the gateway checks no more unverified
// credentials from there. Callers with known credentials can continue from the same address. A costly attempt first reserves one of
// the allowed failures, so a burst cannot make more attempts than may fail. An attempt that succeeds releases its reservation; one
// that fails is counted, across all sidecars. An attempt that is certain to fail is counted before it costs anything. Repeating the
// same credential is not another guess: a program with an expired key may send it all day. It counts once, and for a moment it is
// refused from memory, so that it costs nothing. While an address is blocked automatically, only verified callers pass. A
// credential that was already verified from there is always checked again, but of all other credentials only a few per second. All
// failures get `address.blocked`.

import { hash as digest } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Attempt, Authenticate } from '../credentials/authenticate.ts';
import { perDatabase } from '../db/database.ts';
import type { PerWindow } from '../db/throttle.ts';
import { GatewayError } from '../errors.ts';
import { subscriberOf } from '../ip.ts';
import type { Policy, RequestContext } from '../pipeline/context.ts';
import type { Decision } from './decision.ts';
import { addressSubject, limitHeaders, perMinute, throttleOf } from './limits.ts';
import { RareLooks } from './rare_looks.ts';

/** The failures reserved by the attempts of one subject. */
interface Reserved {
  all: number;
  /** Reservations whose attempts end within milliseconds, so that other attempts wait for them. */
  soonOver: number;
  readonly onRelease: (() => void)[];
}

const reservedOf = perDatabase(() => new Map<string, Reserved>());

const mostCounted = 20_000;
/** How many refusals are remembered. Each includes an error object, which is large. */
const mostRefused = 2_000;
/**
 * A refusal is remembered only for this long, because a credential may become valid without notice, for example when a password
 * changes.
 */
const refusedForMs = 1_000;

const memoryOf = perDatabase((database) => {
  const refused = new LRUCache<string, GatewayError>({ max: mostRefused, ttl: refusedForMs });
  for (const entity of ['odoo_key', 'gateway_key', 'client', 'app', 'user', 'token'])
    database.onChange(entity, () => refused.clear());
  const names = () => new LRUCache<string, true>({ max: mostCounted });
  return { refused, counted: names(), verified: names(), looks: new RareLooks() };
});

/** The policy that authenticates the caller, and limits failed attempts from one address. */
export function limitFailures(authenticate: Authenticate): Policy {
  return {
    appliesTo: ['authenticated'],
    check(context: RequestContext): undefined | Promise<void> {
      const check = () => countingFailures(context, (attempt) => authenticate(context, attempt));
      context.authenticateAgain = () => again(context, check);
      const found = check();
      return found instanceof Promise ? found : undefined;
    },
  };
}

async function again(context: RequestContext, check: () => unknown): Promise<void> {
  const before = JSON.stringify(context.principal.grant);
  await check();
  if (JSON.stringify(context.principal.grant) === before) return;
  const message = 'The scopes of the credential have changed. Send the request again.';
  throw new GatewayError('scope.insufficient', { message });
}

/** Runs a check of a credential, and counts it against the address if it fails with `auth.invalid`. */
export function countingFailures<T>(context: RequestContext, check: (attempt: Attempt) => T | Promise<T>): T | Promise<T> {
  const attempt = new AddressAttempt(context);
  try {
    const found = check(attempt);
    return found instanceof Promise ? settle(attempt, found) : found;
  } catch (error) {
    return attempt.fail(error);
  }
}

async function settle<T>(attempt: AddressAttempt, pending: Promise<T>): Promise<T> {
  try {
    const found = await pending;
    attempt.succeed();
    return found;
  } catch (error) {
    return await attempt.fail(error);
  } finally {
    // The attempt is released only after the failure has been counted, so that the reservation lasts until then.
    attempt.release();
  }
}

class AddressAttempt implements Attempt {
  readonly #context: RequestContext;
  #release: (() => void) | undefined;
  #isCharged = false;
  #isAdmitted = false;
  #presented: readonly string[] | undefined;
  #name: string | undefined;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  get network(): string {
    return subscriberOf(this.#context.address);
  }

  presents(what: readonly string[], isAlwaysChecked = false): void {
    this.#presented = what;
    if (isAlwaysChecked) return;
    const { refused } = memoryOf(this.#context.database);
    if (refused.size === 0) return;
    const error = refused.get(this.#nameOfPresented() ?? '');
    if (error !== undefined) throw error;
  }

  admit(): void {
    if (this.#isAdmitted) return;
    const { verified, looks } = memoryOf(this.#context.database);
    const { blocked } = this.#context;
    if (!verified.has(this.#nameOfPresented() ?? '')) {
      if (blocked !== undefined && !looks.take(this.network)) throw blocked;
      this.#requirePlace();
    }
    this.#isAdmitted = true;
  }

  /** Remembers a credential that was checked and is valid. */
  succeed(): void {
    if (!this.#isAdmitted) return;
    const name = this.#nameOfPresented();
    if (name !== undefined) memoryOf(this.#context.database).verified.set(name, true);
  }

  #requirePlace(): void {
    const decision = this.#known(1);
    if (decision?.allowed === false) tell(this.#context, decision);
  }

  async reserve(takesLong = false): Promise<void> {
    const most = this.#limits.minute;
    if (most === 0 || this.#isCharged || this.#release !== undefined) return;
    const subjects = reservedOf(this.#context.database);
    const subject = this.#subject;
    for (;;) {
      this.#requirePlace();
      const reserved = subjects.get(subject) ?? { all: 0, soonOver: 0, onRelease: [] };
      if (reserved.all < (this.#known(0)?.remaining ?? most)) {
        subjects.set(subject, reserved);
        this.#hold(subjects, reserved, takesLong ? 0 : 1);
        return;
      }
      if (takesLong || reserved.soonOver === 0) throw new GatewayError('throttle.failed', { retryAfterMs: 1_000 });
      await new Promise<void>((resolve) => reserved.onRelease.push(resolve));
    }
  }

  async charge(): Promise<void> {
    // A blocked address has no failures left. The attempt is certain to fail, so it may end sooner than a valid one.
    if (this.#context.blocked !== undefined) throw this.#context.blocked;
    const { counted } = memoryOf(this.#context.database);
    const name = this.#nameOfPresented();
    this.#isCharged = true;
    if (name !== undefined) {
      if (counted.has(name)) {
        const decision = this.#known(0);
        if (decision !== undefined) tell(this.#context, decision);
        return;
      }
      // The credential is remembered before the count, so that a simultaneous attempt with it is not counted again.
      counted.set(name, true);
    }
    try {
      const decision = await throttleOf(this.#context.database).take(this.#subject, this.#limits);
      if (decision !== undefined) tell(this.#context, decision);
    } catch (error) {
      if (name !== undefined) counted.delete(name);
      throw error;
    }
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Counts a failure. Rejects with `error`, or with the throttle's error if this failure exceeds the limit. */
  async fail(error: unknown): Promise<never> {
    this.#context.presented = this.#nameOfPresented();
    if (!(error instanceof GatewayError)) throw error;
    const { blocked, known } = this.#context;
    if (blocked !== undefined && known.principal === undefined && error.reason !== 'database.unavailable') throw blocked;
    if (error.reason !== 'auth.invalid') throw error;
    if (!this.#isCharged) await this.charge();
    const name = this.#nameOfPresented();
    const { refused } = memoryOf(this.#context.database);
    // An entry that already exists is not renewed, so the credential is checked again in time, however often it was sent
    // meanwhile.
    if (name !== undefined && refused.get(name) !== error) refused.set(name, error);
    throw error;
  }

  /** A name for the credential that contains no secret. */
  #nameOfPresented(): string | undefined {
    if (this.#presented === undefined) return undefined;
    this.#name ??= digest('sha256', JSON.stringify([this.network, ...this.#presented]), 'base64');
    return this.#name;
  }

  #hold(subjects: Map<string, Reserved>, reserved: Reserved, soonOver: 0 | 1): void {
    reserved.all += 1;
    reserved.soonOver += soonOver;
    this.#release = () => {
      reserved.all -= 1;
      reserved.soonOver -= soonOver;
      if (reserved.all === 0) subjects.delete(this.#subject);
      for (const retry of reserved.onRelease.splice(0)) retry();
    };
  }

  get #subject(): string {
    return addressSubject('failed', this.#context.address);
  }

  get #limits(): PerWindow {
    return perMinute(this.#context.database.settings['throttle.failed']);
  }

  /** The decision about an attempt with this cost, from memory, without the database. */
  #known(cost: number): Decision | undefined {
    if (this.#limits.minute === 0) return undefined;
    return throttleOf(this.#context.database).known(this.#subject, this.#limits, cost);
  }
}

function tell(context: RequestContext, decision: Decision): void {
  // If the path has its own limit, the answer shows the headers of that limit, because callers adjust their pace to them.
  if (!decision.allowed || context.limitHeaders.length === 0) context.limitHeaders = limitHeaders(decision);
  if (!decision.allowed) throw new GatewayError('throttle.failed', { retryAfterMs: decision.resetMs });
}
