// Calls /mcp with plain requests, as a client of the revision 2026-07-28 does, and with the official client.

import type { OAuthClientProvider, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
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

const beginning = { legacy: { mode: 'legacy' }, modern: { mode: { pin: revision } } } as const;

/** The handshake with which the official client begins. */
type Era = keyof typeof beginning;

/** The official client. */
export async function connectClient(url: string, key: string, era: Era, capabilities = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: beginning[era] });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  });
  await client.connect(transport);
  return client;
}

/**
 * The official client, which gets tokens automatically: at the start, when one has expired, and with more scopes when it needs
 * them.
 */
export class OAuthClient {
  /** The URLs with which the client asked the user to allow something, one for each time. */
  readonly asked: URL[] = [];
  tokens: StoredOAuthTokens | undefined;
  readonly #url: URL;
  readonly #provider: OAuthClientProvider;
  readonly #consents: (asked: URL) => Promise<URL>;
  #transport: StreamableHTTPClientTransport;
  readonly #client: Client;

  /** @param consents takes the URL that a browser would open, and returns the one to which the browser is redirected */
  constructor(
    { url, clientId, redirectUrl, era }: { url: string; clientId: string; redirectUrl: string; era: Era },
    consents: (asked: URL) => Promise<URL>,
  ) {
    this.#url = new URL(`${url}/mcp`);
    this.#client = new Client({ name: 'test', version: '1' }, { versionNegotiation: beginning[era] });
    this.#consents = consents;
    let verifier = '';
    this.#provider = {
      redirectUrl,
      clientMetadata: { client_name: 'test', redirect_uris: [redirectUrl], scope: 'read' },
      clientInformation: () => ({ client_id: clientId }),
      tokens: () => this.tokens,
      saveTokens: (tokens) => {
        this.tokens = tokens;
      },
      redirectToAuthorization: (asked) => {
        this.asked.push(asked);
      },
      saveCodeVerifier: (made) => {
        verifier = made;
      },
      codeVerifier: () => verifier,
    };
    this.#transport = this.#newTransport();
  }

  /** Calls a tool, and asks the user first if the client considers it necessary. */
  async call(name: string, args: Record<string, unknown>) {
    try {
      return await this.#call(name, args);
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      const back = await this.#consents(this.asked.at(-1) as URL);
      await this.#transport.finishAuth(back.searchParams);
      return this.#call(name, args);
    }
  }

  async #call(name: string, args: Record<string, unknown>) {
    if (this.#client.transport === undefined) {
      this.#transport = this.#newTransport();
      await this.#client.connect(this.#transport);
    }
    return this.#client.callTool({ name, arguments: args });
  }

  #newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(this.#url, { authProvider: this.#provider });
  }
}
