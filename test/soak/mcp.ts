// Other people's clients of the Model Context Protocol against /mcp of two sidecars behind one address.
//
//   npm run soak -- mcp [--only inspector]        installs the clients first; needs the npm registry and the Python package index

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs, promisify } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { npmTools } from '../../scripts/test/npm_tools.mjs';
import { pythonEnvironment } from '../../scripts/test/python_tools.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { balance } from '../helpers/mcp_conformance.ts';
import { until } from '../helpers/wait.ts';

const execute = promisify(execFile);
const limitMs = 120_000;
const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const figures: Record<string, number> = {};
let failed = 0;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const second = await gateway.startSidecar();
await gateway.sql("update gateway.setting set value = 'true' where name = 'agent.enabled'");
const balancer = await balance([gateway.url, second.url]);
const npm = join(await npmTools('mcp'), 'node_modules/@modelcontextprotocol');
const python = join(await pythonEnvironment('mcp'), 'python');
const programs = join(import.meta.dirname, '../../scripts/test/mcp_tools');

try {
  const key = gateway.keys.admin;
  await until('agents are on', async () => {
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const answers = [gateway, second].map((one) => one.request('POST', '/mcp', { key, headers, body: ping }));
    return (await Promise.all(answers)).every(({ status }) => status === 200);
  });
  await pythonClients();
  await inspector();
  await remote();
} finally {
  await balancer.close();
  await gateway.close();
}
report('mcp', { ...figures, failed }, {});
process.exitCode = failed === 0 ? 0 : 1;

async function check(name: string, act: () => Promise<boolean | string>): Promise<void> {
  if (!name.includes(options.only)) return;
  const startedAt = performance.now();
  const outcome = await act().catch((error: { stdout?: string; message: string }) => `${error.stdout ?? ''}${error.message}`);
  const isGood = outcome === true;
  if (!isGood) failed += 1;
  figures[`${name}_s`] = (performance.now() - startedAt) / 1_000;
  say(`  ${isGood ? '✓' : '✗'} ${name}${isGood ? '' : `: ${faultsIn(String(outcome))}`}`);
}

/** The failed checks in the suite's report; the end of any other output. */
function faultsIn(output: string): string {
  const faults = output.split('\n').filter((line) => /FAILURE|^\s+Error:/.test(line));
  return faults.length > 0 ? faults.join('\n') : output.slice(-2_000);
}

async function pythonClients(): Promise<void> {
  for (const name of ['official', 'fastmcp']) {
    await check(`Python ${name}`, async () => {
      const env = { ...process.env, GATEWAY: balancer.url, KEY: gateway.keys.admin };
      const { stdout } = await execute(python, [join(programs, 'client.py'), name], { env, timeout: limitMs });
      const { tools, ...did } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
      const expected = {
        found: 2,
        described: true,
        groups: true,
        shown: 'confirmation_required',
        done: 'done',
        refused: 'odoo.exposure',
      };
      return (Number(tools) > 10 && isDeepStrictEqual(did, expected)) || stdout;
    });
  }
}

/** What the other clients do: a name, a tool with its arguments, and what its answer has. */
const steps: [string, Record<string, unknown>, RegExp][] = [
  ['find_models', { query: 'contact' }, /res\.partner/],
  ['search_records', { model: 'res.partner', limit: 2 }, /records/],
  ['describe_model', { model: 'sale.order' }, /partner_id/],
  ['aggregate', { model: 'res.partner', group_by: ['country_id'] }, /count/],
  ['search_records', { model: 'ir.cron' }, /odoo\.exposure/],
];
const created = (name: string) => ({ model: 'res.partner', values: { name } });

async function inspector(): Promise<void> {
  const cli = join(npm, 'inspector/clients/launcher/build/index.js');
  const header = `Authorization: Bearer ${gateway.keys.admin}`;
  const address = [cli, '--cli', `${balancer.url}/mcp`, '--transport', 'http', '--header', header];
  const run = async (...args: string[]): Promise<string> => {
    const ended = await execute(nodeBin(), [...address, ...args], { timeout: limitMs }).catch((error) => error);
    return `${ended.stdout}${ended.stderr}`;
  };
  const use = (tool: string, args: Record<string, unknown>) => {
    const given = Object.entries(args).flatMap(([name, value]) => {
      return ['--tool-arg', `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`];
    });
    return run('--method', 'tools/call', '--tool-name', tool, ...given);
  };
  await check('inspector', async () => {
    const listed = await run('--method', 'tools/list');
    if (!listed.includes('explain_access')) return listed;
    for (const [tool, args, expected] of steps) {
      const answer = await use(tool, args);
      if (!expected.test(answer)) return `${tool}: ${answer}`;
    }
    const shown = await use('create_record', created('Inspector'));
    const confirm = /"confirm": "([^"]+)"/.exec(shown)?.[1];
    if (confirm === undefined) return shown;
    const done = await use('create_record', { ...created('Inspector'), confirm });
    return done.includes('"done"') || done;
  });
}

/** A client that only starts programs: the official one over the pipes of mcp-remote. */
async function remote(): Promise<void> {
  const { Client } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  await check('mcp-remote', async () => {
    const args = [
      join(npm, '../mcp-remote/dist/proxy.js'),
      `${balancer.url}/mcp`,
      '--allow-http',
      '--header',
      'Authorization:$' + '{AUTH}',
    ];
    const env = { ...(process.env as Record<string, string>), AUTH: `Bearer ${gateway.keys.admin}` };
    const client = new Client({ name: 'soak', version: '1' });
    await client.connect(new StdioClientTransport({ command: nodeBin(), args, env }));
    const use = async (name: string, given: Record<string, unknown>) =>
      JSON.stringify(await client.callTool({ name, arguments: given }));
    try {
      for (const [tool, given, expected] of steps) {
        const answer = await use(tool, given);
        if (!expected.test(answer)) return `${tool}: ${answer}`;
      }
      const shown = await client.callTool({ name: 'create_record', arguments: created('Remote') });
      const confirm = (shown.structuredContent as { confirm?: string } | undefined)?.confirm;
      const done = await use('create_record', { ...created('Remote'), confirm });
      return done.includes('"done"') || done;
    } finally {
      await client.close();
    }
  });
}
