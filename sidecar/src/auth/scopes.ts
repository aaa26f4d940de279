// What a credential was narrowed to, on top of its user's rights in Odoo.
//
// A scope is an action (`read`), an action on one model (`res.partner:read`) or on one resource (`products_read`).
// Lists of scopes are alternatives; several lists (the credential's, its profile's, its token's) must all allow.

export const actions = ['read', 'write', 'delete', 'call'] as const;
export type Action = (typeof actions)[number];

/** Longer lists are refused where they are given: each request is checked against them. */
export const mostScopes = 1_000;

const format = /^(?:(?:[a-z_][a-z0-9_.]{0,126}:)?(?:read|write|delete|call)|[a-z][a-z0-9_-]{0,62}_(?:read|write|delete|call))$/;

export function isScope(text: string): boolean {
  return format.test(text);
}

/** The words of an OAuth `scope` (RFC 6749, section 3.3); undefined when one is not a scope of ours, or there are too many. */
export function parseScopes(text: string): string[] | undefined {
  const scopes = [...new Set(text.split(' ').filter((scope) => scope !== ''))];
  return scopes.length <= mostScopes && scopes.every(isScope) ? scopes : undefined;
}

/** Whether whoever holds `held` may do all that `wanted` stands for. */
export function covers(held: string, wanted: string): boolean {
  return held === wanted || ((actions as readonly string[]).includes(held) && actionOf(wanted) === held);
}

/** What both lists allow; null narrows nothing. An empty list allows nothing. */
export function meet(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b;
  if (b === null) return a;
  const inBoth = new Set<string>();
  for (const scope of a) if (b.some((other) => covers(other, scope))) inBoth.add(scope);
  for (const scope of b) if (a.some((other) => covers(other, scope))) inBoth.add(scope);
  return [...inBoth];
}

/** Whether `asked` asks for no more than `held`. */
export function isWithin(asked: readonly string[], held: readonly string[] | null): boolean {
  return held === null || asked.every((scope) => held.some((other) => covers(other, scope)));
}

/** Model names that both lists hold; null narrows nothing. */
export function meetModels(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b;
  return b === null ? a : a.filter((model) => b.includes(model));
}

/** Whether an action on a model is allowed, on a route that names the model itself. */
export function permits(scopes: readonly string[] | null, action: Action, model: string): boolean {
  return scopes === null || scopes.includes(action) || scopes.includes(`${model}:${action}`);
}

/** Whether an action on a resource is allowed. */
export function permitsResource(scopes: readonly string[] | null, action: Action, resource: string, model: string): boolean {
  return permits(scopes, action, model) || scopes?.includes(`${resource}_${action}`) === true;
}

/** Whether the credential may do this to any model at all; what it may do to which, Odoo's executor decides. */
export function permitsSomewhere(scopes: readonly string[] | null, wanted: readonly Action[]): boolean {
  return scopes === null || scopes.some((scope) => wanted.some((action) => actionOf(scope) === action));
}

function actionOf(scope: string): string {
  const start = Math.max(scope.lastIndexOf(':'), scope.lastIndexOf('_'));
  return scope.slice(start + 1);
}

/** As the ORM's methods are counted; Odoo's executor, which alone knows what is marked read-only, decides. */
const writing = new Set(['create', 'write', 'copy', 'load', 'name_create', 'web_save']);

/** The actions of which a credential needs one before a method is worth asking Odoo for. */
export function actionsOfMethod(method: string): readonly Action[] {
  if (writing.has(method)) return ['write'];
  return method === 'unlink' ? ['delete'] : ['read', 'call'];
}

/** The action that an HTTP method stands for on a model's routes. */
export function actionOfVerb(verb: string): Action {
  if (verb === 'GET' || verb === 'HEAD') return 'read';
  return verb === 'DELETE' ? 'delete' : 'write';
}
