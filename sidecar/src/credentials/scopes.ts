// The scopes and models to which a credential is restricted, in addition to its user's rights in Odoo.
//
// A scope is an action (`read`), an action on one model (`res.partner:read`) or on one resource (`products_read`). Within a list,
// one matching scope is enough; if there are several lists (of the credential, its profile, its token), all must allow the
// request. The addon checks scopes and models again for everything that an operation touches (executor/reach.py).

import { GatewayError } from '../errors.ts';
import type { Action, Grant, Policy, RequestContext, ScopeNeed } from '../pipeline/context.ts';

export const actions: readonly Action[] = ['read', 'write', 'delete', 'call'];

/** Longer lists are refused on input, because each request is checked against them. */
const mostScopes = 1_000;

const format = /^(?:(?:[a-z_][a-z0-9_.]{0,126}:)?(?:read|write|delete|call)|[a-z][a-z0-9_-]{0,62}_(?:read|write|delete|call))$/;

function isScope(text: string): boolean {
  return format.test(text);
}

/**
 * The words of an OAuth `scope` (RFC 6749, section 3.3); undefined if one of them is not a scope of the gateway, or if there are
 * too many.
 */
export function parseScopes(text: string): string[] | undefined {
  const scopes = [...new Set(text.split(' ').filter((scope) => scope !== ''))];
  return scopes.length <= mostScopes && scopes.every(isScope) ? scopes : undefined;
}

/** Whether the scopes `held` cover everything in `wanted`. */
export function covers(held: string, wanted: string): boolean {
  return held === wanted || ((actions as readonly string[]).includes(held) && actionOf(wanted) === held);
}

/** The scopes that both lists allow; null means no restriction. An empty list allows nothing. */
export function meet(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b;
  if (b === null) return a;
  const inBoth = new Set<string>();
  for (const scope of a) if (b.some((other) => covers(other, scope))) inBoth.add(scope);
  for (const scope of b) if (a.some((other) => covers(other, scope))) inBoth.add(scope);
  return [...inBoth];
}

/** Whether `asked` requests no more than `held` allows. */
export function isWithin(asked: readonly string[], held: readonly string[] | null): boolean {
  return held === null || asked.every((scope) => held.some((other) => covers(other, scope)));
}

/** Checks the scopes that an endpoint needs. */
export function scopes(): Policy {
  return {
    appliesTo: ['authenticated'],
    check(context: RequestContext): undefined {
      const need = context.endpoint.needs?.(context);
      if (need !== undefined) requireScope(context, need);
    },
  };
}

/** Throws `scope.insufficient` unless the credential allows one of the actions on the model. */
export function requireScope({ principal }: RequestContext, need: ScopeNeed): void {
  const { scopes: held, models } = principal.grant;
  if (models !== null && !models.includes(need.model)) throw insufficient(need, `may not reach ${need.model}`);
  if (held === null || need.actions.some((action) => isHeld(held, action, need))) return;
  throw insufficient(need, `may not ${need.actions.join(' or ')} ${need.resource ?? need.model}`);
}

/** Whether a credential may do the action on the model, or on the resource based on it. */
export function permits({ scopes: held, models }: Grant, action: Action, model: string, resource?: string): boolean {
  if (models !== null && !models.includes(model)) return false;
  return held === null || isHeld(held, action, { model, ...(resource === undefined ? {} : { resource }) });
}

function isHeld(held: readonly string[], action: Action, { model, resource }: Omit<ScopeNeed, 'actions'>): boolean {
  if (held.includes(action) || held.includes(`${model}:${action}`)) return true;
  return resource !== undefined && held.includes(`${resource}_${action}`);
}

function insufficient({ actions: [action], model, resource }: ScopeNeed, what: string): GatewayError {
  const scope = resource === undefined ? `${model}:${action}` : `${resource}_${action}`;
  return new GatewayError('scope.insufficient', {
    message: `This credential ${what}.`,
    details: resource === undefined ? { model, scope } : { scope },
  });
}

/**
 * The scopes to pass to Odoo for a request on a resource: for this request only, a scope for the resource becomes a scope for its
 * model. The route restricts the request to the resource's own fields and records.
 */
export function grantedOnResource(
  held: readonly string[] | null,
  resource: string,
  models: readonly string[],
): readonly string[] | null {
  if (held === null) return null;
  const own = actions.filter((action) => held.includes(`${resource}_${action}`));
  return own.length === 0 ? held : [...held, ...own.flatMap((action) => models.map((model) => `${model}:${action}`))];
}

function actionOf(scope: string): string {
  const start = Math.max(scope.lastIndexOf(':'), scope.lastIndexOf('_'));
  return scope.slice(start + 1);
}

/** Writing methods that every model has. The final check is the executor's, which knows all methods (`effects.py`). */
const writing = new Set(
  (
    'action_archive action_unarchive copy copy_translations create load name_create toggle_active ' +
    'update_field_translations web_override_translations web_resequence web_save web_save_multi write ' +
    'find_or_create_record message_new message_process message_route message_update'
  ).split(' '),
);

/** The credential needs one of these actions; otherwise the call is refused without asking Odoo. */
export function actionsOfMethod(method: string): readonly Action[] {
  if (writing.has(method)) return ['write'];
  return method === 'unlink' ? ['delete'] : ['call', 'read'];
}
