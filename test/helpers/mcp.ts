// Speaks to /mcp by hand, as a client of the revision 2026-07-28 does, and with the official client.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Answer, HttpClient } from './http_client.ts';

const revision = '2026-07-28';

interface Options {
  readonly key: string;
  readonly headers?: Record<string, string>;
  readonly capabilities?: Record<string, unknown>;
}

let sent = 0;

/** One request of JSON-RPC. */
export function rpc(
  gateway: HttpClient,
  method: string,
  params: Record<string, unknown>,
  { key, headers = {}, capabilities = {} }: Options,
): Promise<Answer> {
  sent += 1;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const named: Record<string, string> = typeof params['name'] === 'string' ? { 'Mcp-Name': params['name'] } : {};
  const sentHeaders = {
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': revision,
    'Mcp-Method': method,
    ...named,
    ...headers,
  };
  return gateway.post('/mcp', { jsonrpc: '2.0', id: sent, method, params: { ...params, _meta } }, { key, headers: sentHeaders });
}

/** A tool's result: its data, or the error that it explains. `bytes`: the size of the whole answer. */
export async function callTool(gateway: HttpClient, name: string, args: Record<string, unknown>, options: Options) {
  const answer = await rpc(gateway, 'tools/call', { name, arguments: args }, options);
  const { result } = answer.json;
  if (result === undefined) throw new Error(`${name}: ${answer.status} ${answer.text.slice(0, 500)}`);
  const data = result.structuredContent ?? JSON.parse(result.content?.[0]?.text ?? 'null');
  return { data, isError: result.isError === true, bytes: Buffer.byteLength(answer.text), answer, result };
}

/** The official client. @param era the handshake it begins with */
export async function connectClient(url: string, key: string, era: 'legacy' | 'modern', capabilities = {}): Promise<Client> {
  const versionNegotiation = era === 'modern' ? { mode: { pin: revision } as const } : { mode: 'legacy' as const };
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  });
  await client.connect(transport);
  return client;
}
