// The conformance suite of the Model Context Protocol, and a proxy that sends its requests to the sidecars, because the suite
// cannot send a key.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { npmTools } from '../../scripts/test/npm_tools.mjs';

const execute = promisify(execFile);
const limitMs = 120_000;

/** The environment of the tested sidecars: it mounts the tools, prompts and resources that the suite calls by name. */
export const conformanceEnv = { GATEWAY_MCP_FIXTURES: join(import.meta.dirname, '../fixtures/mcp_conformance.ts') };

/**
 * The required scenarios of each revision that fail, because they need a session. In most of them, the server asks the client
 * during a call and gets the answer in another request. The gateway has no sessions: any sidecar answers any request. The
 * newest revision has no sessions either; it uses `input_required` instead.
 */
export const expectedFailures: Readonly<Record<string, readonly string[]>> = {
  '2026-07-28': [],
  '2025-11-25': [
    'tools-call-sampling',
    'tools-call-elicitation',
    'elicitation-sep1034-defaults',
    'elicitation-sep1330-enums',
    'server-sse-multiple-streams',
  ],
};

const suite = async () => join(await npmTools('conformance'), 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

/**
 * Runs all server scenarios that a revision requires.
 * @returns its report; `unexpected` lists scenarios that failed unexpectedly, or passed although they were expected to fail
 */
export async function conformance(
  url: string,
  revision: string,
): Promise<{ passed: number; unexpected: string[]; report: string }> {
  const baseline = join(mkdtempSync(join(tmpdir(), 'conformance-')), 'expected.yml');
  writeFileSync(baseline, JSON.stringify({ server: expectedFailures[revision] }));
  const args = ['server', '--url', `${url}/mcp`, '--requirements', revision, '--expected-failures', baseline];
  // The suite exits with 1 if something failed unexpectedly, and reports it.
  const { stdout } = await execute(nodeBin(), [await suite(), ...args], { timeout: limitMs }).catch((error) => error);
  const report = String(stdout);
  const passed = Number(/Total: (\d+) passed/.exec(report)?.[1] ?? 0);
  const expected = report.indexOf('Expected failures (in baseline)');
  const verdict = expected === -1 ? report.slice(report.indexOf('Total: ')) : report.slice(expected);
  return { passed, unexpected: [...verdict.matchAll(/^\s+[✗!] (\S+)/gm)].map(([, name = '']) => name), report };
}

/**
 * Runs the suite for authorization servers.
 * @param port of its own callback, http://127.0.0.1:port/callback
 * @param consents takes the URL that the suite asks a browser to open, and returns the one to which the browser is redirected
 * @returns the checks that did not pass, or the whole output if it ended without a summary
 */
export async function authorizationConformance(
  url: string,
  clientId: string,
  port: number,
  consents: (asked: string) => Promise<URL>,
): Promise<string[]> {
  const args = ['authorization', '--url', url, '--client-id', clientId, '--port', String(port)];
  const running = spawn(nodeBin(), [await suite(), ...args], { stdio: ['ignore', 'pipe', 'inherit'], timeout: limitMs });
  let output = '';
  for await (const chunk of running.stdout) {
    output += chunk;
    const [asked] = /http\S+code_challenge_method=S256\S*/.exec(String(chunk)) ?? [];
    if (asked !== undefined) await fetch(await consents(asked));
  }
  if (!output.includes('Total: ')) return [output];
  return output.split('\n').filter((line) => /FAILURE|WARNING|[1-9]\d* failed/.test(line));
}

/** Sends each request to the next of several sidecars, with a key if one is given. */
export async function balance(urls: readonly string[], key?: string): Promise<{ url: string; close: () => Promise<void> }> {
  let turn = 0;
  const server = createServer((incoming, answer) => {
    turn += 1;
    const target = new URL(incoming.url ?? '/', urls[turn % urls.length]);
    const headers = { ...incoming.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
    const passed = request(target, { method: incoming.method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
