// `fields=name,partner_id.email,order_line.product_id.name` → the tree of fields for the executor.

import { GatewayError } from '../errors.ts';
import type { FieldTree } from '../executor/operations.ts';

/** The executor expands no deeper (see `MAX_DEPTH` in odoo_addon/api_gateway/executor/reader.py). */
const mostSteps = 9;
const mostFields = 1_000;
/** The same as `MAX_STEPS` in executor/budget.py. */
const mostExpansions = 200;
const nameFormat = /^[A-Za-z_]\w{0,62}$/;

/** Parses a list of fields. Throws `query.fields`. Odoo checks whether the fields exist. */
export function parseFields(text: string): FieldTree {
  const paths = text.split(',');
  if (paths.length > mostFields)
    throw malformed(`The parameter fields has ${paths.length} fields; at most ${mostFields} are possible.`);
  const tree = emptyTree();
  let expansions = 0;
  for (const path of paths) {
    const steps = path.trim().split('.');
    if (steps.length > mostSteps) {
      throw malformed(`fields: "${path.trim()}" follows more than ${mostSteps - 1} relations.`, path.trim());
    }
    expansions += plant(tree, steps, path.trim());
    if (expansions > mostExpansions) throw tooComplex(path.trim());
  }
  return tree;
}

/** Adds a path to the tree. Returns how many of its relations were not in the tree yet. */
function plant(tree: FieldTree, steps: readonly string[], path: string): number {
  let branch = tree;
  let expansions = 0;
  for (const [i, step] of steps.entries()) {
    if (!nameFormat.test(step)) {
      throw malformed(
        path === '' ? 'The parameter fields contains an empty name.' : `fields: "${path}" is not the name of a field.`,
        path,
      );
    }
    branch[step] ??= {};
    if (i === steps.length - 1) break;
    if (branch[step].fields === undefined) expansions += 1;
    branch[step].fields ??= emptyTree();
    branch = branch[step].fields;
  }
  return expansions;
}

/** An object without a prototype, because a field may have any name, even `__proto__`. */
function emptyTree(): FieldTree {
  return Object.create(null) as FieldTree;
}

function tooComplex(path: string): GatewayError {
  const message = `With "${path}", the parameter fields follows more than ${mostExpansions} relations. Ask for fewer fields of other records.`;
  return new GatewayError('request.too_complex', { message, details: { path, max: mostExpansions } });
}

function malformed(message: string, field?: string): GatewayError {
  return new GatewayError('query.fields', { message, details: field === undefined ? undefined : { field } });
}
