// POST /mcp: the Model Context Protocol, for AI agents.

import { requireAgents, requireOrigin } from '../mcp/access.ts';
import type { Catalogue } from '../mcp/catalogue.ts';
import type { McpServer } from '../mcp/server.ts';
import type { Action, RequestContext, Route } from '../pipeline/context.ts';

export function mcpRoute(server: McpServer, catalogue: Catalogue): Route {
  return {
    name: 'mcp',
    method: 'POST',
    path: '/mcp',
    access: 'authenticated',
    errors: 'rpc',
    // The cost of a call depends on its tool, so it is charged after the body has been read.
    kind: ({ body }) => kindOf(catalogue, body),
    operations: () => 1,
    needs(context: RequestContext): undefined {
      requireOrigin(context);
      requireAgents(context);
    },
    handle: (context) => server.answer(context),
  };
}

function kindOf(catalogue: Catalogue, body: unknown): Action {
  const { method, params } = (typeof body === 'object' && body !== null ? body : {}) as { method?: unknown; params?: unknown };
  if (method !== 'tools/call' || typeof params !== 'object' || params === null || !('name' in params)) return 'read';
  return catalogue.kindOf(String(params.name));
}
