// The tools that a caller has: in a fixed order, so that clients may keep the list, and no tool that its credential cannot use.

import type { OperationKind, RequestContext } from '../pipeline/context.ts';
import type { Parts } from '../records/collection.ts';
import { writesOf } from './access.ts';
import { discoveryTools } from './discover.ts';
import { readingTools } from './reading.ts';
import type { Tool } from './tool.ts';
import { writingTools } from './writing.ts';

export class Catalogue {
  readonly #tools: readonly Tool[];

  constructor(parts: Parts) {
    this.#tools = [...discoveryTools(parts.odoo), ...readingTools(parts), ...writingTools(parts)];
  }

  async of(context: RequestContext): Promise<Tool[]> {
    return this.#tools.filter((tool) => isOpen(tool, context));
  }

  /** What a call of it is charged as. */
  kindOf(name: string): OperationKind {
    return this.#tools.find((tool) => tool.name === name)?.kind ?? 'read';
  }

  /** Undefined when there is no such tool for this caller. */
  async named(context: RequestContext, name: string): Promise<Tool | undefined> {
    return (await this.of(context)).find((tool) => tool.name === name);
  }
}

/** A method may only read, so calling one is no write before Odoo says so. */
function isOpen(tool: Tool, context: RequestContext): boolean {
  const mayWrite = tool.kind === 'read' || tool.kind === 'call' || writesOf(context) !== 'never';
  return mayWrite && tool.isFor(context);
}
