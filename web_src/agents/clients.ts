// How each client is configured: a file with its content, or a command.

/** How the agent authenticates: with a secret, or by letting a user sign in. */
export type Way =
  | {
      /** A secret, or its placeholder. */
      key: string;
    }
  | {
      /** For a user who signs in: the id of an app that a manager has registered. Null: the program has its own id. */
      clientId: string | null;
    };

export type Example = Way & {
  /** The gateway's address, without a trailing slash. */
  url: string;
};

export type ClientName = 'claude_code' | 'claude_desktop' | 'cursor' | 'vscode' | 'codex' | 'other';

interface ClientGuide {
  client: ClientName;
  name: string;
  /** The file that the text belongs in; empty for a command in a shell. */
  file: string;
  text: (example: Example) => string;
}

const server = 'odoo';
const json = (value: unknown) => JSON.stringify(value, null, 2);
const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const endpoint = ({ url }: Example) => `${url}/mcp`;
/** The part of a configuration that contains the key, if there is a key. */
const ofKey = <T>(example: Example, made: (bearer: string) => T): T | undefined =>
  'key' in example ? made(`Bearer ${example.key}`) : undefined;
const ofClient = <T>(example: Example, made: (clientId: string) => T): T | undefined =>
  'clientId' in example && example.clientId !== null ? made(example.clientId) : undefined;
const headers = (example: Example) => ofKey(example, (bearer) => ({ Authorization: bearer }));

export const clientGuides: readonly ClientGuide[] = [
  {
    client: 'claude_code',
    name: 'Claude Code',
    file: '',
    text: (example) => {
      const more =
        ofKey(example, (bearer) => ` \\\n  --header ${shellQuoted(`Authorization: ${bearer}`)}`) ??
        ofClient(example, (id) => ` \\\n  --client-id ${shellQuoted(id)} --callback-port 8080`);
      const added = `claude mcp add --transport http ${server} ${shellQuoted(endpoint(example))}${more ?? ''}`;
      return 'key' in example ? added : `${added}\nclaude mcp login ${server}`;
    },
  },
  {
    client: 'claude_desktop',
    name: 'Claude Desktop',
    file: 'claude_desktop_config.json',
    text: (example) => {
      // The client can only start local programs. The one below passes everything on to the gateway. The key is in its
      // environment, which process lists do not show.
      const more =
        ofKey(example, () => ['--header', `Authorization:\${AUTH}`]) ?? // it cannot handle spaces here
        ofClient(example, (id) => ['--static-oauth-client-info', JSON.stringify({ client_id: id })]);
      const env = ofKey(example, (bearer) => ({ AUTH: bearer }));
      const args = ['-y', 'mcp-remote', endpoint(example), ...(more ?? [])];
      return json({ mcpServers: { [server]: { command: 'npx', args, env } } });
    },
  },
  {
    client: 'cursor',
    name: 'Cursor',
    file: '.cursor/mcp.json',
    text: (example) => {
      const auth = ofClient(example, (id) => ({ CLIENT_ID: id }));
      return json({ mcpServers: { [server]: { url: endpoint(example), headers: headers(example), auth } } });
    },
  },
  {
    client: 'vscode',
    name: 'VS Code',
    file: '.vscode/mcp.json',
    text: (example) => json({ servers: { [server]: { type: 'http', url: endpoint(example), headers: headers(example) } } }),
  },
  {
    client: 'codex',
    name: 'Codex',
    file: '~/.codex/config.toml',
    text: (example) => {
      const more = ofKey(example, (bearer) => `\nhttp_headers = { Authorization = ${JSON.stringify(bearer)} }`) ?? '';
      return `[mcp_servers.${server}]\nurl = ${JSON.stringify(endpoint(example))}${more}`;
    },
  },
  {
    client: 'other',
    name: 'Other',
    file: 'mcp.json',
    text: (example) => json({ type: 'streamable-http', url: endpoint(example), headers: headers(example) }),
  },
];
