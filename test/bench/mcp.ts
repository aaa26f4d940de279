// Searching 10 partners: through /mcp (search_records), by REST, and through another open-source MCP server (mcp-server-odoo)
// on the same Odoo.
//
//   npm run bench -- mcp [--rounds 3] [--seconds 3]

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../scripts/stack/ports.mjs';
import { pythonEnvironment } from '../../scripts/test/python_tools.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { HttpClient } from '../helpers/http_client.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { until } from '../helpers/wait.ts';
import { compare, figuresOf, load, report, roundsAndSeconds } from './harness.ts';

const fields = ['name', 'email', 'phone', 'city', 'country_id'];
const { rounds, seconds } = roundsAndSeconds(3, 3);
const json = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** The headers of the newest revision, whose requests need no session. */
const ofRevision = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'search_records' };

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
let other: ChildProcess | undefined;
try {
  const bearer = { Authorization: `Bearer ${gateway.keys.bench}` };
  await gateway.sql("update gateway.setting set value = 'true' where name = 'agent.enabled'");
  const ours = {
    method: 'POST',
    headers: { ...json, ...bearer, ...ofRevision },
    body: message('search_records', { limit: 10, fields }),
  };
  await until('agents are on', async () => (await fetch(`${gateway.url}/mcp`, ours)).status === 200);
  const theirs = await startOther(gateway);
  other = theirs.server;
  const rest = `${gateway.url}/api/v1/res.partner?fields=${fields}&limit=10`;
  const measured = await compare(
    { rounds },
    {
      rest: () => load(rest, { connections: 8, seconds, headers: bearer }),
      mcp: () => load(`${gateway.url}/mcp`, { connections: 8, seconds, ...ours }),
      mcp_server_odoo: () => load(theirs.url, { connections: 8, seconds, ...theirs.request }),
    },
  );
  report('mcp', figuresOf(measured), {
    mcp_vs_rest: measured.mcp.rps / measured.rest.rps,
    mcp_vs_mcp_server_odoo: measured.mcp.rps / measured.mcp_server_odoo.rps,
  });
} finally {
  other?.kill();
  await gateway.close();
}

function message(name: string, args: Record<string, unknown>): string {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const params = { name, arguments: { model: 'res.partner', ...args }, _meta };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

/** Starts mcp-server-odoo in its read-only mode for a plain Odoo, which does not have its addon. */
async function startOther({ odoo, database, keys }: Instance) {
  const port = await freePort();
  const program = join(await pythonEnvironment('mcp_server'), 'mcp-server-odoo');
  const env = {
    ...process.env,
    ODOO_URL: odoo.url,
    ODOO_DB: database,
    ODOO_API_KEY: keys.bench,
    ODOO_USER: 'bench_api',
    ODOO_YOLO: 'read',
  };
  const args = ['--transport', 'streamable-http', '--host', '127.0.0.1', '--port', String(port)];
  const server = spawn(program, args, { env: { ...env, ODOO_MCP_LOG_LEVEL: 'WARNING' }, stdio: 'ignore' });
  const client = new HttpClient(`http://127.0.0.1:${port}`);
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  const initialize = { jsonrpc: '2.0', id: 0, method: 'initialize', params: hello };
  let session = '';
  await until(
    'mcp-server-odoo is up',
    async () => {
      const answer = await client.post('/mcp', initialize, { headers: json }).catch(() => undefined);
      session = answer?.headers.get('mcp-session-id') ?? '';
      return session !== '';
    },
    30_000,
  );
  const headers = { ...json, 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-06-18' };
  await client.post('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' }, { headers });
  const params = { name: 'search_records', arguments: { model: 'res.partner', limit: 10, fields } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const first = await client.request('POST', '/mcp', { headers, body });
  if (first.status !== 200 || first.text.includes('"isError":true'))
    throw new Error(`mcp-server-odoo: ${first.text.slice(0, 500)}`);
  return { server, url: `${client.url}/mcp`, request: { method: 'POST', headers, body } };
}
