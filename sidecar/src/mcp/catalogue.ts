// The tools of a caller, in a fixed order, so that clients can cache the list. Tools that the caller's credential cannot use
// are left out.

import type { Action, RequestContext } from '../pipeline/context.ts';
import type { Parts } from '../records/collection.ts';
import { writesOf } from './access.ts';
import { aggregatingTool } from './aggregating.ts';
import { discoveryTools } from './discover.ts';
import { explainingTool } from './explaining.ts';
import { readingTools } from './reading.ts';
import { ResourceTools } from './resources.ts';
import type { Tool } from './tool.ts';
import { writingTools } from './writing.ts';

export class Catalogue {
  readonly #tools: readonly Tool[];
  readonly #resources: ResourceTools;

  constructor(parts: Parts) {
    this.#resources = new ResourceTools(parts);
    const { odoo } = parts;
    const looking = [...discoveryTools(odoo), ...readingTools(parts), aggregatingTool(odoo)];
    this.#tools = [...looking, ...writingTools(parts), explainingTool(odoo)];
  }

  async of(context: RequestContext): Promise<Tool[]> {
    return [...this.#tools, ...(await this.#resources.of(context))].filter((tool) => isOpen(tool, context));
  }

  /** The kind of operation that a call counts as. The name of a resource's tool ends with its action. */
  kindOf(name: string): Action {
    const tool = this.#tools.find((candidate) => candidate.name === name);
    if (tool !== undefined) return tool.kind;
    if (name.endsWith('_delete')) return 'delete';
    return name.endsWith('_create') || name.endsWith('_update') ? 'write' : 'read';
  }

  /**
   * Also finds tools that are not in the caller's list, so that the refusal can name the missing scope. Undefined if there is
   * no such tool.
   */
  async named(context: RequestContext, name: string): Promise<Tool | undefined> {
    const own = this.#tools.find((candidate) => candidate.name === name);
    return own ?? (await this.#resources.of(context)).find((candidate) => candidate.name === name);
  }
}

/** Some methods only read, so a call counts as a write only when Odoo says so. */
function isOpen(tool: Tool, context: RequestContext): boolean {
  const mayWrite = tool.kind === 'read' || tool.kind === 'call' || writesOf(context) !== 'never';
  return mayWrite && tool.isFor(context);
}
