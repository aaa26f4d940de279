// How each client is configured: a file with its content, or a command.

export interface Example {
  /** The gateway's address, without a slash at its end. */
  url: string;
  /** A secret, or its placeholder. */
  key: string;
}

export type ClientName = 'claude_code' | 'claude_desktop' | 'cursor' | 'vscode' | 'codex' | 'other';

interface ClientGuide {
  client: ClientName;
  name: string;
  /** The file for the text; empty for a shell. */
  file: string;
  text: (example: Example) => string;
}

const server = 'odoo';
const json = (value: unknown) => JSON.stringify(value, null, 2);
const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const endpoint = ({ url }: Example) => `${url}/mcp`;
const bearer = ({ key }: Example) => `Bearer ${key}`;

export const clientGuides: readonly ClientGuide[] = [
  {
    client: 'claude_code',
    name: 'Claude Code',
    file: '',
    text: (example) =>
      `claude mcp add --transport http ${server} ${shellQuoted(endpoint(example))} \\\n  --header ${shellQuoted(`Authorization: ${bearer(example)}`)}`,
  },
  {
    client: 'claude_desktop',
    name: 'Claude Desktop',
    file: 'claude_desktop_config.json',
    text: (example) => {
      // The client can only start local programs; this one passes everything on. The key is in its environment, which process
      // lists do not show.
      const args = ['-y', 'mcp-remote', endpoint(example), '--header', `Authorization:\${AUTH}`]; // it cannot handle spaces here
      return json({ mcpServers: { [server]: { command: 'npx', args, env: { AUTH: bearer(example) } } } });
    },
  },
  {
    client: 'cursor',
    name: 'Cursor',
    file: '.cursor/mcp.json',
    text: (example) =>
      json({ mcpServers: { [server]: { url: endpoint(example), headers: { Authorization: bearer(example) } } } }),
  },
  {
    client: 'vscode',
    name: 'VS Code',
    file: '.vscode/mcp.json',
    text: (example) =>
      json({ servers: { [server]: { type: 'http', url: endpoint(example), headers: { Authorization: bearer(example) } } } }),
  },
  {
    client: 'codex',
    name: 'Codex',
    file: '~/.codex/config.toml',
    text: (example) =>
      `[mcp_servers.${server}]\nurl = ${JSON.stringify(endpoint(example))}\nhttp_headers = { Authorization = ${JSON.stringify(bearer(example))} }`,
  },
  {
    client: 'other',
    name: 'Other',
    file: 'mcp.json',
    text: (example) => json({ type: 'streamable-http', url: endpoint(example), headers: { Authorization: bearer(example) } }),
  },
];
