// `fields=name,partner_id.email,order_line.product_id.name` → the tree of fields that Odoo's end reads.

import { GatewayError } from '../errors.ts';

/** As in Odoo's `web_read`; a relation with `fields` is expanded. */
export interface FieldTree {
  [name: string]: { fields?: FieldTree };
}

/** Odoo's end expands no deeper, see `MAX_DEPTH` in odoo_addon/api_gateway/executor/reader.py. */
const mostSteps = 9;
const mostFields = 1_000;
const nameFormat = /^[A-Za-z_]\w{0,62}$/;

/** Throws `query.fields`. Whether the fields exist is for Odoo to say. */
export function parseFields(text: string): FieldTree {
  const paths = text.split(',');
  if (paths.length > mostFields) throw malformed(`fields names ${paths.length} fields; at most ${mostFields} are possible.`);
  const tree = emptyTree();
  for (const path of paths) {
    const steps = path.trim().split('.');
    if (steps.length > mostSteps) {
      throw malformed(`fields: "${path.trim()}" goes over more than ${mostSteps - 1} relations.`, path.trim());
    }
    plant(tree, steps, path.trim());
  }
  return tree;
}

function plant(tree: FieldTree, steps: readonly string[], path: string): void {
  let branch = tree;
  for (const [i, step] of steps.entries()) {
    if (!nameFormat.test(step)) {
      throw malformed(path === '' ? 'fields holds an empty name.' : `fields: "${path}" is not a name of a field.`, path);
    }
    branch[step] ??= {};
    if (i === steps.length - 1) return;
    branch[step].fields ??= emptyTree();
    branch = branch[step].fields;
  }
}

/** Without a prototype: a field may have any name, `__proto__` too. */
function emptyTree(): FieldTree {
  return Object.create(null) as FieldTree;
}

function malformed(message: string, field?: string): GatewayError {
  return new GatewayError('query.fields', { message, details: field === undefined ? undefined : { field } });
}
