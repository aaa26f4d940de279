// Third-party clients of the Model Context Protocol. Each client lists tools, searches, describes, aggregates, creates after
// a confirmation, and has a write refused. A client that signs in must also ask for more scopes and renew its token.

import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { freePort } from '../../scripts/stack/ports.mjs';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { npmTools } from '../../scripts/test/npm_tools.mjs';
import { pythonEnvironment } from '../../scripts/test/python_tools.mjs';

const execute = promisify(execFile);
const limitMs = 240_000;
const programs = join(import.meta.dirname, '../../scripts/test/mcp_tools');

/** A client's credential: a key, or an app that must ask its user. */
export type Access =
  | { readonly key: string }
  | { readonly clientId: string; readonly env: Record<string, string>; readonly expiredAfterMs: number };

/**
 * What a client does with /mcp at `url`. `name` is the name of the partner that it creates.
 * @returns true, or a description of what went wrong
 */
export type PublicClient = (url: string, access: Access, name: string) => Promise<true | string>;

export const publicClients: Readonly<Record<string, PublicClient>> = {
  'python mcp': (...given) => pythonClient('official', ...given),
  fastmcp: (...given) => pythonClient('fastmcp', ...given),
  inspector,
  'mcp-remote': remote,
};

const environment = () => process.env as Record<string, string>;

async function pythonClient(program: string, url: string, access: Access, name: string): Promise<true | string> {
  const given =
    'key' in access
      ? { KEY: access.key }
      : { ...access.env, CLIENT_ID: access.clientId, EXPIRED_AFTER_S: String(access.expiredAfterMs / 1_000) };
  const python = join(await pythonEnvironment('mcp'), 'python');
  const env = { ...environment(), GATEWAY: url, NAME: name, ...given };
  const { stdout } = await execute(python, [join(programs, 'client.py'), program], { env, timeout: limitMs });
  const { tools, ...did } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
  const expected = {
    found: 2,
    described: true,
    groups: true,
    shown: 'confirmation_required',
    done: 'done',
    refused: ['odoo.exposure', 'odoo.exposure'],
    later: 1,
  };
  return (Number(tools) > 10 && isDeepStrictEqual(did, expected)) || stdout;
}

/**
 * The command line of the inspector, which starts a process for each call. It calls only tools that are listed, and a token
 * that may only read gets no tools that write. So it asks for reading and writing one model at first, and for more when it
 * describes another model.
 */
async function inspector(url: string, access: Access, name: string): Promise<true | string> {
  const cli = join(await npmTools('mcp'), 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'inspector-'));
  const config = join(folder, 'config.json');
  const scopes = 'res.partner:read res.partner:write';
  const identity =
    'key' in access ? { headers: { Authorization: `Bearer ${access.key}` } } : { oauth: { clientId: access.clientId, scopes } };
  const mcpServers = { odoo: { type: 'streamable-http', url: `${url}/mcp`, ...identity } };
  writeFileSync(config, JSON.stringify({ mcpServers }));
  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;
  const asking = 'key' in access ? {} : { ...access.env, MCP_AUTO_OPEN_ENABLED: 'true', MCP_OAUTH_CALLBACK_URL: callback };
  const env = { ...environment(), MCP_STORAGE_DIR: folder, MCP_INSPECTOR_SECRET_STORE: 'file', ...asking };
  const run = async (...args: string[]): Promise<string> => {
    const all = [cli, '--cli', '--config', config, '--server', 'odoo', ...args];
    const running = execute(nodeBin(), all, { env, timeout: limitMs });
    running.child.stdin?.end('y\n'); // whether to ask for more scopes
    const ended = await running.catch((error) => error);
    return `${ended.stdout}${ended.stderr}`;
  };
  const listed = await run('--method', 'tools/list');
  if (!listed.includes('explain_access')) return listed;
  return journey(access, name, (tool, args) => {
    return run('--method', 'tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args));
  });
}

/** A client that can only start programs: the official one over the pipes of mcp-remote. */
async function remote(url: string, access: Access, name: string): Promise<true | string> {
  const program = join(await npmTools('mcp'), 'node_modules/mcp-remote/dist/proxy.js');
  const args = [program, `${url}/mcp`, '--allow-http'];
  const env: Record<string, string> = { ...environment(), MCP_REMOTE_CONFIG_DIR: mkdtempSync(join(tmpdir(), 'mcp-remote-')) };
  if ('key' in access) {
    args.push('--header', 'Authorization:$' + '{AUTH}');
    env['AUTH'] = `Bearer ${access.key}`;
  } else {
    Object.assign(env, access.env);
  }
  const client = new Client({ name: 'soak', version: '1' });
  await client.connect(new StdioClientTransport({ command: nodeBin(), args, env, stderr: 'ignore' }), { timeout: limitMs });
  try {
    const { tools } = await client.listTools();
    if (tools.length <= 10) return JSON.stringify(tools);
    return await journey(access, name, async (tool, given) =>
      JSON.stringify(await client.callTool({ name: tool, arguments: given }, { timeout: limitMs })),
    );
  } finally {
    await client.close();
  }
}

type Use = (tool: string, args: Record<string, unknown>) => Promise<string>;

const reads: [string, Record<string, unknown>, RegExp][] = [
  ['find_models', { query: 'contact' }, /res\.partner/],
  ['search_records', { model: 'res.partner', limit: 2 }, /records/],
  ['describe_model', { model: 'sale.order' }, /partner_id/],
  ['aggregate', { model: 'res.partner', group_by: ['country_id'] }, /count/],
];

async function journey(access: Access, name: string, use: Use): Promise<true | string> {
  for (const [tool, args, expected] of reads) {
    const answer = await use(tool, args);
    if (!expected.test(answer)) return `${tool}: ${answer}`;
  }
  const created = { model: 'res.partner', values: { name } };
  const shown = await use('create_record', created);
  const confirm = /"confirm": ?"([^"\\]+)"/.exec(shown)?.[1];
  if (confirm === undefined) return shown;
  const done = await use('create_record', { ...created, confirm });
  if (!/"status": ?"done"/.test(done)) return done;
  const unwritten = await use('update_records', { model: 'ir.cron', ids: [1], values: { active: false } });
  if (!unwritten.includes('odoo.exposure')) return unwritten;
  if (!('key' in access)) await delay(access.expiredAfterMs);
  const later = await use('search_records', { model: 'res.partner', domain: [['name', '=', name]] });
  return later.includes(name) || later;
}
